// A file or folder of a kernel as a tar archive, in the pax format: any name, size
// and time.  Hard links come as links to the first of their names.

const BLOCK = 512;
const FIELD_MAX = 0o7777777; // what numbers of 7 octal digits hold
const SIZE_MAX = 0o77777777777; // and those of 11

const encoder = new TextEncoder();

function octal(number, digits) {
	return number.toString(8).padStart(digits, "0") + "\0";
}

// Bytes of a name, which is a string or bytes already.
function bytesOf(name) {
	return typeof name === "string" ? encoder.encode(name) : name;
}

function header({ name, mode, uid, gid, size, mtime, type, link, major, minor }) {
	const block = new Uint8Array(BLOCK);
	const put = (text, at, room) => block.set(bytesOf(text).subarray(0, room), at);

	put(name, 0, 100);
	put(octal(mode & 0o7777, 7), 100, 8);
	put(octal(Math.min(uid, FIELD_MAX), 7), 108, 8);
	put(octal(Math.min(gid, FIELD_MAX), 7), 116, 8);
	put(octal(Math.min(size, SIZE_MAX), 11), 124, 12);
	put(octal(Math.min(Math.max(0, Math.floor(mtime)), SIZE_MAX), 11), 136, 12);
	put("        ", 148, 8);
	put(type, 156, 1);
	put(link, 157, 100);
	put("ustar\x0000", 257, 8);
	put(octal(Math.min(major, FIELD_MAX), 7), 329, 8);
	put(octal(Math.min(minor, FIELD_MAX), 7), 337, 8);
	put(octal(block.reduce((sum, byte) => sum + byte), 6) + " ", 148, 8);
	return block;
}

// "LENGTH key=value\n", where LENGTH counts itself.
function record(key, value) {
	const rest = [encoder.encode(` ${key}=`), bytesOf(value), encoder.encode("\n")];
	const size = rest.reduce((sum, part) => sum + part.length, 0);
	let length = size + 1;

	while (size + String(length).length !== length)
		length = size + String(length).length;
	return [encoder.encode(String(length)), ...rest];
}

function joined(parts) {
	const result = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
	let at = 0;

	for (const part of parts) {
		result.set(part, at);
		at += part.length;
	}
	return result;
}

function padding(size) {
	return new Uint8Array((BLOCK - size % BLOCK) % BLOCK);
}

// The blocks before a member's content.
function headersOf(member) {
	const records = [record("mtime", String(member.mtime))];

	if (bytesOf(member.name).length > 100)
		records.push(record("path", member.name));
	if (bytesOf(member.link).length > 100)
		records.push(record("linkpath", member.link));
	for (const key of ["uid", "gid"]) {
		if (member[key] > FIELD_MAX)
			records.push(record(key, String(member[key])));
	}
	if (member.size > SIZE_MAX)
		records.push(record("size", String(member.size)));
	const content = joined(records.flat());
	const extended = { ...member, name: "pax", type: "x", link: "", size: content.length };
	return [header(extended), content, padding(content.length), header(member)];
}

const TYPES = [
	["isFile", "0"], ["isSymbolicLink", "2"], ["isCharacterDevice", "3"],
	["isBlockDevice", "4"], ["isDirectory", "5"], ["isFIFO", "6"],
];

async function memberOf(fs, path, name, seen) {
	const status = await fs.lstat(path);
	const found = TYPES.find(([is]) => status[is]());

	if (found === undefined)
		return undefined; // a socket, which no archive holds
	const member = {
		name, mode: status.mode, uid: status.uid, gid: status.gid, size: 0,
		mtime: status.mtimeMs / 1000, type: found[1], link: "",
		major: status.rdevMajor, minor: status.rdevMinor,
	};
	const first = seen.get(status.ino);
	if (!status.isDirectory() && status.nlink > 1 && first !== undefined)
		return { ...member, type: "1", link: first };
	seen.set(status.ino, name);
	if (status.isSymbolicLink())
		member.link = await fs.readlink(path, "buffer");
	if (status.isDirectory())
		member.name = joined([bytesOf(name), encoder.encode("/")]);
	if (status.isFile())
		member.size = status.size;
	return member;
}

async function* chunks(fs, top, topName) {
	const waiting = [{ path: bytesOf(top), name: bytesOf(topName) }];
	const seen = new Map(); // ino -> the first name
	const slash = encoder.encode("/");

	while (waiting.length > 0) {
		const { path, name } = waiting.pop();
		const member = await memberOf(fs, path, name, seen);

		if (member === undefined)
			continue;
		yield* headersOf(member);
		if (member.type === "0") {
			yield* fs.readable(path, { end: member.size });
			yield padding(member.size);
		}
		if (member.type !== "5")
			continue;
		for (const entry of (await fs.readdir(path, "buffer")).reverse())
			waiting.push({ path: joined([path, slash, entry]),
				name: joined([name, slash, entry]) });
	}
	yield new Uint8Array(2 * BLOCK);
}

// A ReadableStream of the archive of path, which is called name in it.
export function tarStream(fs, path, name) {
	const steps = chunks(fs, path, name);

	return new ReadableStream({
		async pull(controller) {
			const { done, value } = await steps.next();

			if (done)
				controller.close();
			else if (value.length > 0)
				controller.enqueue(value);
			else
				await this.pull(controller);
		},
		cancel: () => steps.return(),
	}, { highWaterMark: 0 });
}

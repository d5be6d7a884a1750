// The files of a kernel, in the manner of Node's fs: fooSync() returns or throws,
// foo() is the same as a promise.
//
// A path is a string, in UTF-8, or a Uint8Array for names that are not.  A name
// that is no UTF-8 comes back with U+FFFD in it, or whole with encoding "buffer".

import { argumentError, KernelError } from "./errors.js";

const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;
const AT_REMOVEDIR = 0x200;
const AT_EMPTY_PATH = 0x1000;
const O_DIRECTORY = 0o200000;
const STATX_BTIME = 0x800;
const STATX_ALL = 0x7ff | STATX_BTIME; // the basic fields and the time of birth
const STATX_SIZE = 256;

const READ_SIZE = 112 * 1024; // one call's worth, inside the room for arguments
const ENTRIES_SIZE = 32 * 1024;
const LINK_SIZE = 4096;
const READ_MAX = 2 ** 31; // more than an ArrayBuffer can be counted on to hold
const YIELD_SIZE = 8 * 1024 * 1024; // bytes after which a promise lets others run

const TYPES = {
	FIFO: 0o010000, CharacterDevice: 0o020000, Directory: 0o040000, BlockDevice: 0o060000,
	File: 0o100000, SymbolicLink: 0o120000, Socket: 0o140000,
};
const TYPE_MASK = 0o170000;

const FLAGS = {
	r: 0, "r+": 2, w: 0o1101, wx: 0o1301, "w+": 0o1102, "wx+": 0o1302,
	a: 0o2101, ax: 0o2301, "a+": 0o2102, "ax+": 0o2302,
};

const decoder = new TextDecoder();
const strictDecoder = new TextDecoder("utf-8", { fatal: true });
const byteDecoder = new TextDecoder("latin1"); // a character of each byte
const encoder = new TextEncoder();

function decode(bytes, encoding) {
	if (encoding === "buffer")
		return bytes.slice();
	if (encoding === undefined || encoding === null || /^utf-?8$/i.test(encoding))
		return decoder.decode(bytes);
	throw argumentError(`encoding '${encoding}' is not known; utf8 and buffer are`);
}

function optionsOf(options) {
	return typeof options === "string" ? { encoding: options } : options ?? {};
}

function isText(bytes) {
	try {
		strictDecoder.decode(bytes);
		return true;
	} catch {
		return false;
	}
}

// The path of what is called name in path.
export function join(path, name) {
	if (typeof path === "string" && typeof name === "string")
		return path.endsWith("/") ? path + name : path + "/" + name;
	const bytes = [path, "/", name].map((part) =>
		typeof part === "string" ? encoder.encode(part) : part);
	const joined = new Uint8Array(bytes.reduce((sum, part) => sum + part.length, 0));
	let at = 0;
	for (const part of bytes) {
		joined.set(part, at);
		at += part.length;
	}
	return joined;
}

// ---- what calls return ------------------------------------------------------------------

// isFile() and the like, from a mode.
class Typed {
	#type;

	constructor(mode) {
		this.#type = mode & TYPE_MASK;
	}

	_is(type) {
		return this.#type === type;
	}

	// As in directory entries.
	_type() {
		return this.#type >> 12;
	}
}
for (const [name, type] of Object.entries(TYPES)) {
	Object.defineProperty(Typed.prototype, "is" + name, {
		value() {
			return this._is(type);
		},
	});
}

export class Dirent extends Typed {
	// type: as in directory entries, the mode's upper bits
	constructor(name, parentPath, type, ino) {
		super(type << 12);
		this.name = name;
		this.parentPath = parentPath;
		this.ino = ino;
	}
}

// Calls visit(name, type, ino) for each of getdents64()'s entries but . and ..
function eachEntry(bytes, visit) {
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);

	for (let at = 0; at < bytes.length; at += view.getUint16(at + 16, true)) {
		const start = at + 19;
		const name = bytes.subarray(start, bytes.indexOf(0, start));
		const isDots = name[0] === 46 && (name.length === 1 ||
			(name.length === 2 && name[1] === 46));

		if (!isDots)
			visit(name, bytes[at + 18], number64(view, at));
	}
}

// Their names: strings, and bytes where that says less.  They are cut from one string
// of everything, since decoding each takes ten times as long.
function namesOf(bytes) {
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
	const text = byteDecoder.decode(bytes);
	const names = [];

	for (let at = 0; at < bytes.length; at += view.getUint16(at + 16, true)) {
		const start = at + 19;
		let end = start;
		let bits = 0;

		while (bytes[end] !== 0)
			bits |= bytes[end++];
		const name = bits < 128 ? text.slice(start, end) : bytes.slice(start, end);
		if (name !== "." && name !== "..")
			names.push(name);
	}
	return names;
}

// What entries() gives.  statx without a field in its mask is why there is none.
export class Entry {
	constructor(name, path, stats) {
		this.name = name;
		this.path = path;
		this.stats = stats;
		this.error = this.stats._error === 0 ? undefined :
			new KernelError(this.stats._error, { syscall: "lstat", path });
	}
}

// The entry of this name, bytes if it is not in ASCII, in the directory path.
function entryOf(path, name, stats) {
	if (typeof name === "string")
		return new Entry(name, join(path, name), stats);
	const text = decoder.decode(name);

	return new Entry(text, join(path, isText(name) ? text : name), stats);
}

function number64(view, at) {
	return view.getUint32(at, true) + view.getInt32(at + 4, true) * 2 ** 32;
}

// A time of struct statx, exact to about a microsecond.
function milliseconds(view, at) {
	return number64(view, at) * 1000 + view.getUint32(at + 8, true) / 1e6;
}

// The same, exact, as a BigInt.
function nanoseconds(view, at) {
	return view.getBigInt64(at, true) * 1000000000n + BigInt(view.getUint32(at + 8, true));
}

// Where the time of birth is in the struct statx at this place; that of the last change if
// there is none.
function birthOf(view, at) {
	return (view.getUint32(at, true) & STATX_BTIME) !== 0 ? 80 : 96;
}

function device(view, at) {
	return view.getUint32(at, true) * 2 ** 20 + view.getUint32(at + 4, true);
}

// What Stats tell, and where it is in a struct statx.
const FIELDS = {
	dev: (view, at) => device(view, at + 136),
	ino: (view, at) => number64(view, at + 32),
	mode: (view, at) => view.getUint16(at + 28, true),
	nlink: (view, at) => view.getUint32(at + 16, true),
	uid: (view, at) => view.getUint32(at + 20, true),
	gid: (view, at) => view.getUint32(at + 24, true),
	rdev: (view, at) => device(view, at + 128),
	rdevMajor: (view, at) => view.getUint32(at + 128, true),
	rdevMinor: (view, at) => view.getUint32(at + 132, true),
	size: (view, at) => number64(view, at + 40),
	blksize: (view, at) => view.getUint32(at + 4, true),
	blocks: (view, at) => number64(view, at + 48),
};
const TIMES = { // where they are
	atime: () => 64,
	mtime: () => 112,
	ctime: () => 96,
	birthtime: birthOf,
};
for (const [name, placeOf] of Object.entries(TIMES)) {
	FIELDS[name + "Ms"] = (view, at) => milliseconds(view, at + placeOf(view, at));
	FIELDS[name + "Ns"] = (view, at) => nanoseconds(view, at + placeOf(view, at));
	FIELDS[name] = (view, at) =>
		new Date(Math.floor(milliseconds(view, at + placeOf(view, at))));
}

// Fields are decoded when they are asked for: who lists many files wants few of them.
export class Stats extends Typed {
	#view; // with the bytes of struct statx from #at on
	#at;

	constructor(view, at = 0) {
		super(FIELDS.mode(view, at));
		this.#view = view;
		this.#at = at;
	}

	_field(decodeField) {
		return decodeField(this.#view, this.#at);
	}

	// What it was made from.
	_statx() {
		return new Uint8Array(this.#view.buffer, this.#view.byteOffset + this.#at, STATX_SIZE);
	}

	// Why there is nothing here, or 0.
	get _error() {
		return this.#view.getUint32(this.#at, true) === 0 ? this.blksize : 0;
	}

	// All but the nanoseconds, which JSON cannot tell.
	toJSON() {
		return Object.fromEntries(Object.keys(FIELDS).filter((name) => !name.endsWith("Ns"))
			.map((name) => [name, this[name]]));
	}
}
for (const [name, decodeField] of Object.entries(FIELDS)) {
	Object.defineProperty(Stats.prototype, name, {
		enumerable: true,
		get() {
			return this._field(decodeField);
		},
	});
}

// ---- the calls ----------------------------------------------------------------------------

export class FileSystem {
	#machine;

	constructor(machine) {
		this.#machine = machine;
		this.promises = this; // for those used to Node's fs.promises
	}

	#must(name, values, details) {
		return this.#machine.must(name, values, details);
	}

	// ---- descriptors -----------------------------------------------------------------

	openSync(path, flags = "r", mode = 0o666) {
		const bits = typeof flags === "number" ? flags : FLAGS[flags];

		if (bits === undefined)
			throw argumentError(`flags '${flags}' are not known`);
		return this.#must("openat", [AT_FDCWD, path, bits, mode], { syscall: "open", path });
	}

	closeSync(fd) {
		this.#must("close", [fd]);
	}

	// Read up to length bytes into buffer, at position or where the last call ended.
	readSync(fd, buffer, offset = 0, length = buffer.length - offset, position = null) {
		const target = buffer.subarray(offset, offset + length);

		return position === null ? this.#must("read", [fd, target, target.length]) :
			this.#must("pread", [fd, target, target.length, position]);
	}

	writeSync(fd, data, offset = 0, length = data.length - offset, position = null) {
		const bytes = data.subarray(offset, offset + length);

		return position === null ? this.#must("write", [fd, bytes, bytes.length]) :
			this.#must("pwrite", [fd, bytes, bytes.length, position]);
	}

	fstatSync(fd) {
		const statx = new Uint8Array(STATX_SIZE);

		this.#must("statx", [fd, "", AT_EMPTY_PATH, STATX_ALL, statx], { syscall: "fstat" });
		return new Stats(new DataView(statx.buffer));
	}

	fsyncSync(fd) {
		this.#must("fsync", [fd]);
	}

	ftruncateSync(fd, length = 0) {
		this.#must("ftruncate", [fd, length]);
	}

	#with(path, flags, code, mode) {
		const fd = this.openSync(path, flags, mode);

		try {
			return code(fd);
		} finally {
			if (!this.#machine.isDead)
				this.closeSync(fd);
		}
	}

	// ---- attributes --------------------------------------------------------------------

	#stat(path, flags, syscall) {
		const statx = new Uint8Array(STATX_SIZE);

		this.#must("statx", [AT_FDCWD, path, flags, STATX_ALL, statx], { syscall, path });
		return new Stats(new DataView(statx.buffer));
	}

	statSync(path) {
		return this.#stat(path, 0, "stat");
	}

	lstatSync(path) {
		return this.#stat(path, AT_SYMLINK_NOFOLLOW, "lstat");
	}

	existsSync(path) {
		try {
			this.statSync(path);
			return true;
		} catch (error) {
			if (error instanceof KernelError)
				return false;
			throw error;
		}
	}

	accessSync(path, mode = 0) {
		this.#must("faccessat2", [AT_FDCWD, path, mode, 0], { syscall: "access", path });
	}

	chmodSync(path, mode) {
		this.#must("fchmodat2", [AT_FDCWD, path, mode, 0], { syscall: "chmod", path });
	}

	chownSync(path, uid, gid) {
		this.#must("fchownat", [AT_FDCWD, path, uid, gid, 0], { syscall: "chown", path });
	}

	lchownSync(path, uid, gid) {
		this.#must("fchownat", [AT_FDCWD, path, uid, gid, AT_SYMLINK_NOFOLLOW],
			{ syscall: "lchown", path });
	}

	#setTimes(path, atime, mtime, flags, syscall) {
		const times = new Uint8Array(32);
		const view = new DataView(times.buffer);

		[atime, mtime].forEach((time, i) => {
			const milliseconds = time instanceof Date ? time.getTime() : time * 1000;
			const seconds = Math.floor(milliseconds / 1000);

			view.setBigInt64(16 * i, BigInt(seconds), true);
			view.setBigInt64(16 * i + 8,
				BigInt(Math.round((milliseconds - seconds * 1000) * 1e6)), true);
		});
		this.#must("utimensat", [AT_FDCWD, path, times, flags], { syscall, path });
	}

	// Times are Dates or seconds.
	utimesSync(path, atime, mtime) {
		this.#setTimes(path, atime, mtime, 0, "utimes");
	}

	lutimesSync(path, atime, mtime) {
		this.#setTimes(path, atime, mtime, AT_SYMLINK_NOFOLLOW, "lutimes");
	}

	truncateSync(path, length = 0) {
		this.#must("truncate", [path, length], { path });
	}

	// What statfs(2) tells of the file system that path is on.
	statfsSync(path) {
		const bytes = new Uint8Array(120);

		this.#must("statfs", [path, bytes], { path });
		const view = new DataView(bytes.buffer);
		const names = ["type", "bsize", "blocks", "bfree", "bavail", "files", "ffree"];
		return Object.fromEntries(names.map((name, i) => [name, number64(view, 8 * i)]));
	}

	// The attribute called name, as bytes.
	getxattrSync(path, name) {
		const value = new Uint8Array(READ_SIZE);
		const size = this.#must("getxattr", [path, name, value, value.length], { path });

		return value.slice(0, size);
	}

	// ---- names -------------------------------------------------------------------------

	// Calls visit(name, type, ino) for each entry of the directory but . and ..
	#entries(path, visit) {
		const bytes = new Uint8Array(ENTRIES_SIZE);

		this.#with(path, O_DIRECTORY, (fd) => {
			const details = { syscall: "readdir", path };
			let size;

			while ((size = this.#must("getdents64", [fd, bytes, bytes.length], details)) > 0)
				eachEntry(bytes.subarray(0, size), visit);
		});
	}

	// options: { encoding, withFileTypes, recursive }
	readdirSync(path, options) {
		const { encoding, withFileTypes, recursive } = optionsOf(options);
		const result = [];
		const folders = [{ path, prefix: undefined }];

		// What is found in a folder may be more folders, which then are read in turn.
		for (const { path: parent, prefix } of folders) {
			this.#entries(parent, (bytes, type, ino) => {
				const name = decode(bytes, encoding);

				if (withFileTypes)
					result.push(new Dirent(name, parent, type, ino));
				else
					result.push(prefix === undefined ? name : join(prefix, name));
				if (recursive && type << 12 === TYPES.Directory) {
					const raw = bytes.slice();

					folders.push({ path: join(parent, raw),
						prefix: prefix === undefined ? name : join(prefix, name) });
				}
			});
		}
		return result;
	}

	// All that is in a directory with its attributes, in one go: { name, path, stats,
	// error } of each, where path is a string if the name is UTF-8, and bytes otherwise,
	// and error is why there are no stats, as for an inode that is damaged.
	entriesSync(path) {
		const found = [];
		const details = { syscall: "readdir", path };
		const take = (entries, attributes) => {
			const names = namesOf(entries);
			const view = new DataView(attributes.slice(0, names.length * STATX_SIZE).buffer);

			names.forEach((name, i) => found.push(entryOf(path, name,
				new Stats(view, i * STATX_SIZE))));
		};

		this.#with(path, O_DIRECTORY, (fd) => {
			while (this.#machine.entries(fd, details, take));
		});
		return found;
	}

	readlinkSync(path, options) {
		const { encoding } = optionsOf(options);
		const target = new Uint8Array(LINK_SIZE);
		const size = this.#must("readlinkat", [AT_FDCWD, path, target, target.length],
			{ syscall: "readlink", path });

		return decode(target.subarray(0, size), encoding);
	}

	// options: { recursive, mode }, or the mode
	mkdirSync(path, options) {
		const { recursive, mode = 0o777 } =
			typeof options === "number" ? { mode: options } : options ?? {};

		if (recursive && typeof path === "string") {
			const parts = path.split("/");

			for (let i = 1; i < parts.length; i++)
				this.#mkdirUnlessThere(parts.slice(0, i).join("/") || "/", mode);
			this.#mkdirUnlessThere(path, mode);
			return;
		}
		this.#must("mkdirat", [AT_FDCWD, path, mode], { syscall: "mkdir", path });
	}

	#mkdirUnlessThere(path, mode) {
		if (!this.existsSync(path) || !this.statSync(path).isDirectory())
			this.#must("mkdirat", [AT_FDCWD, path, mode], { syscall: "mkdir", path });
	}

	rmdirSync(path) {
		this.#must("unlinkat", [AT_FDCWD, path, AT_REMOVEDIR], { syscall: "rmdir", path });
	}

	unlinkSync(path) {
		this.#must("unlinkat", [AT_FDCWD, path, 0], { syscall: "unlink", path });
	}

	// options: { recursive, force }
	rmSync(path, { recursive = false, force = false } = {}) {
		let status;

		try {
			status = this.lstatSync(path);
		} catch (error) {
			if (force && error.code === "ENOENT")
				return;
			throw error;
		}
		if (!status.isDirectory() || !recursive) {
			this.unlinkSync(path);
			return;
		}
		// Every folder stands before what is in it.
		const folders = [path];
		for (const folder of folders) {
			this.#entries(folder, (name, type) => {
				if (type << 12 === TYPES.Directory)
					folders.push(join(folder, name.slice()));
			});
		}
		for (const folder of folders.reverse()) {
			for (const name of this.readdirSync(folder, "buffer")) {
				const inside = join(folder, name);

				if (this.lstatSync(inside).isDirectory())
					continue;
				this.unlinkSync(inside);
			}
			this.rmdirSync(folder);
		}
	}

	renameSync(path, dest) {
		this.#must("renameat2", [AT_FDCWD, path, AT_FDCWD, dest, 0],
			{ syscall: "rename", path, dest });
	}

	linkSync(path, dest) {
		this.#must("linkat", [AT_FDCWD, path, AT_FDCWD, dest, 0], { syscall: "link", path, dest });
	}

	symlinkSync(target, path) {
		this.#must("symlinkat", [target, AT_FDCWD, path],
			{ syscall: "symlink", path: target, dest: path });
	}

	// ---- whole files ---------------------------------------------------------------------

	// A generator, so that a promise can let others run between its steps.
	*#readWhole(path) {
		const fd = this.openSync(path);

		try {
			const { size } = this.fstatSync(fd);

			if (size > READ_MAX)
				throw new KernelError(27, { syscall: "readFile", path,
					message: `EFBIG: the file has ${size} bytes, too many to read at once; ` +
						"use readable()" });
			const bytes = new Uint8Array(size);
			let done = 0;
			for (;;) {
				const piece = bytes.subarray(done, done + READ_SIZE);
				const count = piece.length === 0 ? 0 :
					this.#must("read", [fd, piece, piece.length], { path });

				if (count === 0)
					break;
				if (Math.floor(done / YIELD_SIZE) !== Math.floor((done + count) / YIELD_SIZE))
					yield;
				done += count;
			}
			return done === size ? bytes : bytes.slice(0, done);
		} finally {
			if (!this.#machine.isDead)
				this.closeSync(fd);
		}
	}

	// Bytes, or a string with encoding "utf8".
	readFileSync(path, options) {
		const { encoding } = optionsOf(options);
		const steps = this.#readWhole(path);
		let step;

		do
			step = steps.next();
		while (!step.done);
		return encoding ? decode(step.value, encoding) : step.value;
	}

	async readFile(path, options) {
		const { encoding } = optionsOf(options);
		const steps = this.#readWhole(path);
		let step;

		while (!(step = steps.next()).done)
			await new Promise((resolve) => setTimeout(resolve));
		return encoding ? decode(step.value, encoding) : step.value;
	}

	// A ReadableStream of the file's bytes from start up to end, which is not read.
	readable(path, { start = 0, end = Infinity } = {}) {
		const fd = this.openSync(path);
		let position = start;
		const close = () => this.#machine.isDead || this.closeSync(fd);

		return new ReadableStream({
			pull: (controller) => {
				const bytes = new Uint8Array(Math.min(READ_SIZE, end - position));
				let count = 0;

				try {
					if (bytes.length > 0)
						count = this.readSync(fd, bytes, 0, bytes.length, position);
				} catch (error) {
					close();
					throw error;
				}
				position += count;
				if (count > 0) {
					controller.enqueue(bytes.subarray(0, count));
				} else {
					close();
					controller.close();
				}
			},
			cancel: close,
		}, { highWaterMark: 0 });
	}

	// options: { flag, mode }
	writeFileSync(path, data, options) {
		const { flag = "w", mode } = optionsOf(options);
		const bytes = typeof data === "string" ? encoder.encode(data) : data;

		if (!(bytes instanceof Uint8Array))
			throw argumentError("data must be a string or a Uint8Array", "ERR_INVALID_ARG_TYPE");
		this.#with(path, flag, (fd) => {
			for (let done = 0; done < bytes.length;)
				done += this.writeSync(fd, bytes, done,
					Math.min(READ_SIZE, bytes.length - done));
		}, mode);
	}

	appendFileSync(path, data, options) {
		this.writeFileSync(path, data, { flag: "a", ...optionsOf(options) });
	}
}

// Every fooSync() that has no promise of its own gets one.
for (const name of Object.getOwnPropertyNames(FileSystem.prototype)) {
	const promised = name.replace(/Sync$/, "");

	if (promised === name || promised in FileSystem.prototype)
		continue;
	Object.defineProperty(FileSystem.prototype, promised, {
		configurable: true,
		writable: true,
		async value(...values) {
			return this[name](...values);
		},
	});
}

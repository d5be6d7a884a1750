// node web_manifest.mjs IMAGE [--probes | --options OPTIONS]: what tests/manifest.c prints, by the
// kernel in WebAssembly.

import { createHash } from "node:crypto";
import { readFileSync, writeSync } from "node:fs";
import { pathToFileURL } from "node:url";

const { Kernel } =
	await import(pathToFileURL(process.env.BUILD_ROOT + "/web/anykernel.js").href);

const BIG_SIZE = 4 * 2 ** 30; // files from this size on are not hashed whole
const READ_SIZE = 256 * 1024;
const LETTERS = {
	File: "f", Directory: "d", SymbolicLink: "l", FIFO: "p",
	CharacterDevice: "c", BlockDevice: "b", Socket: "s",
};
const buffer = new Uint8Array(READ_SIZE);
const [image, option, value] = process.argv.slice(2);
const kernel = await Kernel.boot();
const { fs } = kernel;
await kernel.mount(image, option === "--options" ? { data: value } : {});

let output = "";

function print(text) {
	output += text;
	if (output.length > 65536)
		flush();
}

function flush() {
	for (let bytes = Buffer.from(output); bytes.length > 0;)
		bytes = bytes.subarray(writeSync(1, bytes));
	output = "";
}

function escaped(bytes) {
	return Array.from(bytes, (byte) => byte < 33 || byte > 126 || byte === 92 ?
		"\\x" + byte.toString(16).padStart(2, "0") : String.fromCharCode(byte)).join("");
}

function hash(path, offset, length) {
	const digest = createHash("sha256");
	const fd = fs.openSync(path);

	for (let done = 0; done < length;) {
		const count = fs.readSync(fd, buffer, 0, Math.min(READ_SIZE, length - done), offset + done);

		if (count === 0)
			throw new Error(`${path}: ends at ${offset + done}`);
		digest.update(buffer.subarray(0, count));
		done += count;
	}
	fs.closeSync(fd);
	return digest.digest("hex");
}

function content(path, status) {
	if (status.isFile())
		return status.size >= BIG_SIZE ? "BIG" : hash(path, 0, status.size);
	if (status.isSymbolicLink())
		return "->" + escaped(fs.readlinkSync(path, "buffer"));
	if (status.isCharacterDevice() || status.isBlockDevice())
		return `${status.rdevMajor},${status.rdevMinor}`;
	return "-";
}

function printObject(path, shown, status) {
	const letter = Object.keys(LETTERS).find((name) => status["is" + name]());
	const hasSize = status.isFile() || status.isSymbolicLink();
	const seconds = status.mtimeNs >= 0n ? status.mtimeNs / 1000000000n :
		-((-status.mtimeNs + 999999999n) / 1000000000n);
	const rest = status.mtimeNs - seconds * 1000000000n;

	print([
		LETTERS[letter], (status.mode & 0o7777).toString(8).padStart(4, "0"),
		status.uid, status.gid, status.isDirectory() ? 0 : status.nlink,
		hasSize ? status.size : 0, `${seconds}.${String(rest).padStart(9, "0")}`,
		content(path, status), shown,
	].join(" ") + "\n");
}

// All below path, which lies at shown in the image; deep trees do not fit a stack.
function walk(top) {
	const folders = [{ path: Buffer.from(top), shown: "." }];

	printObject(top, ".", fs.lstatSync(top));
	while (folders.length > 0) {
		const folder = folders.pop();

		for (const name of fs.readdirSync(folder.path, "buffer")) {
			const path = Buffer.concat([folder.path, Buffer.from("/"), name]);
			const shown = (folder.shown === "." ? "" : folder.shown + "/") + escaped(name);
			const status = fs.lstatSync(path);

			printObject(path, shown, status);
			if (status.isDirectory())
				folders.push({ path, shown });
		}
	}
}

if (option === "--probes") {
	for (const line of readFileSync(0, "utf8").split("\n").filter(Boolean)) {
		const [path, offset, length] = line.split(" ");

		print(`${path} ${offset} ${length} ` +
			`${hash("/mnt/" + path, Number(offset), Number(length))}\n`);
	}
} else {
	walk("/mnt");
}
flush();
kernel.destroy();

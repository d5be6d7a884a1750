// Sources: where the bytes of a disk image come from.
//
// A source is { size, readOnly, read(offset, target), write?, flush?, close?, slice? }.
// slice(start, end) gives what a Blob can be made of, without reading.  The kernel reads in the midst of a system call, so read() fills target before it
// returns; it throws where it cannot.  Some things can only be read that way in
// a worker (File and Blob, addresses) and are refused elsewhere, with what to do
// instead.

import { argumentError, KernelError } from "./errors.js";

const inNode = Boolean(globalThis.process?.versions?.node);

// ---- bytes in memory -------------------------------------------------------------

export class BytesSource {
	#bytes;

	constructor(bytes, { readOnly = false } = {}) {
		this.#bytes = ArrayBuffer.isView(bytes) ?
			new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) :
			new Uint8Array(bytes);
		this.readOnly = readOnly;
	}

	get size() {
		return this.#bytes.length;
	}

	read(offset, target) {
		if (offset + target.length > this.#bytes.length)
			throw new KernelError(5, { message: "the image was cut while it was in use" });
		target.set(this.#bytes.subarray(offset, offset + target.length));
	}

	write(offset, data) {
		this.#bytes.set(data, offset);
	}

	slice(start, end) {
		return this.#bytes.slice(start, end);
	}
}

// ---- what is far away --------------------------------------------------------------

// Reads of another source, kept in blocks; those used least recently go first.
// Blocks that follow each other are asked for together, more and more of them.
export class CachedSource {
	#below;
	#blocks = new Map(); // number -> bytes, least recently used first
	#blockSize;
	#blocksMax;
	#next = -1; // the block after those last fetched
	#ahead = 1; // blocks to fetch at once

	constructor(below, { blockSize = 64 * 1024, cacheSize = 32 * 1024 * 1024, aheadMax = 16 } = {}) {
		this.#below = below;
		this.#blockSize = blockSize;
		this.#blocksMax = Math.max(1, Math.floor(cacheSize / blockSize));
		this.aheadMax = Math.min(aheadMax, this.#blocksMax);
		this.size = below.size;
		this.readOnly = true;
	}

	#fetch(first) {
		this.#ahead = first === this.#next ? Math.min(2 * this.#ahead, this.aheadMax) : 1;
		const start = first * this.#blockSize;
		const bytes = new Uint8Array(
			Math.min(this.#ahead * this.#blockSize, this.size - start));

		this.#below.read(start, bytes);
		for (let at = 0; at < bytes.length; at += this.#blockSize) {
			const number = first + at / this.#blockSize;

			this.#blocks.delete(number);
			this.#blocks.set(number, bytes.slice(at, at + this.#blockSize));
		}
		this.#next = first + this.#ahead;
		for (const number of this.#blocks.keys()) {
			if (this.#blocks.size <= this.#blocksMax)
				break;
			this.#blocks.delete(number);
		}
	}

	#block(number) {
		let block = this.#blocks.get(number);

		if (block === undefined) {
			this.#fetch(number);
			return this.#blocks.get(number);
		}
		this.#blocks.delete(number);
		this.#blocks.set(number, block);
		return block;
	}

	read(offset, target) {
		for (let done = 0; done < target.length;) {
			const at = offset + done;
			const block = this.#block(Math.floor(at / this.#blockSize));
			const piece = block.subarray(at % this.#blockSize,
				at % this.#blockSize + target.length - done);

			if (piece.length === 0)
				throw new KernelError(5, { message: "the image ends early" });
			target.set(piece, done);
			done += piece.length;
		}
	}

	// What can be told of the bytes without reading them, for copies.
	get slice() {
		return this.#below.slice === undefined ? undefined :
			(start, end) => this.#below.slice(start, end);
	}

	close() {
		this.#blocks.clear();
		this.#below.close?.();
	}
}

// A Blob or File, in a worker.
class BlobSource {
	#blob;
	#reader = new FileReaderSync();

	constructor(blob) {
		this.#blob = blob;
		this.size = blob.size;
		this.readOnly = true;
	}

	read(offset, target) {
		target.set(new Uint8Array(
			this.#reader.readAsArrayBuffer(this.#blob.slice(offset, offset + target.length))));
	}

	slice(start, end) {
		return this.#blob.slice(start, end);
	}
}

function unreachable(url, why) {
	return new KernelError(5, { message: `${url} cannot be read: ${why}` });
}

function request(url, method, headers) {
	const xhr = new XMLHttpRequest();

	xhr.open(method, url, false);
	xhr.responseType = "arraybuffer";
	for (const [name, value] of Object.entries(headers))
		xhr.setRequestHeader(name, value);
	try {
		xhr.send();
	} catch {
		throw unreachable(url, "there is no connection, or the server does not allow this " +
			"page to read it (CORS: Access-Control-Allow-Origin); download the image and " +
			"open the file instead");
	}
	return xhr;
}

// An address, in a worker, by requests for ranges.
class HttpSource {
	#url;

	constructor(url) {
		const xhr = request(url, "GET", { Range: "bytes=0-0" });

		this.#url = url;
		this.readOnly = true;
		if (xhr.status === 200)
			throw unreachable(url, "the server sends whole files only, no ranges; download the " +
				"image and open the file instead");
		if (xhr.status !== 206)
			throw unreachable(url, `the server answers ${xhr.status} ${xhr.statusText}`);
		const total = /\/(\d+)$/.exec(xhr.getResponseHeader("Content-Range") ?? "");
		if (total === null)
			throw unreachable(url, "the server does not say how large it is, or does not let " +
				"this page know (Access-Control-Expose-Headers: Content-Range)");
		this.size = Number(total[1]);
	}

	read(offset, target) {
		const range = `bytes=${offset}-${offset + target.length - 1}`;
		const xhr = request(this.#url, "GET", { Range: range });

		if (xhr.status !== 206 || xhr.response?.byteLength !== target.length)
			throw unreachable(this.#url, `the server answers ${xhr.status} to a range`);
		target.set(new Uint8Array(xhr.response));
	}
}

// A file of the origin's private file system, in a worker.
class HandleSource {
	#access;

	constructor(access, readOnly) {
		this.#access = access;
		this.size = access.getSize();
		this.readOnly = readOnly;
	}

	read(offset, target) {
		// Shared or growing memory is refused there: hence the copy.
		const bytes = new Uint8Array(target.length);

		if (this.#access.read(bytes, { at: offset }) !== target.length)
			throw new KernelError(5, { message: "the file was cut while it was in use" });
		target.set(bytes);
	}

	write(offset, data) {
		this.#access.write(data.slice(), { at: offset });
	}

	flush() {
		this.#access.flush();
	}

	close() {
		this.#access.close();
	}
}

// ---- Node ----------------------------------------------------------------------------

class NodeSource {
	#fs;
	#fd;
	#isOwned;

	constructor(fs, fd, { isOwned, readOnly }) {
		this.#fs = fs;
		this.#fd = fd;
		this.#isOwned = isOwned;
		this.size = fs.fstatSync(fd).size;
		this.readOnly = readOnly;
	}

	read(offset, target) {
		for (let done = 0; done < target.length;) {
			const count = this.#fs.readSync(this.#fd, target, done, target.length - done,
				offset + done);

			if (count === 0)
				throw new KernelError(5, { message: "the image was cut while it was in use" });
			done += count;
		}
	}

	write(offset, data) {
		for (let done = 0; done < data.length;)
			done += this.#fs.writeSync(this.#fd, data, done, data.length - done,
				offset + done);
	}

	flush() {
		this.#fs.fdatasyncSync(this.#fd);
	}

	close() {
		if (this.#isOwned)
			this.#fs.closeSync(this.#fd);
	}
}

async function openNode(file, readOnly) {
	const fs = await import("node:fs");

	if (typeof file === "number")
		return new NodeSource(fs, file, { isOwned: false, readOnly });
	return new NodeSource(fs, fs.openSync(file, readOnly ? "r" : "r+"),
		{ isOwned: true, readOnly });
}

// ---- all of them ------------------------------------------------------------------------

const WHOLE_MAX = 256 * 1024 * 1024; // what is read into memory where ranges cannot be

async function openBlob(blob) {
	if (globalThis.FileReaderSync !== undefined)
		return new CachedSource(new BlobSource(blob));
	if (blob.size > WHOLE_MAX)
		throw argumentError("a file as large as this one can only be opened in a worker; " +
			"boot the kernel there");
	return new BytesSource(await blob.arrayBuffer(), { readOnly: true });
}

async function openHandle(handle, readOnly) {
	if (handle.createSyncAccessHandle === undefined || globalThis.FileReaderSync === undefined)
		return openBlob(await handle.getFile());
	return new HandleSource(await handle.createSyncAccessHandle(), readOnly);
}

function openAddress(url) {
	if (globalThis.XMLHttpRequest === undefined || globalThis.document !== undefined)
		throw argumentError("an address can only be opened in a browser's worker; boot the " +
			"kernel there, or fetch the image and give its bytes");
	// Blocks as small as metadata, which lies all over an image; much at once in files.
	return new CachedSource(new HttpSource(url), { blockSize: 16 * 1024, aheadMax: 64 });
}

function isAddress(value) {
	return value instanceof URL ? value.protocol !== "file:" : /^https?:/i.test(value);
}

// A source for what people have: bytes, a File or Blob, a file handle of OPFS, an
// address, in Node a path or descriptor, or a source already.
export async function openSource(value, { readOnly = true } = {}) {
	if (value instanceof ArrayBuffer || ArrayBuffer.isView(value))
		return new BytesSource(value, { readOnly });
	if (typeof value?.read === "function" && typeof value.size === "number")
		return value;
	if (globalThis.Blob !== undefined && value instanceof Blob)
		return openBlob(value);
	if (value?.kind === "file" && typeof value.getFile === "function")
		return openHandle(value, readOnly);
	if ((typeof value === "string" || value instanceof URL) && (isAddress(value) || !inNode))
		return openAddress(String(value));
	if (inNode && (typeof value === "string" || value instanceof URL ||
			Number.isInteger(value)))
		return openNode(value, readOnly);
	throw argumentError("an image must be an ArrayBuffer, Uint8Array, Blob, File, file handle, " +
		"address, in Node a path or descriptor, or a source", "ERR_INVALID_ARG_TYPE");
}

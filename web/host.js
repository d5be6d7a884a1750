// What the WebAssembly host imports (host/wasm/import.h): clocks, randomness, the
// console, and sources as backing stores.
//
// Nothing may be thrown through the kernel, which would leave it with its locks
// held: what a source throws becomes an error number, and is kept for whoever
// made the call.

import { errno } from "./errors.js";

const crypto = globalThis.crypto ?? (await import("node:crypto")).webcrypto; // Node 18
const RANDOM_MAX = 65536; // bytes, of one getRandomValues()
const POOL_SIZE = 1024;

// Random bytes drawn beforehand for whoever wants few, each for one.  Engines set up their
// generator at the first draw, which takes longer than all else that a boot does.
const pool = crypto.getRandomValues(new Uint8Array(POOL_SIZE));
let poolUsed = 0;

// Fill bytes with random ones.
function draw(bytes) {
	if (bytes.length > POOL_SIZE) {
		for (let done = 0; done < bytes.length; done += RANDOM_MAX)
			crypto.getRandomValues(bytes.subarray(done, done + RANDOM_MAX));
		return;
	}
	if (poolUsed + bytes.length > POOL_SIZE) {
		crypto.getRandomValues(pool);
		poolUsed = 0;
	}
	bytes.set(pool.subarray(poolUsed, poolUsed + bytes.length));
	pool.fill(0, poolUsed, poolUsed + bytes.length); // nobody finds out later
	poolUsed += bytes.length;
}

// The error of a source as a number; one of the kernel's own, or EIO.
function numberOf(error) {
	const number = errno[error?.code];

	return number === undefined ? -errno.EIO : -number;
}

export class Host {
	#memory; // of the instance
	#bytes = new Uint8Array(0);
	#stores = new Map(); // handle -> { name, source }
	#names = new Map(); // name -> source
	#nextHandle = 0;
	#decoder = new TextDecoder();

	// onLine(text) gets each line of the console, onDue(when) is told when the
	// kernels want web_run().
	constructor({ onLine, onDue }) {
		this.onLine = onLine;
		this.onDue = onDue;
		this.sourceError = undefined; // the last that a source threw
		this.panicText = undefined;
	}

	bind(memory) {
		this.#memory = memory;
	}

	// All memory; not to be kept across calls, in which it may grow and move.
	get bytes() {
		if (this.#bytes.buffer !== this.#memory.buffer)
			this.#bytes = new Uint8Array(this.#memory.buffer);
		return this.#bytes;
	}

	view(at, size) {
		at >>>= 0;
		return this.bytes.subarray(at, at + size);
	}

	text(at, size) {
		return this.#decoder.decode(this.view(at, size));
	}

	register(name, source) {
		this.#names.set(name, source);
	}

	unregister(name) {
		this.#names.delete(name);
	}

	// Do something to the source of handle; 0 or a negative error.
	#attempt(handle, action) {
		try {
			action(this.#stores.get(handle));
			return 0;
		} catch (error) {
			this.sourceError = error;
			return numberOf(error);
		}
	}

	#open(name, writable) {
		const source = this.#names.get(name);

		if (source === undefined)
			return -errno.ENOENT;
		if (writable && source.readOnly)
			return -errno.EROFS;
		this.#stores.set(++this.#nextHandle, source);
		return this.#nextHandle;
	}

	#random(at, size) {
		draw(this.view(at, size));
		return 0;
	}

	imports() {
		return { host: {
			clock_monotonic: () => performance.now(),
			clock_wall: () => performance.timeOrigin + performance.now(),
			random: (at, size) => this.#random(at, size),
			console: (at, size) => this.onLine(this.text(at, size)),
			panic: (at, size) => {
				this.panicText = this.text(at, size);
				throw new Error(this.panicText);
			},
			work_pending: (when) => this.onDue(when),
			store_open: (at, size, writable) => this.#open(this.text(at, size), writable !== 0),
			store_size: (handle) => this.#stores.get(handle).size,
			store_is_read_only: (handle) => Number(this.#stores.get(handle).readOnly),
			store_read: (handle, offset, at, size) => this.#attempt(handle,
				(source) => source.read(offset, this.view(at, size))),
			store_write: (handle, offset, at, size) => this.#attempt(handle,
				(source) => source.write(offset, this.view(at, size))),
			store_flush: (handle) => this.#attempt(handle, (source) => source.flush?.()),
			store_close: (handle) => {
				this.#stores.delete(handle);
			},
		} };
	}
}

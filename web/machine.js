// One instance of the module with one kernel in it: how calls get into it.
//
// System calls are made by name from the table in syscalls.js.  Strings and bytes
// are copied into memory of the instance's, small ones into a room that is kept
// and others into memory taken for the call, and back.

import { argumentError, KernelError } from "./errors.js";
import { Host } from "./host.js";
import { instantiate } from "./module.js";
import { calls } from "./syscalls.js";

const ROOM_SIZE = 128 * 1024; // for the arguments of a call
const TABLE_SIZE = 64 * 1024; // for the lines of a partition table
const WORD = 8;
const ENTRIES_SIZE = 8 * 1024; // of getdents64() at a time, where attributes are wanted too
const ATTRIBUTES_SIZE = Math.floor(ENTRIES_SIZE / 24) * 256; // a struct statx for each, at most
const ALIGNMENT = 16;
const LOG_LINES_MAX = 1000; // kept here; the kernel keeps 8 KiB

const encoder = new TextEncoder();

// A string or bytes as bytes with a NUL.
function terminated(text) {
	const bytes = typeof text === "string" ? encoder.encode(text) : text;

	if (!(bytes instanceof Uint8Array))
		throw argumentError("a path must be a string or a Uint8Array", "ERR_INVALID_ARG_TYPE");
	if (bytes.includes(0))
		throw argumentError("a path must not contain NUL bytes");
	const result = new Uint8Array(bytes.length + 1);
	result.set(bytes);
	return result;
}

export class Machine {
	#exports;
	#host;
	#kernel = 0;
	#arguments = 0;
	#argumentView; // of them, until memory grows
	#room = 0;
	#roomUsed = 0;
	#borrowed = []; // [address, size] of memory taken for the call that goes on
	#timer;
	#due = Infinity;
	#dead; // why the kernel cannot be called any more

	constructor(module, { memoryLimit = 0, onLine }) {
		this.lines = []; // of the log, the oldest first
		this.lineCount = 0; // ever written
		this.#host = new Host({
			onLine: (text) => this.#addLines(text, onLine),
			onDue: (when) => this.#schedule(when),
		});
		this.#exports = instantiate(module, this.#host.imports());
		this.#host.bind(this.#exports.memory);
		this.#start(memoryLimit);
	}

	#start(memoryLimit) {
		const kernel = this.#enter(() => this.#exports.web_boot(memoryLimit, 7));

		if (kernel < 0 && kernel >= -4095)
			throw new KernelError(-kernel, { syscall: "boot" });
		this.#kernel = kernel;
		this.#arguments = this.#exports.web_arguments(kernel) >>> 0;
		this.#room = this.#exports.web_memory_get(ROOM_SIZE) >>> 0;
		if (this.#room === 0)
			throw new KernelError(12, { syscall: "boot" });
	}

	#addLines(text, onLine) {
		for (const line of text.split("\n").slice(0, -1)) {
			this.lines.push(line);
			this.lineCount++;
			onLine?.(line);
		}
		if (this.lines.length > 2 * LOG_LINES_MAX)
			this.lines.splice(0, this.lines.length - LOG_LINES_MAX);
	}

	// Lines that were written since there were count, without their times.
	linesSince(count) {
		const fresh = Math.min(this.lineCount - count, this.lines.length);

		return this.lines.slice(this.lines.length - fresh)
			.map((line) => line.replace(/^\[ *[0-9.]+\] /, ""));
	}

	// Run code of the instance.  What traps there, or panics, is the kernel's end.
	#enter(code) {
		if (this.#dead !== undefined)
			throw this.#dead;
		try {
			return code();
		} catch (error) {
			const why = this.#host.panicText ?? error.message;

			clearTimeout(this.#timer);
			this.#dead = new KernelError(5, {
				message: `the kernel has stopped, boot another one: ${why}`,
				cause: error,
			});
			this.#dead.stopped = true;
			throw this.#dead;
		}
	}

	get isDead() {
		return this.#dead !== undefined;
	}

	// ---- deferred work ------------------------------------------------------------

	#schedule(when) {
		if (when >= this.#due)
			return;
		clearTimeout(this.#timer);
		this.#due = when;
		this.#timer = setTimeout(() => this.#run(), Math.max(0, when - performance.now()));
		this.#timer.unref?.(); // Node need not stay for it
	}

	#run() {
		this.#due = Infinity;
		if (!this.isDead)
			this.#enter(() => this.#exports.web_run());
	}

	// ---- arguments ------------------------------------------------------------------

	#begin() {
		this.#roomUsed = 0;
	}

	#end() {
		for (const [at, size] of this.#borrowed)
			this.#exports.web_memory_return(at, size);
		this.#borrowed.length = 0;
	}

	#allocate(size) {
		const start = this.#roomUsed;

		if (size <= ROOM_SIZE - start) {
			this.#roomUsed = start + Math.ceil(size / ALIGNMENT) * ALIGNMENT;
			return this.#room + start;
		}
		const at = this.#exports.web_memory_get(size) >>> 0;
		if (at === 0)
			throw new KernelError(12);
		this.#borrowed.push([at, size]);
		return at;
	}

	#putText(text) {
		const bytes = terminated(text);
		const at = this.#allocate(bytes.length);

		this.#host.view(at, bytes.length).set(bytes);
		return at;
	}

	// Room for the bytes that a parameter describes, filled if they go in.
	#putBytes(parameter, bytes, values) {
		const count = parameter.count === undefined ? 1 : values[parameter.count];
		const size = count * parameter.unit;

		if (bytes === null)
			return 0;
		if (!(bytes instanceof Uint8Array) || !(size >= 0 && size <= bytes.length))
			throw argumentError(`a buffer of ${size} bytes is needed`);
		const at = this.#allocate(size);
		if (parameter.kind === "in")
			this.#host.view(at, size).set(bytes.subarray(0, size));
		return at;
	}

	#put(parameter, value, values) {
		if (parameter.kind === "number")
			return value;
		if (value === null)
			return 0;
		if (parameter.kind === "string")
			return this.#putText(value);
		return this.#putBytes(parameter, value, values);
	}

	// Copy out what went out, at most the result where that counts bytes.
	#takeBytes(call, values, words, result) {
		call.parameters.forEach((parameter, i) => {
			if (parameter.kind !== "out" || values[i] === null)
				return;
			const counts = parameter.count !== undefined && parameter.unit === 1;
			const room = (parameter.count === undefined ? 1 : values[parameter.count]) *
				parameter.unit;
			const size = counts ? Math.min(result, room) : room;
			values[i].set(this.#host.view(words[i], size));
		});
	}

	#setArguments(words) {
		const { buffer } = this.#host.bytes;

		if (this.#argumentView?.buffer !== buffer)
			this.#argumentView = new DataView(buffer, this.#arguments);
		for (let i = 0; i < words.length; i++) {
			this.#argumentView.setUint32(WORD * i, words[i] >>> 0, true);
			this.#argumentView.setInt32(WORD * i + 4, Math.floor(words[i] / 2 ** 32), true);
		}
	}

	// The system call called name: its result, negative if it failed.
	syscall(name, values) {
		const call = calls[name];

		this.#begin();
		try {
			const words = call.parameters.map((parameter, i) =>
				this.#put(parameter, values[i], values));
			this.#setArguments(words);
			const result = this.#enter(() =>
				this.#exports.web_syscall(this.#kernel, call.number));
			if (result >= 0)
				this.#takeBytes(call, values, words, result);
			return result;
		} finally {
			this.#end();
		}
	}

	// A system call whose failure is thrown, with details and what the log says of it.
	must(name, values, details) {
		const before = this.lineCount;

		this.#host.sourceError = undefined;
		const result = this.syscall(name, values);
		if (result < 0)
			throw this.error(-result, { syscall: name, ...details }, before);
		return result;
	}

	error(number, details, before) {
		const log = this.linesSince(before);

		return new KernelError(number, { log, cause: this.#host.sourceError, ...details });
	}

	// The next entries of the directory open as fd: take() is called with the bytes of
	// getdents64() and with those of the struct statx of each, one after the other, both
	// not to be kept.  False at the end.
	entries(fd, details, take) {
		const before = this.lineCount;

		this.#host.sourceError = undefined;
		this.#begin();
		try {
			const at = this.#allocate(ENTRIES_SIZE);
			const attributes = this.#allocate(ATTRIBUTES_SIZE);
			const size = this.#enter(() => this.#exports.web_entries(this.#kernel, fd, at,
				ENTRIES_SIZE, attributes));

			if (size < 0)
				throw this.error(-size, details, before);
			take(this.#host.view(at, size), this.#host.view(attributes, ATTRIBUTES_SIZE));
			return size > 0;
		} finally {
			this.#end();
		}
	}

	// ---- devices ----------------------------------------------------------------------

	// Call code with the address of name, and that of size bytes.
	#withName(name, size, code) {
		this.#begin();
		try {
			const at = this.#putText(name);
			const text = size > 0 ? this.#allocate(size) : 0;

			return this.#enter(() => code(at, text));
		} finally {
			this.#end();
		}
	}

	// Make source the block device /dev/NAME.
	attach(name, source, writable) {
		const before = this.lineCount;

		this.#host.register(name, source);
		const result = this.#withName(name, 0, (at) =>
			this.#exports.web_attach(this.#kernel, at, Number(writable)));
		if (result < 0) {
			this.#host.unregister(name);
			throw this.error(-result, { syscall: "attach", path: "/dev/" + name }, before);
		}
	}

	detach(name) {
		const result = this.#withName(name, 0, (at) =>
			this.#exports.web_detach(this.#kernel, at));

		if (result < 0)
			throw new KernelError(-result, { syscall: "detach", path: "/dev/" + name });
		this.#host.unregister(name);
	}

	// The lines that web_partitions() gives, as arrays of fields.
	partitions(name) {
		const before = this.lineCount;
		let lines = [];
		const result = this.#withName(name, TABLE_SIZE, (at, text) => {
			const length = this.#exports.web_partitions(this.#kernel, at, text, TABLE_SIZE);

			lines = this.#host.text(text, Math.max(0, Math.min(length, TABLE_SIZE - 1)))
				.split("\n").slice(0, -1);
			return length;
		});

		if (result < 0)
			throw this.error(-result, { syscall: "partitions", path: "/dev/" + name }, before);
		return lines.map((line) => line.split("\t"));
	}

	// ---- the kernel itself --------------------------------------------------------------

	get memoryTaken() {
		return this.#enter(() => this.#exports.web_memory_taken(this.#kernel));
	}

	get memorySize() {
		return this.#exports.memory.buffer.byteLength;
	}

	destroy() {
		clearTimeout(this.#timer);
		const result = this.isDead ? 0 :
			this.#enter(() => this.#exports.web_destroy(this.#kernel));
		this.#dead = new KernelError(5, { message: "the kernel was destroyed" });
		if (result < 0)
			throw new KernelError(-result, { syscall: "destroy" });
	}
}

// What crosses between a page and its worker, and could not by itself.

import { KernelError } from "./errors.js";
import { Dirent, Entry, Stats } from "./fs.js";

export function pack(value) {
	if (Array.isArray(value))
		return value.map(pack);
	if (value instanceof Stats)
		return { packed: "stats", statx: value._statx() };
	if (value instanceof Entry)
		return { packed: "entry", name: value.name, path: value.path, statx: value.stats._statx() };
	if (value instanceof Dirent)
		return { packed: "dirent", ...value, type: value._type() };
	return value;
}

function statsOf({ buffer, byteOffset }) {
	return new Stats(new DataView(buffer), byteOffset);
}

export function unpack(value) {
	if (Array.isArray(value))
		return value.map(unpack);
	if (value?.packed === "stats")
		return statsOf(value.statx);
	if (value?.packed === "entry")
		return new Entry(value.name, value.path, statsOf(value.statx));
	if (value?.packed === "dirent")
		return new Dirent(value.name, value.parentPath, value.type, value.ino);
	return value;
}

// Memory that need not be copied.
export function transferable(value) {
	return value instanceof Uint8Array && value.byteLength === value.buffer.byteLength ?
		[value.buffer] : [];
}

const FIELDS = ["code", "syscall", "path", "dest", "log", "partitions", "stopped"];

export function packError(error) {
	const packed = { message: error.message, errno: error.errno };

	for (const field of FIELDS) {
		if (error[field] !== undefined)
			packed[field] = error[field];
	}
	if (error.cause instanceof Error)
		packed.cause = error.cause.message;
	return packed;
}

export function unpackError({ message, errno, cause, ...fields }) {
	const options = cause === undefined ? undefined : { cause: new Error(cause) };
	const error = errno === undefined ? new Error(message, options) :
		new KernelError(-errno, { message });

	return Object.assign(error, fields);
}

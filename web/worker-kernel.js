// A kernel in a worker of its own: nothing that it does stops the page, and it
// reads what can only be read in a worker: files piece by piece, addresses.

import { FileSystem } from "./fs.js";
import { unpack, unpackError } from "./message.js";

const READ_SIZE = 1024 * 1024; // of a stream, in one message

// The worker, and what waits for its answers.
class Connection {
	#waiting = new Map(); // id -> { resolve, reject }
	#lastId = 0;
	#worker;
	#end; // why there are no answers any more

	constructor(worker, onLine) {
		this.#worker = worker;
		this.lines = [];
		const onMessage = (data) => this.#receive(data, onLine);
		const onError = (error) => this.#fail(Object.assign(
			new Error("the worker has stopped, boot another kernel: " +
				(error?.message || "its script could not be loaded")), { stopped: true }));

		if (typeof worker.on === "function") {
			worker.on("message", onMessage);
			worker.on("error", onError);
		} else {
			worker.onmessage = ({ data }) => onMessage(data);
			worker.onerror = onError;
		}
	}

	#receive({ id, line, result, error }, onLine) {
		if (line !== undefined) {
			this.lines.push(line);
			onLine?.(line);
			return;
		}
		const { resolve, reject } = this.#waiting.get(id);

		this.#waiting.delete(id);
		if (error === undefined)
			resolve(unpack(result));
		else
			reject(unpackError(error));
	}

	#fail(error) {
		this.#end = error;
		for (const { reject } of this.#waiting.values())
			reject(error);
		this.#waiting.clear();
	}

	call(action, ...values) {
		if (this.#end !== undefined)
			return Promise.reject(this.#end);
		return new Promise((resolve, reject) => {
			const id = ++this.#lastId;

			this.#worker.postMessage({ id, action, values });
			this.#waiting.set(id, { resolve, reject });
		});
	}

	close(why = new Error("the kernel was destroyed")) {
		this.#fail(why);
		return this.#worker.terminate();
	}
}

// The promised half of FileSystem.
class WorkerFileSystem {
	#connection;

	constructor(connection) {
		this.#connection = connection;
		this.promises = this;
	}

	_call(name, values) {
		return this.#connection.call("files", name, ...values);
	}

	async read(fd, buffer, offset = 0, length = buffer.length - offset, position = null) {
		const bytes = await this.#connection.call("read", fd, length, position);

		buffer.set(bytes, offset);
		return bytes.length;
	}

	readable(path, { start = 0, end = Infinity } = {}) {
		let position = start;
		let fd;

		return new ReadableStream({
			start: async () => {
				fd = await this.open(path);
			},
			pull: async (controller) => {
				const length = Math.min(READ_SIZE, end - position);
				const bytes = length > 0 ?
					await this.#connection.call("read", fd, length, position) :
					new Uint8Array(0);

				position += bytes.length;
				if (bytes.length > 0) {
					controller.enqueue(bytes);
				} else {
					controller.close();
					await this.close(fd);
				}
			},
			cancel: () => this.close(fd),
		}, { highWaterMark: 0 });
	}
}
for (const name of Object.getOwnPropertyNames(FileSystem.prototype)) {
	const promised = name.replace(/Sync$/, "");

	if (promised === name || promised in WorkerFileSystem.prototype)
		continue;
	Object.defineProperty(WorkerFileSystem.prototype, promised, {
		value(...values) {
			return this._call(promised, values);
		},
	});
}

class WorkerMount {
	#connection;
	#number;

	constructor(connection, { number, ...fields }) {
		this.#connection = connection;
		this.#number = number;
		Object.assign(this, fields);
	}

	info() {
		return this.#connection.call("info", this.#number);
	}

	changes() {
		return this.#connection.call("changes", this.#number);
	}

	sync() {
		return this.#connection.call("sync", this.#number);
	}

	save() {
		return this.#connection.call("save", this.#number);
	}

	unmount() {
		return this.#connection.call("unmount", this.#number);
	}
}

async function startWorker() {
	const url = new URL("worker.js", import.meta.url);

	if (globalThis.Worker === undefined)
		return new (await import("node:worker_threads")).Worker(url);
	return new Worker(url, { type: "module" });
}

export class WorkerKernel {
	#connection;

	// options: { memoryLimit, onLine }
	static async boot({ onLine, ...options } = {}) {
		const connection = new Connection(await startWorker(), onLine);

		try {
			return new WorkerKernel(connection, await connection.call("boot", options));
		} catch (error) {
			connection.close();
			throw error;
		}
	}

	constructor(connection, { bootTime, compileTime }) {
		this.#connection = connection;
		this.fs = new WorkerFileSystem(connection);
		this.bootTime = bootTime;
		this.compileTime = compileTime;
	}

	get log() {
		return [...this.#connection.lines];
	}

	memory() {
		return this.#connection.call("memory");
	}

	async mount(image, options = {}) {
		return new WorkerMount(this.#connection,
			await this.#connection.call("mount", image, options));
	}

	// End at once, whatever it does: nothing is written back, and who waits gets an error.
	terminate() {
		return this.#connection.close(
			Object.assign(new Error("the kernel was ended"), { stopped: true }));
	}

	async destroy() {
		try {
			await this.#connection.call("destroy");
		} finally {
			await this.#connection.close();
		}
	}
}

// A kernel in a worker, at the service of WorkerKernel in worker-kernel.js.
//
// A message is { id, action, values }; its answer { id, result } or { id, error }.
// Lines of the log come as { line }.  Stats and Dirents cross as what they are
// made of.

import { pack, packError, transferable } from "./message.js";
import { Kernel } from "./kernel.js";

const port = globalThis.process?.versions?.node ?
	(await import("node:worker_threads")).parentPort : globalThis;

let kernel;
let mountCount = 0;
const mounts = new Map();

const actions = {
	async boot(options) {
		kernel = await Kernel.boot({ ...options, onLine: (line) => port.postMessage({ line }) });
		return { bootTime: kernel.bootTime, compileTime: kernel.compileTime };
	},
	async mount(image, options) {
		const mount = await kernel.mount(image, options);

		mounts.set(++mountCount, mount);
		return {
			number: mountCount, path: mount.path, readOnly: mount.readOnly,
			partition: mount.partition, partitions: mount.device.partitions(),
			size: mount.device.source.size,
		};
	},
	info: (number) => mounts.get(number).info(),
	changes: (number) => mounts.get(number).changes(),
	sync: (number) => mounts.get(number).sync(),
	save: (number) => mounts.get(number).save(),
	unmount(number) {
		mounts.get(number).unmount();
		mounts.delete(number);
	},
	files: (name, ...values) => kernel.fs[name](...values),
	read(fd, length, position) {
		const bytes = new Uint8Array(length);
		const count = kernel.fs.readSync(fd, bytes, 0, length, position);

		return count === length ? bytes : bytes.slice(0, count);
	},
	memory: () => kernel.memory,
	destroy: () => kernel.destroy(),
};

async function answer({ id, action, values }) {
	try {
		const result = pack(await actions[action](...values));

		port.postMessage({ id, result }, transferable(result));
	} catch (error) {
		port.postMessage({ id, error: packError(error) });
	}
}

if (globalThis.process?.versions?.node)
	port.on("message", answer);
else
	port.onmessage = ({ data }) => answer(data);

// What is measured in Node and in Chromium: the same work, on an image in memory.

import { compileModule, Kernel } from "../anykernel.js";

// The module with a section of its own, since engines know modules again by their bytes
// and take the code that they have compiled for them.
function unknownModule(bytes) {
	const name = new TextEncoder().encode(String(Math.random()));

	return new Blob([bytes, new Uint8Array([0, name.length + 1, name.length]), name]).arrayBuffer();
}

// Milliseconds to compile the module as the package does it, to boot the first kernel of it
// and the next, and the memory of one.  cold: the first of all, of a module that is compiled
// without the boot that the package adds.
export async function boot(bytes) {
	const fresh = async () => WebAssembly.compile(await unknownModule(bytes));
	const unprepared = await fresh();
	const cold = new Kernel(unprepared);
	const all = await unknownModule(bytes);
	const start = performance.now();
	const module = await compileModule(all);
	const compile = performance.now() - start;
	const kernel = new Kernel(module);

	return { compile, first: kernel.bootTime, next: new Kernel(module).bootTime,
		cold: cold.bootTime, memory: kernel.memory.total };
}

function list({ fs }) {
	const folders = ["/mnt"];
	let count = 0;

	for (const folder of folders) {
		for (const { path, stats } of fs.entriesSync(folder)) {
			count++;
			if (stats.isDirectory())
				folders.push(path);
		}
	}
	if (count < 20000)
		throw new Error(`only ${count} files`);
}

function read({ fs }) {
	const fd = fs.openSync("/mnt/big");
	const buffer = new Uint8Array(112 * 1024);
	let total = 0;
	let size;

	while ((size = fs.readSync(fd, buffer)) > 0)
		total += size;
	fs.closeSync(fd);
	if (total !== 64 * 2 ** 20)
		throw new Error(`read ${total} bytes`);
}

// Milliseconds for "list" or "read" in a fresh kernel.
export async function measure(what, image) {
	const kernel = new Kernel(await compileModule());

	await kernel.mount(image);
	const start = performance.now();
	({ list, read })[what](kernel);
	const took = performance.now() - start;
	kernel.destroy();
	return took;
}

// Rump kernels in browsers and Node: file-system drivers that run as a library.
//
//	import { Kernel } from "anykernel";
//
//	const kernel = await Kernel.boot();
//	await kernel.mount(bytes);
//	console.log(kernel.fs.readdirSync("/mnt"));
//	kernel.destroy();
//
// What there is, with its arguments and errors, is in anykernel.d.ts.

export { compileModule } from "./compile.js";
export { KernelError } from "./errors.js";
export { Dirent, Entry, FileSystem, join, Stats } from "./fs.js";
export { Kernel } from "./kernel.js";
export { blobOf, OverlaySource } from "./overlay.js";
export { BytesSource, CachedSource, openSource } from "./source.js";
export { tarStream } from "./tar.js";
export { WorkerKernel } from "./worker-kernel.js";

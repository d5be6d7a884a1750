// The compiled module, ready to boot.
//
// Engines compile a function of WebAssembly when it is first called, and so the first kernel
// of a process would take ten times as long to boot as those after it.  Here that belongs
// to compiling: a kernel boots and is thrown away.  All it costs besides is one more boot.

import { Machine } from "./machine.js";
import { loadModule } from "./module.js";

const ready = new WeakSet(); // modules

// The module itself, its bytes, or nothing for the one of this package.
export async function compileModule(from) {
	const module = await loadModule(from);

	if (!ready.has(module)) {
		new Machine(module, {}).destroy();
		ready.add(module);
	}
	return module;
}

// The compiled module, which all kernels of a page or process share.
//
// Where there is no WebAssembly, it is the same module as JavaScript, made by
// binaryen's wasm2js: an object whose instantiate() gives the exports.

let common;

// Read and compile the module that lies beside this file.
async function compileDefault() {
	const url = new URL("anykernel.wasm", import.meta.url);

	if (url.protocol === "file:" && globalThis.process?.versions?.node) {
		const { readFile } = await import("node:fs/promises");

		return WebAssembly.compile(await readFile(url));
	}
	const response = await fetch(url);
	if (!response.ok)
		throw new Error(`${url}: the server answers ${response.status}; the package's ` +
			"anykernel.wasm must be served beside its JavaScript");
	return WebAssembly.compile(await response.arrayBuffer());
}

// The module itself, its bytes, or nothing for the one of this package.
export async function loadModule(from) {
	if (globalThis.WebAssembly === undefined)
		return from ?? import("./anykernel.wasm.js");
	if (from instanceof WebAssembly.Module || typeof from?.instantiate === "function")
		return from;
	if (from !== undefined)
		return WebAssembly.compile(from);
	common ??= compileDefault().catch((error) => {
		common = undefined;
		throw error;
	});
	return common;
}

// The exports of a new instance.
export function instantiate(module, imports) {
	if (typeof module.instantiate === "function")
		return module.instantiate(imports);
	return new WebAssembly.Instance(module, imports).exports;
}

// The kernel of the page, in its worker, and the image that is open in it.
//
// Images are never written: changes lie over them in memory until they are saved.
// When the kernel stops, another one is booted, and the image opened again with
// the changes that were made so far.

import { WorkerKernel } from "../anykernel.js";

const UNPACKED_MAX = 16 * 2 ** 30; // bytes of what is unpacked here

async function isGzip(blob) {
	const head = new Uint8Array(await blob.slice(0, 2).arrayBuffer());

	return head[0] === 0x1f && head[1] === 0x8b;
}

async function unpack(blob) {
	let size = 0;
	const counted = blob.stream().pipeThrough(new DecompressionStream("gzip"))
		.pipeThrough(new TransformStream({
			transform(bytes, controller) {
				size += bytes.length;
				if (size > UNPACKED_MAX)
					throw new Error("unpacked it is larger than 16 GiB");
				controller.enqueue(bytes);
			},
		}));

	try {
		return await new Response(counted).blob();
	} catch (error) {
		throw new Error(`it is compressed with gzip and cannot be unpacked: ${error.message}`);
	}
}

export class Session {
	#options; // for boot
	#kernel;
	#mount;

	// onLine(line) is given each line of the kernel's log; onBoot() is told of each kernel
	constructor({ onLine, onBoot, memoryLimit }) {
		this.#options = { onLine, memoryLimit };
		this.onBoot = onBoot;
		this.image = undefined; // { source, name, partition, data }
		this.readOnlyBecause = undefined; // the error of mounting it to be written
		this.isChanged = false; // since it was opened or saved
	}

	get isOpen() {
		return this.#mount !== undefined;
	}

	get fs() {
		return this.#kernel.fs;
	}

	get mount() {
		return this.#mount;
	}

	get compileTime() {
		return this.#kernel?.compileTime;
	}

	get bootTime() {
		return this.#kernel?.bootTime;
	}

	get log() {
		return this.#kernel.log;
	}

	memory() {
		return this.#kernel.memory();
	}

	// End what goes on by ending the kernel; whoever waits for it gets an error.
	stop() {
		this.#kernel.terminate();
	}

	async boot() {
		this.#kernel = await WorkerKernel.boot(this.#options);
		this.onBoot();
	}

	// Another kernel instead of this one, without an image.
	async reboot() {
		this.#kernel?.terminate();
		this.#mount = undefined;
		await this.boot();
	}

	// Open source, to be written if that can be.  partition as in Kernel.mount().
	async open(source, name, { partition, data } = {}) {
		await this.close();
		const packed = source instanceof Blob && await isGzip(source);

		this.image = { source: packed ? await unpack(source) : source, name, partition, data };
		try {
			await this.#mountImage(true);
		} catch (error) {
			if (error.stopped)
				await this.reboot();
			throw error;
		}
	}

	async #mountImage(overlay) {
		const { source, partition, data } = this.image;
		const options = { asRoot: true, partition, data };

		this.readOnlyBecause = undefined;
		try {
			this.#mount = await this.#kernel.mount(source, { ...options, overlay });
		} catch (error) {
			if (error.stopped || error.partitions !== undefined)
				throw error;
			this.#mount = await this.#kernel.mount(source, { ...options, overlay, readOnly: true });
			this.readOnlyBecause = error;
		}
	}

	// Without saving.
	async close() {
		this.isChanged = false;
		if (this.#mount === undefined)
			return;
		const mount = this.#mount;

		this.#mount = undefined;
		try {
			await mount.unmount();
		} catch {
			await this.reboot(); // files are open, or it cannot be written back
		}
	}

	// Something was written.  It outlives the kernel from now on.
	async wasChanged() {
		this.isChanged = true;
		await this.#mount.sync();
	}

	// The image with its changes, as a Blob.
	async save() {
		return this.#mount.save();
	}

	// After an error: if the kernel has stopped, boot another with the same image.
	async recover(error) {
		if (!error.stopped)
			return;
		const wasOpen = this.#mount !== undefined;
		let changes = [];

		try {
			changes = await this.#mount?.changes() ?? [];
		} catch {
			this.isChanged = false; // the worker is gone, and they with it
		}
		await this.reboot();
		if (!wasOpen)
			return;
		try {
			await this.#mountImage(changes.length > 0 ? changes : true);
		} catch {
			this.#mount = undefined;
		}
	}
}

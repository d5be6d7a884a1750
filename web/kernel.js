// A kernel, and what is mounted in it.

import { compileModule } from "./compile.js";
import { argumentError, KernelError } from "./errors.js";
import { FileSystem } from "./fs.js";
import { Machine } from "./machine.js";
import { blobOf, OverlaySource } from "./overlay.js";
import { openSource } from "./source.js";

const MS_RDONLY = 1;
const O_DIRECTORY = 0o200000;
const decoder = new TextDecoder();

// A block device of a kernel, with a source behind it.
class Device {
	#machine;

	constructor(machine, name, source, readOnly) {
		this.#machine = machine;
		this.name = name;
		this.path = "/dev/" + name;
		this.source = source;
		this.readOnly = readOnly;
	}

	// What the partition table tells; empty if there is none.
	partitions() {
		let lines;

		try {
			lines = this.#machine.partitions(this.name);
		} catch (error) {
			if (error.code === "ENOENT")
				return [];
			throw error;
		}
		return lines.map(([name, table, type, typeName, label, start, size, isContainer]) => ({
			name, table, type, typeName, label,
			start: Number(start), size: Number(size),
			isContainer: isContainer === "1",
			path: `${this.path}p${name}`,
		}));
	}

	// Take the device away, with its partitions, and close the source.
	detach() {
		for (const partition of this.partitions())
			this.#machine.detach(`${this.name}p${partition.name}`);
		this.#machine.detach(this.name);
		this.source.close?.();
	}
}

class Mount {
	#kernel;
	#options; // it was mounted with

	// partition: undefined for the device as a whole
	constructor(kernel, path, device, partition, options) {
		this.#kernel = kernel;
		this.#options = options;
		this.path = path;
		this.device = device;
		this.partition = partition;
		this.readOnly = device.readOnly;
	}

	// Bytes that are kept over the image, and what they are; also of a kernel that has
	// stopped.
	get changedSize() {
		return this.device.source.changedSize ?? 0;
	}

	changes() {
		return this.device.source.changes?.() ?? [];
	}

	// Write back what is to be written.
	sync() {
		this.#kernel.syscall("sync");
	}

	// The image as it is now, as a Blob.  What is written is unmounted for that, so that
	// all is in it and it is marked clean.
	save() {
		return this.#kernel._save(this, this.#options);
	}

	// What the driver has to say about the file system: pairs of name and value.
	info() {
		const text = decoder.decode(this.#kernel._attribute(this.path, "rump.filesystem"));

		return text.split("\n").filter((line) => line !== "").map((line) => {
			const colon = line.indexOf(": ");

			return colon < 0 ? ["", line] : [line.slice(0, colon), line.slice(colon + 2)];
		});
	}

	unmount() {
		this.#kernel._unmount(this);
	}
}

function describe(partition) {
	const words = [partition.typeName || partition.type];

	if (partition.label !== "")
		words.push(JSON.stringify(partition.label));
	return `${partition.name} (${words.join(", ")})`;
}

export class Kernel {
	#machine;
	#deviceCount = 0;
	#outside; // a descriptor of the root from before chroot(), which leads back to it
	#root; // the mount's path that is the root now

	// options: { memoryLimit, onLine, module }
	static async boot(options = {}) {
		const start = performance.now();
		const module = await compileModule(options.module);
		const compileTime = performance.now() - start;
		const kernel = new Kernel(module, options);

		kernel.compileTime = compileTime;
		return kernel;
	}

	// For those who have a compiled module: nothing to wait for.
	constructor(module, { memoryLimit = 0, onLine } = {}) {
		const start = performance.now();

		this.compileTime = 0; // milliseconds that boot() waited for the module
		this.#machine = new Machine(module, { memoryLimit, onLine });
		this.fs = new FileSystem(this.#machine);
		this.bootTime = performance.now() - start; // milliseconds
	}

	// The lines of the kernel's log, the oldest first.
	get log() {
		return [...this.#machine.lines];
	}

	get memory() {
		return { taken: this.#machine.memoryTaken, total: this.#machine.memorySize };
	}

	// A system call by its name, as in docs/syscalls.md: its result, or negative errno.
	syscall(name, ...values) {
		return this.#machine.syscall(name, values);
	}

	// Make what openSource() takes a block device.
	async attach(image, { overlay, readOnly = !overlay } = {}) {
		const below = await openSource(image, { readOnly: readOnly || Boolean(overlay) });
		const source = overlay ?
			new OverlaySource(below, overlay === true ? [] : overlay) : below;
		const name = `disk${this.#deviceCount}`;

		try {
			this.#machine.attach(name, source, !readOnly && !source.readOnly);
		} catch (error) {
			source.close?.();
			throw error;
		}
		this.#deviceCount++;
		return new Device(this.#machine, name, source, readOnly || source.readOnly);
	}

	// Mount the file system in image, or in its only partition that has one, or in
	// the one that is named.
	async mount(image, options = {}) {
		const { at = "/mnt" } = options;
		const device = await this.attach(image, options);

		return this.#fromOutside(() => {
			try {
				this.fs.mkdirSync(at, { recursive: true });
				const mount = this.#mountDevice(device, at, options);

				if (options.asRoot)
					this.#root = at;
				return mount;
			} catch (error) {
				if (!this.#machine.isDead)
					device.detach();
				throw error;
			}
		});
	}

	// Run code with the kernel's own root, then let that of asRoot be the root.
	#fromOutside(code) {
		const must = (name, ...values) => this.#machine.must(name, values);

		this.#outside ??= this.fs.openSync("/", O_DIRECTORY);
		if (this.#root !== undefined) {
			must("fchdir", this.#outside);
			must("chroot", ".");
		}
		try {
			return code();
		} finally {
			if (this.#root !== undefined && !this.#machine.isDead) {
				must("chroot", this.#root);
				must("chdir", "/");
			}
		}
	}

	#mountAt(path, at, device, { type = "auto", data = "" }) {
		const flags = device.readOnly ? MS_RDONLY : 0;

		this.#machine.must("mount", [path, at, type, flags, data], { path });
	}

	#mountDevice(device, at, options) {
		if (options.partition !== undefined)
			return this.#mountNamed(device, at, options);
		try {
			this.#mountAt(device.path, at, device, options);
			return new Mount(this, at, device, undefined, options);
		} catch (error) {
			return this.#mountOnly(device, at, options, error);
		}
	}

	#mountNamed(device, at, options) {
		const all = device.partitions();
		const wanted = String(options.partition);
		const found = all.find(({ name }) => name === wanted) ??
			all.find(({ label }) => label === wanted);

		if (found === undefined)
			throw new KernelError(2, { message: `the image has no partition ${wanted}; it has ` +
				(all.map(describe).join(", ") || "no partition table") });
		this.#mountAt(found.path, at, device, options);
		return new Mount(this, at, device, found, options);
	}

	// As a whole it cannot be mounted, because of error.
	#mountOnly(device, at, options, error) {
		const all = device.partitions();
		const usable = all.filter((partition) => this.#isUsable(partition, at, device, options));

		if (usable.length === 1)
			return this.#mountNamed(device, at, { ...options, partition: usable[0].name });
		if (usable.length > 1)
			throw Object.assign(new KernelError(22, { message: "the image has several file " +
				"systems; choose a partition: " + usable.map(describe).join(", ") }),
			{ partitions: all });
		if (all.length > 0)
			throw Object.assign(new KernelError(22, { message: "the image is a disk with " +
				"partitions, none of which has a file system that can be mounted: " +
				all.map(describe).join(", "), cause: error }), { partitions: all });
		throw error;
	}

	#isUsable(partition, at, device, options) {
		if (partition.isContainer)
			return false;
		try {
			this.#mountAt(partition.path, at, device, options);
		} catch (error) {
			if (this.#machine.isDead)
				throw error;
			return false;
		}
		this.#machine.must("umount2", [at, 0]);
		return true;
	}

	_attribute(path, name) {
		return this.#fromOutside(() => this.fs.getxattrSync(path, name));
	}

	_save(mount, options) {
		const { device, partition, path } = mount;

		if (mount.readOnly)
			return blobOf(device.source);
		return this.#fromOutside(() => {
			this.#machine.must("umount2", [path, 0], { path });
			try {
				return blobOf(device.source);
			} finally {
				this.#mountAt(partition?.path ?? device.path, path, device, options);
			}
		});
	}

	_unmount(mount) {
		if (!(mount instanceof Mount))
			throw argumentError("not a mount");
		this.#fromOutside(() => {
			this.#machine.must("umount2", [mount.path, 0], { path: mount.path });
			if (this.#root === mount.path)
				this.#root = undefined;
			mount.device.detach();
		});
	}

	// Write back what is to be written, and end.  Sources stay open for their owners.
	destroy() {
		this.#machine.destroy();
	}
}

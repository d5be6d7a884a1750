// The JavaScript package, in Node: kernels, mounts, files and what goes wrong.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";

const web = process.env.BUILD_ROOT + "/web/";
const { Kernel, KernelError, WorkerKernel, BytesSource, CachedSource, compileModule, openSource,
	OverlaySource, tarStream } =
	await import(pathToFileURL(web + "anykernel.js").href);

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), "web-api-"));
after(() => fs.rmSync(scratch, { recursive: true }));

const LARGE = 3 * 1024 * 1024 + 5;
const SECTOR = 512;

function noise(size) {
	const bytes = new Uint8Array(size);

	for (let i = 0, word = 1; i < size; i++) {
		word = Math.imul(word, 1103515245) + 12345;
		bytes[i] = word >>> 16;
	}
	return bytes;
}

const imagePath = path.join(scratch, "small.img");

{
	const tree = path.join(scratch, "tree");

	fs.mkdirSync(path.join(tree, "folder/deep"), { recursive: true });
	fs.writeFileSync(path.join(tree, "hello"), "Hello, world\n");
	fs.writeFileSync(path.join(tree, "large"), noise(LARGE));
	fs.writeFileSync(path.join(tree, "folder/deep/file"), "deep\n");
	fs.writeFileSync(Buffer.concat([Buffer.from(tree + "/"), Buffer.from([0x66, 0xff, 0x67])]),
		"odd\n");
	fs.utimesSync(path.join(tree, "hello"), 1e9, 1e9);
	fs.symlinkSync("folder/deep", path.join(tree, "link"));
	execFileSync("makefs", ["-t", "ffs", "-s", "12m", "-o", "version=2,density=8192", imagePath, tree]);
}
const image = fs.readFileSync(imagePath);

async function withImage(from, options, code) {
	const kernel = await Kernel.boot();

	try {
		await code(kernel, await kernel.mount(from, options));
	} finally {
		kernel.destroy();
	}
}

// ---- kernels -------------------------------------------------------------------------

test("a fresh kernel has a root and devices, and little memory", async () => {
	const kernel = await Kernel.boot();

	assert.deepEqual(kernel.fs.readdirSync("/"), ["dev"]);
	assert.ok(kernel.fs.statSync("/dev/null").isCharacterDevice());
	assert.ok(kernel.memory.total <= 1024 * 1024, `${kernel.memory.total} bytes`);
	assert.ok(kernel.bootTime > 0 && kernel.compileTime > 0);
	kernel.destroy();
	assert.throws(() => kernel.fs.readdirSync("/"), /was destroyed/);
});

test("a module is made ready once, by a boot that leaves nothing", async () => {
	const instantiate = WebAssembly.Instance;
	const module = new WebAssembly.Module(fs.readFileSync(web + "anykernel.wasm"));
	let count = 0;

	WebAssembly.Instance = class extends instantiate {
		constructor(...values) {
			super(...values);
			count++;
		}
	};
	try {
		assert.equal(await compileModule(module), module);
		assert.equal(count, 1);
		assert.equal(await compileModule(module), module);
		assert.equal(count, 1);
		new Kernel(module).destroy();
		assert.equal(count, 2);
	} finally {
		WebAssembly.Instance = instantiate;
	}
});

test("random bytes are drawn once, few or many", async () => {
	const kernel = await Kernel.boot();
	const fd = kernel.fs.openSync("/dev/urandom");
	const seen = new Set();

	for (const size of [...Array(300).fill(16), 1024, 1025, 100000]) {
		const bytes = new Uint8Array(size);

		assert.equal(kernel.fs.readSync(fd, bytes), size);
		for (let at = 0; at + 16 <= size; at += 16)
			seen.add(bytes.subarray(at, at + 16).join());
	}
	assert.equal(seen.size, 300 + 64 + 64 + 6250);
	kernel.fs.closeSync(fd);
	kernel.destroy();
});

test("what is known of a file goes into JSON", async () => {
	const kernel = await Kernel.boot();

	kernel.fs.writeFileSync("/file", "12345", { mode: 0o640 });
	kernel.fs.utimesSync("/file", 1.5, 2.5);
	const stats = JSON.parse(JSON.stringify(kernel.fs.statSync("/file")));
	assert.deepEqual([stats.size, stats.mode, stats.mtimeMs, stats.atime],
		[5, 0o100640, 2500, "1970-01-01T00:00:01.500Z"]);
	kernel.destroy();
});

test("the kernel's memory limit holds, and its end is an error", async () => {
	const kernel = await Kernel.boot({ memoryLimit: 4 * 1024 * 1024 });

	assert.throws(() => kernel.fs.writeFileSync("/big", new Uint8Array(8 * 1024 * 1024)),
		{ code: "ENOSPC" });
	assert.ok(kernel.memory.taken <= 4 * 1024 * 1024);
	kernel.fs.unlinkSync("/big");
	kernel.fs.writeFileSync("/small", "there is room again");
	kernel.destroy();
	await assert.rejects(Kernel.boot({ memoryLimit: 4096 }), { code: "ENOMEM" });
});

test("two kernels share nothing", async () => {
	const module = await compileModule();
	const [one, two] = [new Kernel(module), new Kernel(module)];

	one.fs.writeFileSync("/mine", "one");
	assert.equal(two.fs.existsSync("/mine"), false);
	one.destroy();
	assert.deepEqual(two.fs.readdirSync("/"), ["dev"]);
	two.destroy();
});

test("one instance holds several kernels, and their memory is used again", async () => {
	const module = await compileModule();
	const { Host } = await import(pathToFileURL(web + "host.js").href);
	const host = new Host({ onLine() {}, onDue() {} });
	const { exports } = new WebAssembly.Instance(module, host.imports());

	host.bind(exports.memory);
	const kernels = [1, 2, 3].map(() => exports.web_boot(0, 0));
	assert.equal(new Set(kernels).size, 3);
	const size = exports.memory.buffer.byteLength;
	for (let i = 0; i < 20; i++) {
		assert.equal(exports.web_destroy(kernels[i % 3]), 0);
		kernels[i % 3] = exports.web_boot(0, 0);
	}
	assert.equal(exports.memory.buffer.byteLength, size);
	for (const kernel of kernels) {
		assert.equal(exports.web_syscall(kernel, 172), 1); // getpid
		assert.equal(exports.web_destroy(kernel), 0);
	}
	assert.equal(exports.web_run(), Infinity);
});

test("the module as JavaScript does the same", async (context) => {
	if (!fs.existsSync(web + "anykernel.wasm.js")) {
		context.skip("there was no wasm2js to make it with");
		return;
	}
	const module = await import(pathToFileURL(web + "anykernel.wasm.js").href);
	const kernels = [await Kernel.boot({ module }), await Kernel.boot({ module })];

	for (const kernel of kernels) {
		await kernel.mount(image);
		assert.deepEqual(kernel.fs.readFileSync("/mnt/large"), noise(LARGE));
		assert.equal(kernel.fs.statSync("/mnt/hello").mtimeNs, 10n ** 18n);
		kernel.fs.writeFileSync("/mine", noise(LARGE)); // memory grows
		assert.deepEqual(kernel.fs.readFileSync("/mine"), noise(LARGE));
	}
	kernels[0].fs.unlinkSync("/mine");
	assert.ok(kernels[1].fs.existsSync("/mine"));
	for (const kernel of kernels)
		kernel.destroy();
});

// ---- reading ---------------------------------------------------------------------------

test("files, directories and links of an image read as they were made", async () => {
	await withImage(image, {}, async (kernel, mount) => {
		assert.equal(mount.path, "/mnt");
		assert.ok(mount.info().some(([name, value]) => name === "format" && value === "UFS2"));
		assert.equal(kernel.fs.readFileSync("/mnt/hello", "utf8"), "Hello, world\n");
		assert.deepEqual(kernel.fs.readFileSync("/mnt/large"), noise(LARGE));
		assert.equal(kernel.fs.readlinkSync("/mnt/link"), "folder/deep");
		assert.equal(kernel.fs.readFileSync("/mnt/link/file", "utf8"), "deep\n");
		assert.ok(kernel.fs.lstatSync("/mnt/link").isSymbolicLink());
		assert.ok(kernel.fs.statSync("/mnt/link").isDirectory());
		assert.equal(kernel.fs.statSync("/mnt/large").size, LARGE);
		assert.equal(kernel.fs.statSync("/mnt/hello").mtimeMs, 1e12);
	});
});

test("directories are listed in all the ways of Node", async () => {
	await withImage(image, {}, async (kernel) => {
		const names = kernel.fs.readdirSync("/mnt");

		assert.deepEqual(names.sort(), ["folder", "f\ufffdg", "hello", "large", "link"]);
		const bytes = kernel.fs.readdirSync("/mnt", "buffer");
		const odd = bytes.find((name) => name.includes(0xff));
		assert.deepEqual(odd, new Uint8Array([0x66, 0xff, 0x67]));
		const oddPath = Buffer.concat([Buffer.from("/mnt/"), odd]);
		assert.equal(kernel.fs.readFileSync(oddPath, "utf8"), "odd\n");
		const entries = kernel.fs.readdirSync("/mnt", { withFileTypes: true });
		assert.ok(entries.find(({ name }) => name === "folder").isDirectory());
		assert.ok(entries.find(({ name }) => name === "link").isSymbolicLink());
		assert.deepEqual(kernel.fs.readdirSync("/mnt/folder", { recursive: true }),
			["deep", "deep/file"]);
	});
});

test("the promised forms do the same", async () => {
	await withImage(image, {}, async (kernel) => {
		assert.equal(await kernel.fs.readFile("/mnt/hello", "utf8"), "Hello, world\n");
		assert.deepEqual(await kernel.fs.readFile("/mnt/large"), noise(LARGE));
		assert.equal((await kernel.fs.promises.stat("/mnt/large")).size, LARGE);
		await assert.rejects(kernel.fs.readdir("/mnt/none"), { code: "ENOENT" });
		await assert.rejects(kernel.fs.readFile("/mnt/none"), { code: "ENOENT" });
	});
});

test("a stream gives a file, or a range of it", async () => {
	await withImage(image, {}, async (kernel, mount) => {
		const whole = await new Response(kernel.fs.readable("/mnt/large")).arrayBuffer();
		assert.deepEqual(new Uint8Array(whole), noise(LARGE));
		const part = kernel.fs.readable("/mnt/large", { start: 100, end: 250000 });
		assert.deepEqual(new Uint8Array(await new Response(part).arrayBuffer()),
			noise(LARGE).slice(100, 250000));
		await kernel.fs.readable("/mnt/large").cancel();
		mount.unmount(); // nothing is open any more
	});
});

// ---- errors -----------------------------------------------------------------------------

test("errors have code, errno, syscall, path and a message like Node's", async () => {
	const kernel = await Kernel.boot();

	assert.throws(() => kernel.fs.readFileSync("/none"), (error) => {
		assert.ok(error instanceof KernelError && error instanceof Error);
		assert.equal(error.message, "ENOENT: no such file or directory, open '/none'");
		assert.deepEqual([error.code, error.errno, error.syscall, error.path],
			["ENOENT", -2, "open", "/none"]);
		return true;
	});
	assert.throws(() => kernel.fs.renameSync("/none", "/other"),
		{ code: "ENOENT", dest: "/other", syscall: "rename" });
	assert.throws(() => kernel.fs.readdirSync("/dev/null"), { code: "ENOTDIR" });
	assert.throws(() => kernel.fs.statSync("/a\0b"), { code: "ERR_INVALID_ARG_VALUE" });
	assert.throws(() => kernel.fs.statSync(7), { code: "ERR_INVALID_ARG_TYPE" });
	assert.throws(() => kernel.fs.statSync("/" + "n".repeat(300)), { code: "ENAMETOOLONG" });
	assert.throws(() => kernel.fs.statSync("/" + "n/".repeat(100000)), { code: "ENAMETOOLONG" });
	assert.equal(kernel.syscall("getpid"), 1);
	assert.equal(kernel.syscall("close", 99), -9);
	kernel.destroy();
});

test("every error number of the kernel has its name", async () => {
	const { errno } = await import(pathToFileURL(web + "errors.js").href);
	const header = fs.readFileSync(process.env.SOURCE_ROOT + "/base/errno.h", "utf8");

	for (const [name, number] of Object.entries(errno))
		assert.match(header, new RegExp(`#define ${name}\\t+${number}\\t`));
});

test("what is no image is refused with a reason, and the kernel goes on", async () => {
	const kernel = await Kernel.boot();

	for (const bytes of [new Uint8Array(0), new Uint8Array(100000), noise(1000000)]) {
		await assert.rejects(kernel.mount(bytes), (error) => {
			assert.equal(error.syscall, "mount");
			assert.match(error.message, /mount.*\(.*\)/);
			return true;
		});
	}
	await kernel.mount(image);
	assert.equal(kernel.fs.readFileSync("/mnt/hello", "utf8"), "Hello, world\n");
	await assert.rejects(kernel.mount(undefined), { code: "ERR_INVALID_ARG_TYPE" });
	await assert.rejects(kernel.mount(path.join(scratch, "none.img")), { code: "ENOENT" });
	kernel.destroy();
});

test("a damaged image says what is wrong and where", async () => {
	const damaged = new Uint8Array(image);
	const view = new DataView(damaged.buffer);
	let ino, linkIno;

	await withImage(damaged, {}, async (kernel) => {
		linkIno = kernel.fs.lstatSync("/mnt/link").ino;
		ino = kernel.fs.statSync("/mnt/large").ino;
	});
	// makefs puts the superblock at 8192; the first fields that are named here tell
	// where inodes begin and how large a fragment is.  Spoil block pointers.
	const inodes = view.getUint32(8192 + 16, true) * view.getUint32(8192 + 52, true);
	damaged.fill(0xff, inodes + ino * 256 + 112, inodes + ino * 256 + 136);
	damaged.fill(0xff, inodes + linkIno * 256, inodes + linkIno * 256 + 2); // its mode
	await withImage(damaged, {}, async (kernel) => {
		const entries = kernel.fs.entriesSync("/mnt");
		assert.equal(entries.find(({ name }) => name === "link").error.code, "EUCLEAN");
		assert.equal(entries.filter(({ error }) => error !== undefined).length, 1);
		assert.equal(entries.find(({ name }) => name === "hello").stats.size, 13);
		assert.throws(() => kernel.fs.readFileSync("/mnt/large"), (error) => {
			assert.equal(error.code, "EUCLEAN");
			assert.match(error.message, new RegExp(`inode ${ino}`));
			return true;
		});
		assert.equal(kernel.fs.readFileSync("/mnt/hello", "utf8"), "Hello, world\n");
		assert.ok(kernel.log.some((line) => line.includes(`inode ${ino}`)));
	});
});

test("a source that fails gives EIO with its reason, and no more", async () => {
	let broken = false;
	const source = {
		size: image.length,
		readOnly: true,
		read(offset, target) {
			if (broken)
				throw new Error("the disk is on fire");
			target.set(image.subarray(offset, offset + target.length));
		},
	};

	await withImage(source, {}, async (kernel) => {
		broken = true;
		assert.throws(() => kernel.fs.readFileSync("/mnt/large"), (error) => {
			assert.equal(error.code, "EIO");
			assert.equal(error.cause.message, "the disk is on fire");
			return true;
		});
		broken = false;
		assert.deepEqual(kernel.fs.readFileSync("/mnt/large"), noise(LARGE));
	});
});

// ---- sources, partitions, mounts -------------------------------------------------------------

test("descriptors, paths, blobs and buffers are images", async () => {
	const fd = fs.openSync(imagePath);
	const buffer = image.buffer.slice(image.byteOffset, image.byteOffset + image.length);
	const sources = [fd, imagePath, pathToFileURL(imagePath), new Blob([image]), buffer];

	for (const from of sources) {
		await withImage(from, {}, async (kernel, mount) => {
			assert.equal(kernel.fs.readFileSync("/mnt/hello", "utf8"), "Hello, world\n");
			mount.unmount();
			assert.throws(() => kernel.fs.readFileSync("/mnt/hello"), { code: "ENOENT" });
		});
	}
	fs.closeSync(fd);
	await assert.rejects(openSource("https://localhost/image"), /worker/);
});

test("a cache reads blocks once, ahead where that pays, and forgets the oldest", () => {
	const bytes = noise(100000);
	const reads = [];
	const below = {
		size: bytes.length,
		read(offset, target) {
			reads.push([offset, target.length]);
			target.set(bytes.subarray(offset, offset + target.length));
		},
	};
	const cache = new CachedSource(below, { blockSize: 1000, cacheSize: 10000, aheadMax: 4 });
	const target = new Uint8Array(1500);
	const check = (offset, expected) => {
		reads.length = 0;
		cache.read(offset, target);
		assert.deepEqual(target, bytes.slice(offset, offset + target.length));
		assert.deepEqual(reads, expected);
	};

	check(0, [[0, 1000], [1000, 2000]]);
	check(500, []);
	check(1500, []);
	check(3000, [[3000, 4000]]);
	check(50000, [[50000, 1000], [51000, 2000]]);
	check(98500, [[98000, 1000], [99000, 1000]]);
	check(0, [[0, 1000], [1000, 2000]]);
});

// An MBR whose entries are [type, first sector, sectors].
function disk(entries, size) {
	const bytes = new Uint8Array(size);
	const view = new DataView(bytes.buffer);

	entries.forEach(([type, first, count], i) => {
		const at = 446 + 16 * i;

		bytes[at + 4] = type;
		view.setUint32(at + 8, first, true);
		view.setUint32(at + 12, count, true);
	});
	view.setUint16(510, 0xaa55, true);
	return bytes;
}

test("of a disk the only file system is mounted, of several the one named", async () => {
	const sectors = Math.ceil(image.length / SECTOR);
	const bytes = disk([[0x83, 64, 64], [0xa9, 128, sectors], [0xa9, 128 + sectors, sectors]],
		(128 + 2 * sectors) * SECTOR);

	bytes.set(image, 128 * SECTOR);
	await withImage(bytes, {}, async (kernel, mount) => {
		assert.equal(mount.partition.name, "2");
		assert.equal(mount.partition.start, 128 * SECTOR);
		assert.equal(kernel.fs.readFileSync("/mnt/hello", "utf8"), "Hello, world\n");
		assert.equal(mount.device.partitions().length, 3);
		mount.unmount();
	});
	bytes.set(image, (128 + sectors) * SECTOR);
	await assert.rejects(withImage(bytes, {}, () => {}), /choose a partition: 2 .*, 3 /);
	await withImage(bytes, { partition: 3 }, async (kernel, mount) => {
		assert.equal(mount.partition.start, (128 + sectors) * SECTOR);
	});
	await assert.rejects(withImage(bytes, { partition: "x" }, () => {}), /no partition x; it has 1/);
	await assert.rejects(withImage(bytes, { partition: 1 }, () => {}), { syscall: "mount" });
});

test("several images are mounted at a time, and unmounted", async () => {
	const kernel = await Kernel.boot();
	const mounts = [];

	for (const at of ["/one", "/two/deeper"])
		mounts.push(await kernel.mount(image, { at }));
	assert.deepEqual(kernel.fs.readFileSync("/two/deeper/large"), noise(LARGE));
	const fd = kernel.fs.openSync("/one/hello");
	assert.throws(() => mounts[0].unmount(), { code: "EBUSY" });
	kernel.fs.closeSync(fd);
	for (const mount of mounts)
		mount.unmount();
	assert.deepEqual(kernel.fs.readdirSync("/one"), []);
	kernel.destroy();
});

// ---- writing, on the root's tmpfs ----------------------------------------------------------

test("files are written, changed, renamed and removed", async () => {
	const kernel = await Kernel.boot();
	const k = kernel.fs;

	k.mkdirSync("/a/b/c", { recursive: true });
	k.writeFileSync("/a/b/file", noise(LARGE));
	k.appendFileSync("/a/b/file", "end");
	assert.equal(k.statSync("/a/b/file").size, LARGE + 3);
	assert.deepEqual(k.readFileSync("/a/b/file").subarray(0, LARGE), noise(LARGE));
	k.symlinkSync("b/file", "/a/link");
	k.linkSync("/a/b/file", "/a/hard");
	assert.equal(k.statSync("/a/link").nlink, 2);
	k.renameSync("/a/hard", "/a/renamed");
	k.chmodSync("/a/renamed", 0o600);
	k.chownSync("/a/renamed", 5, 6);
	k.utimesSync("/a/renamed", 1.5, new Date(2500));
	const status = k.statSync("/a/renamed");
	assert.deepEqual([status.mode & 0o777, status.uid, status.gid], [0o600, 5, 6]);
	assert.deepEqual([status.atimeNs, status.mtimeNs], [1500000000n, 2500000000n]);
	k.truncateSync("/a/renamed", 4);
	assert.deepEqual(k.readFileSync("/a/link"), noise(4));
	assert.throws(() => k.writeFileSync("/a/renamed", "x", { flag: "wx" }), { code: "EEXIST" });
	assert.throws(() => k.rmSync("/a"), { code: "EISDIR" });
	k.rmSync("/a", { recursive: true });
	assert.equal(k.existsSync("/a"), false);
	k.rmSync("/a", { force: true });
	kernel.destroy();
});

test("a read-only source is never written", async () => {
	const writes = [];
	const source = new BytesSource(image, { readOnly: true });

	source.write = (...values) => writes.push(values);
	await withImage(source, { readOnly: false }, async (kernel, mount) => {
		assert.equal(mount.readOnly, true);
		assert.throws(() => kernel.fs.writeFileSync("/mnt/new", "x"), { code: "EROFS" });
		assert.throws(() => kernel.fs.unlinkSync("/mnt/hello"), { code: "EROFS" });
	});
	assert.deepEqual(writes, []);
});

// ---- writing, to an image ----------------------------------------------------------------

// What the native command prints.
function rump(...words) {
	return execFileSync(process.env.BUILD_ROOT + "/rump", words,
		{ encoding: "latin1", maxBuffer: 2 ** 26 });
}

// Make one of each kind of change below top.
function change(k, top) {
	k.mkdirSync(`${top}/new/inner`, { recursive: true });
	k.writeFileSync(`${top}/new/data`, noise(LARGE));
	k.truncateSync(`${top}/new/data`, LARGE - 7);
	k.appendFileSync(`${top}/hello`, "again\n");
	k.renameSync(`${top}/folder/deep/file`, `${top}/new/moved`);
	k.unlinkSync(`${top}/large`);
	k.rmSync(`${top}/folder`, { recursive: true });
	k.symlinkSync("/new/moved", `${top}/new/link`);
	k.linkSync(`${top}/hello`, `${top}/new/hard`);
	k.chmodSync(`${top}/hello`, 0o640);
}

function checkChanged(file) {
	assert.equal(rump("cat", `${file}:/hello`), "Hello, world\nagain\n");
	assert.equal(rump("cat", `${file}:/new/moved`), "deep\n");
	assert.equal(rump("cat", `${file}:/new/link`), "deep\n");
	assert.ok(Buffer.from(rump("cat", `${file}:/new/data`), "latin1")
		.equals(Buffer.from(noise(LARGE - 7))));
	assert.match(rump("info", file), /clean: +yes/);
	assert.match(rump("ls", "-l", file), /^-rw-r----- +2 .* hello$/m);
	assert.doesNotMatch(rump("ls", file), /^(large|folder)$/m);
}

test("an image that is a file is written, and natively it is the same", async () => {
	const file = path.join(scratch, "written.img");

	fs.copyFileSync(imagePath, file);
	await withImage(file, { readOnly: false }, (kernel, mount) => {
		assert.equal(mount.readOnly, false);
		change(kernel.fs, "/mnt");
	});
	checkChanged(file);
});

test("an overlay keeps changes, gives them out, and saves the image", async () => {
	const file = path.join(scratch, "overlay.img");
	const before = Buffer.from(image);
	let changes;

	await withImage(image, { overlay: true }, async (kernel, mount) => {
		change(kernel.fs, "/mnt");
		const saved = mount.save();
		fs.writeFileSync(file, Buffer.from(await saved.arrayBuffer()));
		assert.equal(kernel.fs.readFileSync("/mnt/new/moved", "utf8"), "deep\n");
		mount.unmount();
		changes = mount.changes();
		assert.ok(mount.changedSize >= LARGE);
		assert.ok(image.equals(before));
	});
	checkChanged(file);
	await withImage(imagePath, { overlay: changes }, (kernel) => {
		assert.equal(kernel.fs.readFileSync("/mnt/new/moved", "utf8"), "deep\n");
	});
	assert.ok(image.equals(fs.readFileSync(imagePath)));
});

test("an overlay reads as bytes that are changed in place", () => {
	const bytes = noise(200000);
	const overlay = new OverlaySource(new BytesSource(bytes.slice(), { readOnly: true }));
	const target = new Uint8Array(150000);

	for (const [offset, size] of [[10, 5], [65530, 20], [131072, 65536], [199999, 1], [0, 70000]]) {
		const data = noise(size).map((byte) => byte ^ 0x55);

		overlay.write(offset, data);
		bytes.set(data, offset);
		for (const from of [0, 1, 50000]) {
			overlay.read(from, target);
			assert.deepEqual(target, bytes.slice(from, from + target.length));
		}
	}
	assert.equal(overlay.blob().size, 200000);
});

test("an image can be the root, and saving and unmounting find the way out", async () => {
	await withImage(image, { overlay: true, asRoot: true }, async (kernel, mount) => {
		const k = kernel.fs;

		k.symlinkSync("/folder/deep/file", "/absolute");
		assert.equal(k.readFileSync("/absolute", "utf8"), "deep\n");
		assert.equal(k.existsSync("/dev"), false);
		assert.equal(k.readFileSync("/../../hello", "utf8"), "Hello, world\n");
		assert.equal(mount.save().size, image.length);
		assert.equal(k.readFileSync("/absolute", "utf8"), "deep\n");
		assert.ok(mount.info().some(([name]) => name === "format"));
		mount.unmount();
		assert.ok(k.existsSync("/dev"));
	});
});

test("entries are names with attributes, and paths that lead to them", async () => {
	await withImage(image, {}, async (kernel) => {
		const entries = kernel.fs.entriesSync("/mnt");

		assert.equal(entries.length, 5);
		for (const { name, path: at, stats } of entries) {
			assert.equal(kernel.fs.lstatSync(at).ino, stats.ino);
			assert.equal(typeof at === "string", !name.includes("\ufffd"));
		}
		assert.deepEqual((await kernel.fs.entries("/mnt")).map(({ name }) => name),
			entries.map(({ name }) => name));
	});
});

// ---- workers and archives --------------------------------------------------------------------

test("a kernel in a worker does the same, in promises", async () => {
	const lines = [];
	const kernel = await WorkerKernel.boot({ onLine: (line) => lines.push(line) });
	const k = kernel.fs;

	assert.ok(kernel.bootTime > 0);
	await assert.rejects(kernel.mount(new Uint8Array(100000)), (error) => {
		assert.ok(error instanceof KernelError);
		assert.equal(error.syscall, "mount");
		return true;
	});
	assert.ok(lines.length > 0 && kernel.log.length === lines.length);
	const mount = await kernel.mount(imagePath);
	assert.ok((await mount.info()).some(([name]) => name === "format"));
	assert.deepEqual(await k.readFile("/mnt/large"), noise(LARGE));
	const status = await k.stat("/mnt/hello");
	assert.ok(status.isFile() && status.mtimeNs === 10n ** 18n && status.mtime instanceof Date);
	const entries = await k.readdir("/mnt", { withFileTypes: true });
	assert.ok(entries.find(({ name }) => name === "folder").isDirectory());
	const buffer = new Uint8Array(5);
	const fd = await k.open("/mnt/hello");
	assert.equal(await k.read(fd, buffer, 0, 5, 7), 5);
	assert.equal(Buffer.from(buffer).toString(), "world");
	await assert.rejects(mount.unmount(), { code: "EBUSY" });
	await k.close(fd);
	const stream = k.readable("/mnt/large", { start: 5, end: LARGE - 5 });
	assert.deepEqual(new Uint8Array(await new Response(stream).arrayBuffer()),
		noise(LARGE).slice(5, -5));
	await assert.rejects(k.readdir("/mnt/none"),
		{ code: "ENOENT", errno: -2, path: "/mnt/none", syscall: "open" });
	await mount.unmount();
	const other = await kernel.mount(imagePath, { overlay: true });
	await k.writeFile("/mnt/new", "new\n");
	await other.sync();
	assert.ok((await other.changes()).length > 0);
	assert.equal((await other.save()).size, image.length);
	assert.equal((await k.entries("/mnt")).find(({ name }) => name === "new").stats.size, 4);
	assert.ok((await kernel.memory()).total > 0);
	await kernel.destroy();
	await assert.rejects(k.readdir("/"), /was destroyed/);
});

test("a folder as tar unpacks to what it was", async () => {
	await withImage(image, {}, async (kernel) => {
		const longName = "n".repeat(200);

		kernel.fs.mkdirSync(`/top/${longName}`, { recursive: true });
		kernel.fs.writeFileSync(`/top/${longName}/${longName}`, "long\n");
		kernel.fs.writeFileSync("/top/first", "linked\n");
		kernel.fs.linkSync("/top/first", "/top/second");
		kernel.fs.symlinkSync("t".repeat(150), "/top/symbolic");
		kernel.fs.chmodSync("/top/first", 0o640);
		kernel.fs.utimesSync("/top/first", 1, 1.25);
		for (const from of ["/top", "/mnt"]) {
			const stream = tarStream(kernel.fs, from, "made");
			const archive = path.join(scratch, "made.tar");

			fs.writeFileSync(archive, Buffer.from(await new Response(stream).arrayBuffer()));
			execFileSync("tar", ["-x", "--same-permissions", "-f", archive, "-C", scratch]);
			if (from === "/top") {
				const made = path.join(scratch, "made");
				const status = fs.statSync(made + "/first");

				assert.equal(fs.readFileSync(`${made}/${longName}/${longName}`, "utf8"),
					"long\n");
				assert.deepEqual([status.mode & 0o777, status.mtimeMs, status.nlink],
					[0o640, 1250, 2]);
				assert.equal(fs.readlinkSync(made + "/symbolic"), "t".repeat(150));
				fs.rmSync(made, { recursive: true });
			}
		}
		execFileSync("diff", ["-r", "--no-dereference", scratch + "/tree", scratch + "/made"]);
	});
});

// What the tests of the page share: the page as it is staged, a server, Chromium, and images.

import { execFileSync } from "node:child_process";
import fs from "node:fs";
import http from "node:http";
import os from "node:os";
import path from "node:path";

import { fileHandler } from "../tools/web_serve.mjs";

const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const { SOURCE_ROOT, BUILD_ROOT } = process.env;

export const WAIT = 60000; // milliseconds, for what takes one, on a machine that does much else

async function playwright() {
	try {
		return await import(
			path.join(SOURCE_ROOT, "web/node_modules/playwright-core/index.mjs"));
	} catch {
		return undefined;
	}
}

const driver = await playwright();

// Why the page cannot be tested here, or undefined.
export const missing = !fs.existsSync(CHROMIUM) ? `there is no ${CHROMIUM}; apt-get install chromium` :
	driver === undefined ? "web/node_modules has no playwright-core; tools/need_npm.sh" :
		undefined;

export const scratch = fs.mkdtempSync(path.join(os.tmpdir(), "web-page-"));

// The page and what is around it, as make web stages it.
export function stage() {
	const folder = path.join(scratch, "web");

	execFileSync(path.join(SOURCE_ROOT, "tools/stage_web.sh"), ["-q", BUILD_ROOT + "/web", folder],
		{ stdio: "ignore" });
	return folder;
}

export async function serve(handler) {
	const server = http.createServer(handler);

	await new Promise((resolve) => server.listen(0, "localhost", resolve));
	return { server, address: `http://localhost:${server.address().port}/`,
		close: () => {
			server.closeAllConnections();
			server.close();
		} };
}

export { fileHandler };

export function launch() {
	return driver.chromium.launch({
		executablePath: CHROMIUM,
		args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
			"--disable-background-networking", "--disable-component-update", "--disable-sync"],
	});
}

// ---- images -----------------------------------------------------------------------------

// The smallest picture there is.
const PICTURE = Buffer.from("R0lGODdhAQABAIABAP///wAAACwAAAAAAQABAAACAkQBADs=", "base64");

export const MARKUP = "<img src=x onerror=document.title='broken'>"; // as a name

// An FFS image of a small tree; its path.
export function makeImage() {
	const tree = path.join(scratch, "tree");
	const image = path.join(scratch, "small.img");

	fs.mkdirSync(path.join(tree, "etc/deeper"), { recursive: true });
	fs.mkdirSync(path.join(tree, "many"));
	fs.writeFileSync(path.join(tree, "etc/motd"), "Welcome\n");
	fs.writeFileSync(path.join(tree, "etc/binary"), Buffer.from([0, 1, 2, 255]));
	fs.writeFileSync(path.join(tree, "etc/deeper/file"), "deep\n");
	fs.writeFileSync(path.join(tree, "picture.gif"), PICTURE);
	fs.writeFileSync(path.join(tree, MARKUP), MARKUP);
	fs.symlinkSync("/etc/motd", path.join(tree, "absolute"));
	for (let i = 0; i < 300; i++)
		fs.writeFileSync(path.join(tree, `many/file${i}`), "");
	execFileSync("makefs", ["-t", "ffs", "-s", "8m", "-o", "version=2,density=8192", image, tree]);
	return image;
}

// A sparse disk of so many bytes with an image as its only partition, in its middle.
export function makeDisk(image, size) {
	const disk = path.join(scratch, "disk.img");
	const fd = fs.openSync(disk, "w");
	const table = Buffer.alloc(512);
	const bytes = fs.readFileSync(image);
	const first = Math.floor(size / 2 / 512);

	table[446 + 4] = 0xa9; // NetBSD
	table.writeUInt32LE(first, 446 + 8);
	table.writeUInt32LE(bytes.length / 512, 446 + 12);
	table.writeUInt16LE(0xaa55, 510);
	fs.writeSync(fd, table, 0, 512, 0);
	fs.writeSync(fd, bytes, 0, bytes.length, first * 512);
	fs.ftruncateSync(fd, size);
	fs.closeSync(fd);
	return disk;
}

// A GPT disk of two file systems, both the image, called root and data; its path.
export function makeTwoSystems(image) {
	const disk = path.join(scratch, "two.img");
	const program = `
import pathlib, sys
sys.path.insert(0, sys.argv[1])
import partition_test as t
one = pathlib.Path(sys.argv[2]).read_bytes()
t.DISK_SECTORS = 4096 + 2 * (len(one) // 512)
disk = t.Disk([one])
first = 2048
second = first + disk.put_system(0, first)
end = second + disk.put_system(0, second)
disk.gpt([(1, t.EFI_SYSTEM, 40, 99, "EFI"), (2, t.NETBSD_FFS, first, second - 1, "root"),
    (3, t.NETBSD_FFS, second, end - 1, "data")])
pathlib.Path(sys.argv[3]).write_bytes(disk.bytes)
`;

	execFileSync("python3", ["-B", "-c", program, path.join(SOURCE_ROOT, "tests"), image, disk]);
	return disk;
}

// A cpio archive of so many empty files, whose tree takes memory once it is mounted.
export function makeArchive(count) {
	const member = (name) => {
		const number = (value) => value.toString(16).padStart(8, "0");
		const fields = [1, 0o100644, 0, 0, 1, 0, 0, 0, 0, 0, 0, name.length + 1, 0];
		const text = `070701${fields.map(number).join("")}${name}\0`;

		return text.padEnd(Math.ceil(text.length / 4) * 4, "\0");
	};
	const names = Array.from({ length: count }, (none, i) => `file${i}`);

	const text = [...names, "TRAILER!!!"].map(member).join("");
	return Buffer.from(text.padEnd(Math.ceil(text.length / 512) * 512, "\0"));
}

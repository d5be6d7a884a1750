// The page in Chromium, as a person uses it: images are opened, walked through, changed,
// saved, and compared by the native command; what is no image, damaged, hostile or
// far away gives a sentence, and the page goes on.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { gunzipSync, gzipSync } from "node:zlib";

import { fileHandler, launch, makeArchive, makeDisk, makeImage, makeTwoSystems, MARKUP, missing, scratch, serve,
	stage, WAIT } from "./web_page.mjs";

const RUMP = path.join(process.env.BUILD_ROOT, "rump");
const DISK_SIZE = 10 * 2 ** 30;
const TRANSFER_MAX = 2 * 2 ** 20;

let image;
let browser;
let site; // the page's server
let sent = 0; // bytes of images
let context;
let page;
let errors; // that reached nobody

// Answers for what the page's own server does not do.
function answer(request, response) {
	if (request.url === "/no-ranges.img") {
		response.writeHead(200, { "Content-Length": fs.statSync(image).size });
		fs.createReadStream(image).pipe(response);
		return;
	}
	const { write, end } = response;
	const count = (chunk) => {
		if (request.url.endsWith(".img") && chunk?.length > 0)
			sent += chunk.length;
	};

	response.write = (chunk, ...rest) => {
		count(chunk);
		return write.call(response, chunk, ...rest);
	};
	response.end = (chunk, ...rest) => {
		count(chunk);
		return end.call(response, chunk, ...rest);
	};
	site.files(request, response);
}

before(async () => {
	if (missing !== undefined)
		return;
	const folder = stage();

	image = makeImage();
	fs.symlinkSync(makeDisk(image, DISK_SIZE), path.join(folder, "outside.img"));
	fs.renameSync(path.join(scratch, "disk.img"), path.join(folder, "disk.img"));
	fs.copyFileSync(image, path.join(folder, "small.img"));
	site = await serve((request, response) => answer(request, response));
	site.files = fileHandler(folder);
	browser = await launch();
});

after(async () => {
	await browser?.close();
	site?.close();
	fs.rmSync(scratch, { recursive: true });
});

// A test with a fresh page, at an address below the server's.
function pageTest(name, address, code) {
	test(name, { skip: missing }, async () => {
		errors = [];
		context = await browser.newContext({ viewport: { width: 1200, height: 900 },
			reducedMotion: "reduce" });
		context.setDefaultTimeout(WAIT);
		page = await context.newPage();
		page.on("pageerror", (error) => errors.push(error.message));
		page.on("dialog", (dialog) => dialog.accept());
		try {
			await page.goto(site.address + address);
			await page.getByText(/Kernel booted in/).waitFor();
			await code();
			assert.deepEqual(errors, []);
		} finally {
			await context.close();
		}
	});
}

// ---- what people do ------------------------------------------------------------------------

const row = (name) => page.getByRole("row").filter({ hasText: name }).first();
const notice = () => page.locator("#notice-text");

async function open(file = image) {
	await page.setInputFiles("#file", file);
	await page.locator("#viewer").waitFor();
	await row("etc").waitFor();
}

async function enter(name) {
	await row(name).dblclick();
	await page.locator("#crumbs [aria-current]").filter({ hasText: name }).waitFor();
}

async function answerName(text) {
	await page.locator("#dialog-name").fill(text);
	await page.keyboard.press("Enter");
	await page.locator("dialog").waitFor({ state: "hidden" });
}

async function expectNotice(pattern) {
	await notice().filter({ hasText: pattern }).waitFor();
}

// Do what makes the browser save a file; its bytes.
async function saved(action) {
	const [download] = await Promise.all([page.waitForEvent("download"), action()]);

	return fs.readFileSync(await download.path());
}

function rump(...words) {
	return execFileSync(RUMP, words, { encoding: "utf8", maxBuffer: 2 ** 26 });
}

// By the native checker, where the command has come so far.
function checkImage(file) {
	const { status, stdout, stderr } = spawnSync(RUMP, ["fsck", "-n", file], { encoding: "utf8" });

	if (!/no command/i.test(stderr))
		assert.equal(status, 0, stdout + stderr);
}

async function type(line) {
	const prompts = () => page.locator("#terminal .xterm-rows").innerText();

	await page.keyboard.type(line + "\r");
	return prompts();
}

// ---- the tests -------------------------------------------------------------------------------

pageTest("an image is opened, walked through and shown, by mouse and by keys", "", async () => {
	await open();
	await enter("etc");
	await row("motd").click();
	await page.locator(".text-view").filter({ hasText: "Welcome" }).waitFor();
	await row("binary").click();
	await page.locator(".hex-view").filter({ hasText: "00 01 02 ff" }).waitFor();
	await page.locator("#list").press("Backspace");
	await row("picture.gif").click();
	await page.getByText("1 by 1 pixels").waitFor();
	await page.locator("#preview [role=tab]").first().press("Escape");
	await page.locator("#preview").waitFor({ state: "hidden" });

	await page.locator("#list").press("Home");
	await page.locator("#list").press("Enter"); // etc
	await row("deeper").waitFor();
	await page.locator("#list").press("Home");
	await page.locator("#list").press("Enter");
	await row("file").waitFor();
	await page.locator("[role=treeitem][aria-selected=true]").filter({ hasText: "deeper" }).waitFor();
	await page.locator("[role=treeitem][aria-selected=true]").press("ArrowLeft");
	await page.keyboard.press("Enter"); // etc, above it
	await row("motd").waitFor();
	await page.keyboard.press("Home");
	await page.keyboard.press("m");
	await page.keyboard.press("Enter"); // many
	await row("file0").waitFor();
	await page.locator("#list").press("End");
	await row("file299").waitFor();
	assert.ok(await page.getByRole("row").count() < 100);
});

pageTest("names are text, and absolute links stay in the image", "", async () => {
	await open();
	await row("<img").click();
	await page.locator("#preview h3").filter({ hasText: MARKUP }).waitFor();
	await page.locator(".text-view").filter({ hasText: MARKUP }).waitFor();
	assert.equal(await page.locator("#viewer img").count(), 0);
	assert.doesNotMatch(await page.title(), /broken/);
	await page.locator("#tab-terminal").click();
	await page.locator(".xterm-screen").waitFor();
	await type("cat /absolute");
	await page.locator("#terminal .xterm-rows").filter({ hasText: "Welcome" }).waitFor();
});

pageTest("an image is changed, saved, and is as the native command sees it", "", async () => {
	const large = Buffer.alloc(1500000, "0123456789abcde\n");
	const file = path.join(scratch, "saved.img");

	await open();
	await enter("etc");
	await page.setInputFiles("#upload-file",
		{ name: "large", mimeType: "text/plain", buffer: large });
	await row("large").waitFor();
	await row("motd").click();
	await page.locator("#edit").click();
	await page.locator("#editor").fill("Changed\nhere\n");
	await page.locator("#editor-save").click();
	await page.locator(".text-view").filter({ hasText: "Changed" }).waitFor();
	await page.locator("#new-folder").click();
	await answerName("fresh");
	await row("fresh").waitFor();
	await row("binary").click();
	await page.keyboard.press("F2");
	await answerName("renamed");
	await row("renamed").waitFor();
	await row("deeper").click();
	await page.locator("#delete").click();
	await page.locator("#dialog-ok").click();
	await row("deeper").waitFor({ state: "detached" });
	await page.locator("#tab-terminal").click();
	await page.locator(".xterm-screen").waitFor();
	await type("cd /etc; cp motd fresh/copy; ln -s motd link; chmod 600 motd");
	await type("echo 'two words' > 'a name'; mv renamed fresh; rm -r /many");
	await row("a name").waitFor();

	assert.match(await page.title(), /^\*/);
	fs.writeFileSync(file, await saved(() => page.locator("#save").click()));
	await page.locator("#save").filter({ hasText: /^Save image$/ }).waitFor();
	checkImage(file);
	assert.equal(rump("cat", `${file}:/etc/motd`), "Changed\nhere\n");
	assert.ok(rump("cat", `${file}:/etc/large`) === large.toString());
	assert.equal(rump("cat", `${file}:/etc/fresh/copy`), "Changed\nhere\n");
	assert.equal(rump("cat", `${file}:/etc/a name`), "two words\n");
	assert.deepEqual(rump("ls", `${file}:/etc`).split("\n").filter(Boolean),
		["a name", "fresh", "large", "link", "motd"]);
	assert.deepEqual(rump("ls", `${file}:/etc/fresh`).split("\n").filter(Boolean),
		["copy", "renamed"]);
	assert.match(rump("info", file), /clean: +yes/);
	assert.match(rump("ls", "-l", `${file}:/etc/motd`), /^-rw-------/);

	// The page goes on with it, and what it saved can be opened again.
	await enter("fresh");
	await page.locator("#close").click();
	await open(file);
	await enter("etc");
	await row("a name").waitFor();
});

pageTest("files, and folders as tar, are downloaded", "", async () => {
	await open();
	const tar = path.join(scratch, "etc.tar");

	await row("etc").click();
	fs.writeFileSync(tar, await saved(() => page.locator("#download").click()));
	assert.deepEqual(execFileSync("tar", ["-tf", tar], { encoding: "utf8" }).split("\n").sort(),
		["", "etc/", "etc/binary", "etc/deeper/", "etc/deeper/file", "etc/motd"]);
	await enter("etc");
	await row("motd").click();
	assert.equal((await saved(() => page.locator("#download").click())).toString(), "Welcome\n");
});

pageTest("what is no image, or damaged, gives a sentence, and the next one opens", "", async () => {
	const bytes = fs.readFileSync(image);
	const damaged = Buffer.from(bytes);
	const root = bytes.readUInt32LE(8192 + 16) * bytes.readUInt32LE(8192 + 52) + 2 * 256;
	const file = (name, buffer) => ({ name, mimeType: "", buffer });

	damaged.fill(0xff, root + 112, root + 136); // where the root's blocks are
	await page.setInputFiles("#file", file("text.txt", Buffer.from("no image\n")));
	await expectNotice(/text\.txt cannot be opened.*no file system that this page knows/);
	await page.setInputFiles("#file", file("empty", Buffer.alloc(0)));
	await expectNotice(/empty cannot be opened/);
	await page.setInputFiles("#file", file("x.img.xz", Buffer.from("\xfd7zXZ\0....", "latin1")));
	await expectNotice(/compressed with xz; unpack it/);
	await page.setInputFiles("#file", file("x.gz", Buffer.from("\x1f\x8bgarbage", "latin1")));
	await expectNotice(/compressed with gzip and cannot be unpacked/);
	await page.setInputFiles("#file", file("cut.img", bytes.subarray(0, 1 << 20)));
	await expectNotice(/cut\.img cannot be opened.*damaged.*cut off/);
	await page.setInputFiles("#file", file("bad.img", damaged));
	await expectNotice(/inode 2/);
	await open();
	await enter("etc");
	assert.equal(await notice().isVisible(), false);
});

pageTest("when the kernel stops, another goes on with the image and its changes", "", async () => {
	await open();
	await page.locator("#new-folder").click();
	await answerName("before");
	await row("before").waitFor();
	await page.workers()[0].evaluate(() => {
		performance.now = () => {
			throw new Error("a trap");
		};
	});
	await row("etc").dblclick();
	await expectNotice(/The kernel stopped, a fresh one goes on/);
	await row("before").waitFor();
	await enter("etc");
	await row("motd").click();
	await page.locator(".text-view").filter({ hasText: "Welcome" }).waitFor();
	const file = path.join(scratch, "rescued.img");
	fs.writeFileSync(file, await saved(() => page.locator("#save").click()));
	assert.match(rump("ls", file), /before/);
});

pageTest("a kernel without memory says so, and the page goes on", "?memory=300000", async () => {
	await page.setInputFiles("#file",
		{ name: "archive.cpio", mimeType: "", buffer: makeArchive(20000) });
	await expectNotice(/archive\.cpio cannot be opened.*not enough memory/);
	await open();
	await enter("etc");
});

pageTest("without WebAssembly the module as JavaScript does the same", "", async () => {
	await page.route("**/worker.js", async (route) => {
		const response = await route.fetch();

		await route.fulfill({ response,
			body: await response.text() + "\ndelete globalThis.WebAssembly;\n" });
	});
	const [request] = await Promise.all([page.waitForRequest("**/anykernel.wasm.js"),
		page.reload()]);
	assert.ok(request);
	await page.getByText(/Kernel booted in/).waitFor();
	await open();
	await page.locator("#new-folder").click();
	await answerName("made");
	await row("made").waitFor();
	const file = path.join(scratch, "by-javascript.img");
	fs.writeFileSync(file, await saved(() => page.locator("#save").click()));
	checkImage(file);
	assert.match(rump("ls", file), /^made$/m);
});

pageTest("of a disk of 10 GB at an address, what is asked for is fetched", "", async () => {
	sent = 0;
	await page.locator("#address").fill(site.address + "disk.img");
	await page.keyboard.press("Enter");
	await enter("etc");
	await row("motd").click();
	await page.locator(".text-view").filter({ hasText: "Welcome" }).waitFor();
	assert.ok(sent > 0 && sent < TRANSFER_MAX, `${sent} bytes`);
	await page.locator("#information").filter({ hasText: "10.0 GiB" }).waitFor();
});

pageTest("addresses that cannot be read are refused with what to do", "", async () => {
	const other = await serve(fileHandler(path.join(scratch, "web")));
	const at = async (address, pattern) => {
		await page.locator("#address").fill(address);
		await page.keyboard.press("Enter");
		await expectNotice(pattern);
	};

	try {
		await at(site.address + "no-ranges.img", /no ranges; download the image/);
		await at(site.address + "none.img", /answers 404/);
		await at(site.address + "outside.img", /answers 404/); // a link out of the folder
		await at(other.address + "disk.img", /does not allow this page to read it/);
	} finally {
		other.close();
	}
	await open();
});

pageTest("of several file systems in partitions one is chosen, and then another", "", async () => {
	const choices = page.locator("dialog .choice");

	await page.setInputFiles("#file", makeTwoSystems(image));
	await choices.filter({ hasText: '3: NetBSD FFS "data", 8.0 MiB' }).waitFor();
	assert.equal(await choices.count(), 3); // the EFI system too: an image may be in any
	await choices.filter({ hasText: '"root"' }).locator("input:checked:focus").waitFor();
	await page.locator("#dialog-cancel").click();
	await page.locator("#opener").waitFor();

	await page.setInputFiles("#file", path.join(scratch, "two.img"));
	await choices.filter({ hasText: '"root"' }).locator("input:focus").press("ArrowDown");
	await page.keyboard.press("Enter");
	await row("etc").waitFor();
	assert.equal(await page.locator("#partition").inputValue(), "3");
	await page.locator("#new-folder").click();
	await answerName("here");
	await row("here").waitFor();
	fs.writeFileSync(path.join(scratch, "two-saved.img"),
		await saved(() => page.locator("#save").click()));
	await page.locator("#save").filter({ hasText: /^Save image$/ }).waitFor();
	await page.locator("#partition").selectOption("2");
	await row("here").waitFor({ state: "detached" });
	await row("etc").waitFor();
	assert.equal(await page.locator("#partition").inputValue(), "2");
	assert.match(rump("ls", "--partition=3", path.join(scratch, "two-saved.img")), /^here$/m);
	assert.doesNotMatch(rump("ls", "--partition=2", path.join(scratch, "two-saved.img")), /^here$/m);
});

// Drop files of these names and bytes on what a selector finds.
async function drop(selector, files) {
	const data = await page.evaluateHandle((list) => {
		const transfer = new DataTransfer();

		for (const { name, text } of list)
			transfer.items.add(new File([Uint8Array.from(atob(text),
				(letter) => letter.charCodeAt(0))], name));
		return transfer;
	}, files.map(({ name, buffer }) => ({ name, text: buffer.toString("base64") })));

	for (const event of ["dragenter", "dragover", "drop"])
		await page.dispatchEvent(selector, event, { dataTransfer: data });
}

pageTest("an image is dropped on the page, and files on the list", "", async () => {
	await drop("#drop", [{ name: "dropped.img.gz", buffer: gzipSync(fs.readFileSync(image)) }]);
	await row("etc").waitFor();
	assert.equal(await page.locator("#image-name").innerText(), "dropped.img.gz");
	await enter("etc");
	await drop("#list", [{ name: "first", buffer: Buffer.from("one\n") },
		{ name: "second", buffer: Buffer.from("two\n") }]);
	await row("second").waitFor();
	await row("first").click();
	await page.locator(".text-view").filter({ hasText: "one" }).waitFor();
	assert.equal(await page.locator("body.dropping").count(), 0);
});

pageTest("what takes long can be stopped, and the page goes on with the image", "", async () => {
	await open();
	await page.workers()[0].evaluate(() => { // it neither ends nor answers
		performance.now = () => {
			for (;;)
				;
		};
	});
	await row("etc").dblclick();
	await page.locator("#busy-stop").click();
	await expectNotice(/the kernel was ended/i);
	await enter("etc");
	await row("motd").click();
	await page.locator(".text-view").filter({ hasText: "Welcome" }).waitFor();
	assert.equal(await page.locator("#busy").isVisible(), false);
});

pageTest("the kernel writes a file of the origin's private file system in place", "", async () => {
	await page.goto(`${site.address}page/icon.svg`); // same origin, without a kernel of its own
	const address = await page.evaluate(async () => {
		const { WorkerKernel } = await import("/anykernel.js");
		const folder = await navigator.storage.getDirectory();
		const handle = await folder.getFileHandle("disk.img", { create: true });
		const stream = await handle.createWritable();

		await (await fetch("/small.img")).body.pipeTo(stream);
		for (const round of [1, 2]) { // the second sees what the first has written
			const kernel = await WorkerKernel.boot();
			const mount = await kernel.mount(handle, { readOnly: false, asRoot: true });

			await kernel.fs.writeFile(`/round${round}`, `${round}\n`);
			if (round === 2 && await kernel.fs.readFile("/round1", "utf8") !== "1\n")
				throw new Error("what was written is not there");
			await mount.unmount();
			await kernel.destroy();
		}
		const reader = new FileReader();

		reader.readAsDataURL(await new Response((await handle.getFile()).stream()
			.pipeThrough(new CompressionStream("gzip"))).blob());
		await new Promise((resolve) => reader.addEventListener("load", resolve));
		return reader.result;
	});
	const file = path.join(scratch, "private.img");

	fs.writeFileSync(file,
		gunzipSync(Buffer.from(address.slice(address.indexOf(",") + 1), "base64")));
	checkImage(file);
	assert.equal(rump("cat", `${file}:/round2`), "2\n");
});

pageTest("at each width, in light and dark, nothing sticks out", "", async () => {
	await open();
	await enter("etc");
	await row("motd").click();
	for (const width of [360, 768, 1440]) {
		for (const colorScheme of ["light", "dark"]) {
			await page.setViewportSize({ width, height: 800 });
			await page.emulateMedia({ colorScheme });
			const [inner, outer] = await page.evaluate(() =>
				[document.documentElement.scrollWidth, innerWidth]);
			assert.ok(inner <= outer, `${inner} of ${width} in ${colorScheme}`);
			if (process.env.SCREENSHOTS)
				await page.screenshot({ path: path.join(process.env.SCREENSHOTS,
					`page-${width}-${colorScheme}.png`) });
		}
	}
});

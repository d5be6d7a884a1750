// Listing and reading an image by kernels in Node and in Chromium, against native ones: see
// web.c.  Each round runs all of them in turn; medians are compared.  The images are
// made below $BUILD_ROOT and kept for the next run.

import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";

import { fileHandler, launch, missing, scratch, serve, stage } from "../tests/web_page.mjs";

const { BUILD_ROOT, SOURCE_ROOT } = process.env;
const ROUNDS = 9;
const DIRECTORIES = 100;
const FILES = 200; // in each
const BIG = 64 * 2 ** 20;

function makeImage(name, options, fill) {
	const image = path.join(BUILD_ROOT, name);

	if (fs.existsSync(image))
		return image;
	const tree = path.join(scratch, "tree");
	fs.mkdirSync(tree);
	fill(tree);
	execFileSync("makefs", ["-t", "ffs", ...options, image + ".new", tree], { stdio: "ignore" });
	fs.rmSync(tree, { recursive: true });
	fs.renameSync(image + ".new", image);
	return image;
}

function fillMany(tree) {
	for (let i = 0; i < DIRECTORIES; i++) {
		const folder = path.join(tree, `directory${String(i).padStart(3, "0")}`);

		fs.mkdirSync(folder);
		for (let j = 0; j < FILES; j++)
			fs.writeFileSync(path.join(folder, `file${String(j).padStart(4, "0")}.txt`),
				"text".repeat(16).slice(0, (i + j) % 64));
	}
}

const images = {
	list: makeImage("bench-web-list.img",
		["-s", "100m", "-o", "version=2,bsize=16384,fsize=2048,density=2048"], fillMany),
	read: makeImage("bench-web-read.img", ["-o", "version=2,bsize=32768,fsize=4096"],
		(tree) => fs.writeFileSync(path.join(tree, "big"), Buffer.alloc(BIG, "some text\n"))),
};

// ---- the three that run -------------------------------------------------------------------

const folder = stage();
const page = path.join(folder, "bench");
fs.mkdirSync(page);
fs.copyFileSync(path.join(SOURCE_ROOT, "bench/web_work.js"), path.join(page, "web_work.js"));
fs.writeFileSync(path.join(page, "index.html"), "<!doctype html><title>bench</title>");
fs.writeFileSync(path.join(page, "worker.js"), `
import { boot, measure } from "./web_work.js";
const images = {};
const bytesOf = async (name) => images[name] ??=
	new Uint8Array(await (await fetch(name)).arrayBuffer());
onmessage = async ({ data: what }) => postMessage(what === "boot" ?
	await boot(await bytesOf("../anykernel.wasm")) : await measure(what, await bytesOf(what + ".img")));
`);
for (const [name, image] of Object.entries(images))
	fs.copyFileSync(image, path.join(page, name + ".img"));

const native = (what) =>
	Number(execFileSync(path.join(BUILD_ROOT, "bench_web"), [what, images[what]]));

const work = await import(pathToFileURL(path.join(page, "web_work.js")).href);
const inMemory = {};
async function node(what) {
	inMemory[what] ??= new Uint8Array(fs.readFileSync(images[what]));
	return work.measure(what, inMemory[what]);
}

// A function that asks a worker of a page in Chromium; a fresh worker if that is asked for.
async function openChromium(browser, address) {
	const tab = await browser.newPage();

	await tab.goto(address + "bench/");
	return (what, isFresh) => tab.evaluate(([wanted, anew]) => new Promise((resolve, reject) => {
		if (anew || globalThis.worker === undefined)
			globalThis.worker = new Worker("worker.js", { type: "module" });
		globalThis.worker.onmessage = ({ data }) => resolve(data);
		globalThis.worker.onerror = ({ message }) => reject(new Error(message));
		globalThis.worker.postMessage(wanted);
	}), [what, isFresh]);
}

function median(values) {
	return [...values].sort((one, other) => one - other)[values.length >> 1];
}

function row(what, value, unit, bound = "") {
	console.log(`${what.padEnd(48)} ${value.padStart(9)} ${unit.padEnd(4)} ${bound}`);
}

// ---- the table --------------------------------------------------------------------------------

async function compare(name, what, runners) {
	const times = Object.fromEntries(Object.keys(runners).map((runner) => [runner, []]));

	for (let i = 0; i < ROUNDS; i++) {
		for (const [runner, run] of Object.entries(runners))
			times[runner].push(await run(what));
	}
	for (const [runner, values] of Object.entries(times)) {
		row(`${name}, ${runner}`, median(values).toFixed(1), "ms");
		if (runner !== "native")
			row("  speed of native", (median(times.native) / median(values)).toFixed(2), "",
				`(goal: 0.5 or more; the first run ${values[0].toFixed(1)} ms)`);
	}
}

async function bootTable(name, run) {
	const boots = [];

	for (let i = 0; i < ROUNDS; i++)
		boots.push(await run("boot", true));
	const timeOf = (what) => median(boots.map((times) => times[what])).toFixed(2);

	row(`compile, with a boot thrown away, ${name}`, timeOf("compile"), "ms");
	row("  without one, the first boot then takes", timeOf("cold"), "ms");
	row(`boot after compiling, ${name}, first kernel`,
		timeOf("first"), "ms", "(goal: 2 or less)");
	row("  every kernel after it", timeOf("next"), "ms");
	row("  memory after boot", String(Math.max(...boots.map(({ memory }) => memory)) / 1024), "KiB",
		"(goal: 1024 or less)");
}

const bytes = fs.readFileSync(path.join(folder, "anykernel.wasm"));
row("anykernel.wasm, gzipped", (gzipSync(bytes, { level: 9 }).length / 1024).toFixed(1), "KiB",
	"(goal: 150 or less)");
const runners = { native, node };
const site = missing === undefined ? await serve(fileHandler(folder)) : undefined;
const browser = await (missing === undefined ? launch() : undefined);
if (missing === undefined)
	runners.Chromium = await openChromium(browser, site.address);
else
	console.log(`without Chromium: ${missing}`);
await bootTable("node", () => work.boot(bytes));
if (runners.Chromium !== undefined)
	await bootTable("Chromium", runners.Chromium);
await compare("list 20,000 files with attributes", "list", runners);
await compare("read a 64 MiB file", "read", runners);
await browser?.close();
site?.close();
fs.rmSync(scratch, { recursive: true });

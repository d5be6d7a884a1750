// The page: opens images, walks through them, changes and saves them.
//
// What the kernel does is behind Session; lists, tree, preview and terminal know
// nothing of each other and meet here.

import { join, tarStream } from "../anykernel.js";
import { askName, choose, confirm } from "./dialog.js";
import { byId, make, saveAs } from "./dom.js";
import { baseOf, nameText, parentOf, samePath, sizeText, visible } from "./format.js";
import { List } from "./list.js";
import { Preview } from "./preview.js";
import { explain, explainOpen, formatHint } from "./sentences.js";
import { Session } from "./session.js";
import { openTerminal } from "./terminal.js";
import { Tree } from "./tree.js";

const CHUNK = 256 * 1024; // of uploads
const BUSY_MS = 400; // until it is said that something takes time
const LOG_LINES = 1000;

const parameters = new URLSearchParams(location.search);
const session = new Session({
	onLine: addLogLine,
	onBoot: showKernel,
	memoryLimit: Number(parameters.get("memory")) || undefined,
});
let folder = "/"; // that is shown
let terminal;

// ---- telling ----------------------------------------------------------------------

function addLogLine(line) {
	const log = byId("log");

	log.append(visible(line) + "\n");
	while (log.childNodes.length > LOG_LINES)
		log.firstChild.remove();
}

// actions: [text, code] for buttons
function notify(text, actions = []) {
	byId("notice-text").textContent = text;
	byId("notice-actions").replaceChildren(...actions.map(([name, code]) =>
		make("button", { type: "button", onclick: () => {
			byId("notice").hidden = true;
			code();
		} }, name)));
	byId("notice").hidden = false;
}

function showProgress(fraction) {
	const progress = byId("busy-progress");

	if (fraction === undefined)
		progress.removeAttribute("value");
	else
		progress.value = fraction;
}

async function showKernel() {
	const { total } = await session.memory();

	byId("kernel").textContent =
		`Kernel booted in ${session.bootTime.toFixed(2)} ms, after ` +
		`${session.compileTime.toFixed(0)} ms to load and compile; has ` +
		`${sizeText(total)} of memory`;
}

let queue = Promise.resolve(); // one thing after the other

// Do something with the kernel; false if it failed, which is told.
function attempt(what, action) {
	const run = async () => {
		const timer = setTimeout(() => {
			byId("busy-text").textContent = `${visible(what)} ...`;
			showProgress(undefined);
			byId("busy").hidden = false;
		}, BUSY_MS);

		try {
			await action();
			return true;
		} catch (error) {
			await session.recover(error);
			if (error.stopped)
				await showAfterStop();
			notify(explain(error, what));
			return false;
		} finally {
			clearTimeout(timer);
			byId("busy").hidden = true;
			if (session.isOpen || session.bootTime !== undefined)
				showKernel().catch(() => {});
		}
	};

	queue = queue.then(run);
	return queue;
}

async function showAfterStop() {
	if (session.isOpen)
		await showViewer();
	else
		showOpener();
}

// ---- opening ------------------------------------------------------------------------

function showOpener() {
	byId("viewer").hidden = true;
	byId("opener").hidden = false;
	byId("information").replaceChildren();
	preview.clear();
	showChanged();
}

function describe({ name, typeName, type, label, size }) {
	return `${name}: ${typeName || type}${label === "" ? "" : ` "${visible(label)}"`}, ` +
		sizeText(size);
}

async function askPartition(partitions) {
	return choose("Choose a partition", "The image has several file systems.",
		partitions.map((partition) => ({ value: partition.name, text: describe(partition),
			isDisabled: partition.isContainer, isLikely: /\b[FU]FS\b/.test(partition.typeName) })),
		"Open");
}

async function openImage(source, name, options = {}) {
	if (!await mayLeave())
		return;
	byId("notice").hidden = true;
	let partitions;
	let isCut = false;
	const isDone = await attempt(`Opening ${name}`, async () => {
		try {
			await session.open(source, name, options);
			folder = "/";
			await showViewer();
		} catch (error) {
			showOpener();
			partitions = error.partitions;
			if (/choose a partition/.test(error.message))
				return;
			partitions = undefined;
			isCut = error.log?.some((line) => line.includes("option partial")) ?? false;
			notify(explainOpen(error, name, await formatHint(source)), isCut ?
				[["Open what is there", () =>
					openImage(source, name, { ...options, data: "partial" })]] : []);
		}
	});
	if (isDone && partitions !== undefined) {
		const partition = await askPartition(partitions);

		if (partition !== undefined)
			await openImage(source, name, { partition });
	}
}

async function mayLeave() {
	return !session.isChanged || confirm("Close without saving?",
		"What was changed in this image is lost.", "Close");
}

async function showViewer() {
	const { mount, image, readOnlyBecause } = session;
	const writable = !mount.readOnly;

	byId("opener").hidden = true;
	byId("viewer").hidden = false;
	byId("image-name").textContent = nameText(image.name);
	byId("access").textContent = writable ? "changes are kept in memory" : "read-only";
	byId("access").title = readOnlyBecause?.log?.join("; ") ?? "";
	for (const id of ["new-folder", "new-file"])
		byId(id).disabled = !writable;
	byId("upload-file").disabled = !writable;
	byId("upload").classList.toggle("disabled", !writable);
	showPartitions(mount, image);
	await showInformation();
	if (readOnlyBecause !== undefined)
		notify(`${visible(image.name)} can be read, but not changed here: ` +
			visible(readOnlyBecause.log?.join("; ") || readOnlyBecause.message));
	await tree.show(image.name);
	await showFolder(folder).catch(() => showFolder("/"));
	terminal?.reset();
}

function showPartitions(mount, image) {
	const select = byId("partition");
	const usable = mount.partitions.filter(({ isContainer }) => !isContainer);

	byId("partition-label").hidden = mount.partition === undefined;
	select.replaceChildren(...usable.map((partition) =>
		make("option", { value: partition.name }, describe(partition))));
	select.value = mount.partition?.name ?? "";
	select.onchange = () => {
		openImage(image.source, image.name, { partition: select.value });
		select.value = mount.partition?.name ?? "";
	};
}

async function showInformation() {
	const { mount } = session;
	const { taken, total } = await session.memory();
	const rows = [
		...await mount.info(),
		["image", `${nameText(session.image.name)}, ${sizeText(mount.size)}`],
		...mount.partitions.map((partition) => ["partition", describe(partition)]),
		["driver loaded and compiled in", `${session.compileTime.toFixed(0)} ms`],
		["kernel booted in", `${session.bootTime.toFixed(2)} ms`],
		["kernel memory", `${sizeText(taken)} taken, ${sizeText(total)} in all`],
	];

	byId("information").replaceChildren(...rows.map(([name, value]) =>
		make("div", {}, make("dt", {}, visible(name)), make("dd", {}, visible(value)))));
}

// Unsaved changes show in the title and at the button.
function showChanged() {
	byId("save").disabled = !session.isOpen || (session.mount.readOnly && !session.isChanged);
	byId("save").textContent = session.isChanged ? "Save image *" : "Save image";
	document.title = (session.isChanged ? "* " : "") +
		(session.isOpen ? `${nameText(session.image.name)} - ` : "") + "Anykernel";
}

// ---- walking through it -------------------------------------------------------------------

// The parts of a path, each with its own path.
function partsOf(path) {
	const parts = [];

	for (let at = path; !samePath(at, "/"); at = parentOf(at))
		parts.unshift([baseOf(at), at]);
	return parts;
}

function showCrumbs() {
	const parts = [[session.image.name, "/"], ...partsOf(folder)];
	const items = parts.map(([name, path], i) => make("li", {},
		i === parts.length - 1 ? make("span", { "aria-current": "page" }, nameText(name)) :
			make("button", { type: "button", onclick: () => goTo(path) }, nameText(name))));

	byId("crumbs").replaceChildren(make("ol", {}, ...items));
}

async function showFolder(path, name) {
	const entries = await session.fs.entries(path);

	folder = path;
	list.show(entries, name);
	await tree.select(path);
	showCrumbs();
	showChanged();
}

function goTo(path, name) {
	return attempt(`Opening ${nameText(path)}`, () => showFolder(path, name));
}

async function goUp() {
	if (!samePath(folder, "/"))
		await goTo(parentOf(folder), nameText(baseOf(folder)));
}

async function openEntry(entry) {
	if (entry.stats.isSymbolicLink()) {
		await attempt(`Following ${nameText(entry.name)}`, async () => {
			if ((await session.fs.stat(entry.path)).isDirectory())
				await showFolder(entry.path);
		});
	} else if (entry.stats.isDirectory()) {
		await goTo(entry.path);
	} else {
		byId("preview").querySelector("button")?.focus();
	}
}

async function readPart(path, position, length) {
	const fd = await session.fs.open(path);
	const bytes = new Uint8Array(length);
	let done = 0;

	try {
		while (done < length) {
			const count = await session.fs.read(fd, bytes, done, length - done, position + done);

			if (count === 0)
				break;
			done += count;
		}
	} finally {
		await session.fs.close(fd).catch(() => {}); // with the kernel it is gone
	}
	return bytes.subarray(0, done);
}

function select(entry) {
	for (const id of ["rename", "delete"])
		byId(id).disabled = entry === undefined || session.mount.readOnly;
	byId("download").disabled = !session.isOpen;
	if (entry === undefined || entry.stats.isDirectory()) {
		preview.clear();
		return;
	}
	preview.show(entry).catch((error) => error.stopped &&
		attempt(`Reading ${nameText(entry.name)}`, () => Promise.reject(error)));
}

// ---- changing it -----------------------------------------------------------------------------

// After something in the folder has changed; name is to be selected.
async function changed(name) {
	await session.wasChanged();
	await tree.refresh(folder);
	await showFolder(folder, name);
	await showInformation();
}

const taken = () => new Set(list.entries.map(({ name }) => name));

async function createFolder() {
	const name = await askName("New folder", { ok: "Create", taken: taken() });

	if (name !== undefined)
		await attempt(`Creating ${name}`, async () => {
			await session.fs.mkdir(join(folder, name));
			await changed(name);
		});
}

async function createFile() {
	const name = await askName("New file", { ok: "Create", taken: taken() });

	if (name !== undefined)
		await attempt(`Creating ${name}`, async () => {
			await session.fs.writeFile(join(folder, name), "", { flag: "wx" });
			await changed(name);
		});
}

async function rename() {
	const { name, path } = list.selected;
	const others = taken();

	others.delete(name);
	const dest = await askName(`Rename ${nameText(name)}`, { value: name, ok: "Rename",
		taken: others });
	if (dest !== undefined && dest !== name)
		await attempt(`Renaming ${name}`, async () => {
			await session.fs.rename(path, join(folder, dest));
			await changed(dest);
		});
}

async function remove() {
	const { name, path, stats } = list.selected;
	const text = stats.isDirectory() ? "With all that is in it." : "";

	if (await confirm(`Delete ${nameText(name)}?`, text, "Delete")) {
		await attempt(`Deleting ${name}`, async () => {
			await session.fs.rm(path, { recursive: true });
			await changed();
		});
		list.focus();
	}
}

async function writeText({ path, name }, text) {
	return attempt(`Writing ${name}`, async () => {
		await session.fs.writeFile(path, text);
		preview.isEditing = false;
		await changed(name);
	});
}

async function uploadOne(file) {
	const path = join(folder, file.name);
	const fd = await session.fs.open(path, "w");

	try {
		for (let done = 0; done < file.size;) {
			const bytes = new Uint8Array(await file.slice(done, done + CHUNK).arrayBuffer());

			for (let at = 0; at < bytes.length;)
				at += await session.fs.write(fd, bytes.subarray(at));
			done += bytes.length;
			showProgress(done / file.size);
		}
	} catch (error) {
		await session.fs.close(fd).catch(() => {});
		await session.fs.unlink(path).catch(() => {}); // half a file is none
		throw error;
	}
	await session.fs.close(fd);
}

async function upload(files) {
	const there = taken();
	const known = files.filter(({ name }) => there.has(name));

	if (known.length > 0 && !await confirm("Replace?", `${known.map(({ name }) => nameText(name))
		.join(", ")}: there is something of that name already.`, "Replace"))
		return;
	for (const file of files) {
		const isDone = await attempt(`Uploading ${file.name}`, async () => {
			try {
				await uploadOne(file);
			} finally {
				await changed(file.name).catch(() => {});
			}
		});

		if (!isDone)
			return;
	}
}

// ---- taking out of it ---------------------------------------------------------------------------

async function blobOfStream(stream, total) {
	const parts = [];
	let done = 0;

	for (const reader = stream.getReader();;) {
		const { done: isEnd, value } = await reader.read();

		if (isEnd)
			return new Blob(parts);
		parts.push(value.byteLength < CHUNK ? value : new Blob([value]));
		done += value.length;
		if (total > 0)
			showProgress(Math.min(1, done / total));
	}
}

// The selected file as it is, a folder or, if nothing is selected, this one as tar.
async function download() {
	const path = list.selected?.path ?? folder;
	const name = nameText(samePath(path, "/") ? session.image.name : baseOf(path));

	await attempt(`Reading ${name}`, async () => {
		const stats = await session.fs.lstat(path);

		if (stats.isFile())
			saveAs(await blobOfStream(session.fs.readable(path), stats.size), name);
		else
			saveAs(await blobOfStream(tarStream(session.fs, path, name), 0), `${name}.tar`);
	});
}

async function saveImage() {
	await attempt("Saving the image", async () => {
		saveAs(await session.save(), session.image.name);
		session.isChanged = false;
		showChanged();
		terminal?.reset();
	});
}

async function closeImage() {
	if (!await mayLeave())
		return;
	await attempt("Closing the image", async () => {
		await session.close();
		showOpener();
	});
	byId("file").focus();
}

async function stop() {
	if (!session.isChanged || await confirm("Stop the kernel?",
		"What was changed in this image since it was saved is lost.", "Stop"))
		session.stop();
}

// ---- what the page is made of ---------------------------------------------------------------

const list = new List({
	onOpen: openEntry,
	onSelect: select,
	onKey: (key) => {
		if (key === "Backspace")
			goUp();
		else if (key === "Escape")
			closePreview();
		else if (list.selected !== undefined && !session.mount.readOnly)
			(key === "F2" ? rename : remove)();
	},
});

const tree = new Tree({
	async list(path) {
		try {
			return (await session.fs.entries(path)).filter(({ stats }) => stats.isDirectory());
		} catch (error) {
			if (error.stopped)
				throw error;
			notify(explain(error, `Reading ${nameText(path)}`));
			return [];
		}
	},
	onOpen: goTo,
});

const preview = new Preview({
	read: readPart,
	readLink: (path) => session.fs.readlink(path, "buffer"),
	onSave: writeText,
	onClose: closePreview,
	isWritable: () => !session.mount.readOnly,
});

function closePreview() {
	preview.clear();
	list.focus();
}

function chooseTab(tab) {
	for (const other of tab.parentElement.children) {
		const isIt = other === tab;

		other.setAttribute("aria-selected", String(isIt));
		other.tabIndex = isIt ? 0 : -1;
		byId(other.getAttribute("aria-controls")).hidden = !isIt;
	}
	if (tab.id === "tab-terminal")
		showTerminal();
	if (tab.id === "tab-information" && session.isOpen)
		attempt("Asking the kernel", showInformation);
}

async function showTerminal() {
	try {
		terminal ??= await openTerminal(byId("terminal"), {
			session,
			attempt,
			onChange: async () => {
				await session.wasChanged();
				await tree.refresh(folder);
				await showFolder(folder).catch(() => showFolder("/"));
			},
		});
		terminal.focus();
	} catch (error) {
		terminal = undefined;
		byId("terminal").textContent = "The terminal's program is not there: it comes with " +
			`npm's @xterm/xterm, which make web installs. (${error.message})`;
	}
}

// Arrow keys go from tab to tab, in every list of tabs.
document.addEventListener("keydown", (event) => {
	const tab = event.target.closest?.("[role=tab]");
	const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];

	if (tab === null || tab === undefined || step === undefined)
		return;
	const tabs = [...tab.parentElement.children];
	const next = tabs[(tabs.indexOf(tab) + step + tabs.length) % tabs.length];
	next.focus();
	next.click();
});

function openFiles(files) {
	if (files.length === 0)
		return;
	if (session.isOpen && !session.mount.readOnly && files.length > 1)
		upload([...files]);
	else
		openImage(files[0], files[0].name);
}

function listenForDrops() {
	const mark = (isOver) => document.body.classList.toggle("dropping", isOver);

	document.addEventListener("dragover", (event) => {
		event.preventDefault();
		mark(true);
	});
	document.addEventListener("dragleave", (event) => event.relatedTarget === null && mark(false));
	document.addEventListener("drop", (event) => {
		event.preventDefault();
		mark(false);
		const files = [...event.dataTransfer.files];

		// On the files of an image it is an upload, elsewhere another image.
		if (event.target.closest?.("#list") && !session.mount.readOnly)
			upload(files);
		else
			openFiles(files);
	});
}

function listen() {
	const clicks = {
		"save": saveImage, "close": closeImage, "new-folder": createFolder, "new-file": createFile,
		"download": download, "rename": rename, "delete": remove,
		"notice-close": () => {
			byId("notice").hidden = true;
		},
		"busy-stop": stop,
		"toggle-tree": () => {
			const isShown = byId("viewer").classList.toggle("with-tree");

			byId("toggle-tree").setAttribute("aria-expanded", String(isShown));
		},
	};

	for (const [id, code] of Object.entries(clicks))
		byId(id).addEventListener("click", () => code());
	for (const tab of document.querySelectorAll("#below [role=tab]"))
		tab.addEventListener("click", () => chooseTab(tab));
	byId("file").addEventListener("change", (event) => {
		openFiles(event.target.files);
		event.target.value = "";
	});
	byId("upload-file").addEventListener("change", (event) => {
		upload([...event.target.files]);
		event.target.value = "";
	});
	byId("address-form").addEventListener("submit", (event) => {
		event.preventDefault();
		openAddress(byId("address").value);
	});
	window.addEventListener("beforeunload", (event) => {
		if (session.isChanged || preview.isEditing)
			event.preventDefault();
	});
	listenForDrops();
}

function openAddress(address) {
	const { pathname, href } = new URL(address, location);

	openImage(href, decodeURIComponent(pathname.slice(pathname.lastIndexOf("/") + 1)) || "image");
}

async function start() {
	listen();
	try {
		await session.boot();
	} catch (error) {
		byId("kernel").textContent = "There is no kernel.";
		notify(`The kernel did not boot: ${visible(error.message)}. Reload the page, or use a ` +
			"newer browser.");
		return;
	}
	if (parameters.has("image"))
		openAddress(parameters.get("image"));
}

start();

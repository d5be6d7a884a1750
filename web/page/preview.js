// What is in the file that is selected: as text, which can be edited, as a picture, or in
// hexadecimal.  Only the beginning of large files is read.

import { byId, make } from "./dom.js";
import { kindText, modeText, nameText, sizeText, timeText, visible } from "./format.js";
import { explain } from "./sentences.js";

const TEXT_MAX = 1024 * 1024;
const PICTURE_MAX = 64 * 1024 * 1024;
const HEX_STEP = 4096; // bytes that are shown first, and added by "More"
const HEX_WIDTHS = [16, 8]; // bytes of a line, where there is room and where not
const HEX_ROOM = 560; // pixels that the long lines take

const PICTURES = [
	["image/png", [0x89, 0x50, 0x4e, 0x47]], ["image/jpeg", [0xff, 0xd8, 0xff]],
	["image/gif", [0x47, 0x49, 0x46, 0x38]], ["image/bmp", [0x42, 0x4d]],
	["image/x-icon", [0, 0, 1, 0]],
];

function pictureType(bytes) {
	const text = String.fromCharCode(...bytes.subarray(0, 12));

	if (text.startsWith("RIFF") && text.endsWith("WEBP"))
		return "image/webp";
	if (text.slice(4) === "ftypavif")
		return "image/avif";
	if (/^\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)*<svg[\s>]/s.test(
		String.fromCharCode(...bytes.subarray(0, 1024))))
		return "image/svg+xml";
	return PICTURES.find(([, magic]) => magic.every((byte, i) => bytes[i] === byte))?.[0];
}

// Text without what no text has, or undefined.  isCut: the last character may be cut off.
function textOf(bytes, isCut) {
	try {
		const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: isCut });

		// eslint-disable-next-line no-control-regex
		return /[\u0000-\u0007\u000e-\u001a]/.test(text) ? undefined : text;
	} catch {
		return undefined;
	}
}

function hexLine(bytes, offset, width) {
	const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0"));
	const halves = [hex.slice(0, 8), hex.slice(8, width)].slice(0, width / 8)
		.map((half) => half.join(" ").padEnd(23));
	const text = Array.from(bytes, (byte) => byte >= 32 && byte < 127 ?
		String.fromCharCode(byte) : ".").join("");

	return `${[offset.toString(16).padStart(8, "0"), ...halves, text].join("  ")}\n`;
}

function hexText(bytes, offset, width) {
	let text = "";

	for (let at = 0; at < bytes.length; at += width)
		text += hexLine(bytes.subarray(at, at + width), offset + at, width);
	return text;
}

export class Preview {
	#place = byId("preview");
	#url; // of the picture that is shown
	#shown = 0; // counts what was asked for, so that late answers are dropped

	// read(path, position, length): a promise of bytes; readLink(path); onSave(path, text): a
	// promise of whether it was written; onClose(); onEditing(isEditing); isWritable()
	constructor(actions) {
		this.actions = actions;
		this.isEditing = false;
		this.#place.addEventListener("keydown", ({ key }) =>
			key === "Escape" && !this.isEditing && actions.onClose());
	}

	clear() {
		this.#shown++;
		this.#setEditing(false);
		if (this.#url !== undefined)
			URL.revokeObjectURL(this.#url);
		this.#url = undefined;
		this.#place.hidden = true;
		this.#place.replaceChildren();
	}

	#setEditing(isEditing) {
		this.isEditing = isEditing;
	}

	async show(entry) {
		this.clear();
		if (entry === undefined)
			return;
		if (entry.error !== undefined) {
			this.#place.replaceChildren(this.#head(entry), make("p", { class: "problem" },
				explain(entry.error, "Reading its inode")));
			this.#place.hidden = false;
			return;
		}
		const mine = this.#shown;
		const body = make("div", { class: "preview-body" });

		this.#place.replaceChildren(this.#head(entry), this.#facts(entry.stats), body);
		this.#place.hidden = false;
		try {
			const content = await this.#content(entry);

			if (mine === this.#shown)
				body.replaceChildren(...content);
		} catch (error) {
			if (mine === this.#shown)
				body.replaceChildren(make("p", { class: "problem", role: "alert" },
					explain(error, "Reading it")));
			throw error;
		}
	}

	#head({ name }) {
		const close = () => this.actions.onClose();

		return make("div", { class: "preview-head" },
			make("h3", {}, nameText(name)),
			make("button", { type: "button", "aria-label": "Close the preview", onclick: close },
				"\u00d7"));
	}

	#facts(stats) {
		const rows = [
			["Kind", kindText(stats)], ["Size", `${sizeText(stats.size)} (${stats.size})`],
			["Changed", timeText(stats.mtime)],
			["Mode", `${modeText(stats)} ${(stats.mode & 0o7777).toString(8).padStart(4, "0")}`],
			["Owner", `${stats.uid}:${stats.gid}`], ["Links", String(stats.nlink)],
			["Inode", String(stats.ino)],
		];

		return make("dl", { class: "facts" }, ...rows.map(([name, value]) =>
			make("div", {}, make("dt", {}, name), make("dd", {}, value))));
	}

	async #content(entry) {
		const { path, stats } = entry;

		if (stats.isSymbolicLink())
			return [make("p", {}, "Leads to ",
				make("code", {}, nameText(await this.actions.readLink(path))))];
		if (!stats.isFile())
			return [];
		if (stats.size === 0)
			return [make("p", {}, "The file is empty."), ...this.#editButton(entry, "")];
		const bytes = await this.actions.read(path, 0, Math.min(stats.size, TEXT_MAX));
		const type = pictureType(bytes);
		const views = [];
		const text = textOf(bytes, bytes.length < stats.size);

		if (type !== undefined && stats.size <= PICTURE_MAX)
			views.push(["Picture", () => this.#picture(entry, type)]);
		if (text !== undefined)
			views.push(["Text", () => this.#text(entry, text)]);
		views.push(["Hex", () => this.#hex(entry, bytes)]);
		return this.#tabs(views);
	}

	async #tabs(views) {
		const panel = make("div", { role: "tabpanel", id: "view", class: "view" });
		const tabs = views.map(([name, build]) => make("button", { role: "tab", type: "button",
			"aria-controls": "view", onclick: (event) => choose(event.currentTarget, build) },
		name));
		const choose = async (tab, build) => {
			for (const other of tabs) {
				other.setAttribute("aria-selected", String(other === tab));
				other.tabIndex = other === tab ? 0 : -1;
			}
			this.#setEditing(false);
			panel.replaceChildren(...await build());
		};

		await choose(tabs[0], views[0][1]);
		return [make("div", { role: "tablist", "aria-label": "Views", class: "tabs" }, ...tabs),
			panel];
	}

	async #picture({ path, name, stats }, type) {
		const bytes = await this.actions.read(path, 0, stats.size);
		const picture = make("img", { alt: nameText(name) });
		const size = make("p", { class: "hint" });

		this.#url = URL.createObjectURL(new Blob([bytes], { type }));
		picture.src = this.#url;
		try {
			await picture.decode();
			size.textContent = `${picture.naturalWidth} by ${picture.naturalHeight} pixels`;
			return [picture, size];
		} catch {
			return [make("p", { class: "problem" }, "The picture is damaged or of a kind that " +
				"this browser does not show; see it as Hex.")];
		}
	}

	#text(entry, text) {
		const isCut = entry.stats.size > TEXT_MAX;
		const shown = make("pre", { class: "text-view", tabindex: "0", "aria-label": "Content" },
			text.split("\n").map((line) => visible(line.replaceAll("\t", "        "))).join("\n"));

		if (isCut)
			return [make("p", { class: "hint" }, `The first ${sizeText(TEXT_MAX)}; download the ` +
				"file for all of it."), shown];
		return [...this.#editButton(entry, text), shown];
	}

	#editButton(entry, text) {
		if (!this.actions.isWritable())
			return [];
		return [make("button", { type: "button", id: "edit",
			onclick: (event) => this.#edit(event.currentTarget.parentElement, entry, text) },
		"Edit")];
	}

	#edit(panel, entry, text) {
		const area = make("textarea", { id: "editor", spellcheck: "false",
			"aria-label": `Content of ${nameText(entry.name)}` });
		// Lines ended with CR LF stay so, though the element has only LF.
		const hasReturns = text.includes("\r\n");
		const save = async () => {
			const edited = hasReturns ? area.value.replaceAll("\n", "\r\n") : area.value;

			if (await this.actions.onSave(entry, edited))
				this.#setEditing(false);
		};

		area.value = text;
		this.#setEditing(true);
		panel.replaceChildren(area, make("p", { class: "row" },
			make("button", { type: "button", class: "primary", id: "editor-save", onclick: save },
				"Write file"),
			make("button", { type: "button", onclick: () => this.show(entry) }, "Cancel")));
		area.focus();
		area.setSelectionRange(0, 0);
		area.scrollTop = 0;
	}

	#hex({ path, stats }, bytes) {
		const shown = make("pre", { class: "hex-view", tabindex: "0", "aria-label": "Bytes" });
		const width = HEX_WIDTHS[Number(this.#place.clientWidth < HEX_ROOM)];
		let end = Math.min(HEX_STEP, bytes.length);
		const more = make("button", { type: "button", onclick: async () => {
			const next = await this.actions.read(path, end,
				Math.min(4 * HEX_STEP, stats.size - end));

			shown.append(hexText(next, end, width));
			end += next.length;
			more.hidden = next.length === 0 || end >= stats.size;
		} }, "More");

		shown.append(hexText(bytes.subarray(0, end), 0, width));
		more.hidden = end >= stats.size;
		return [shown, more];
	}
}

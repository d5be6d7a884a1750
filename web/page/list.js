// The files of a folder as a table, of which only the rows in sight are elements: folders
// may have hundreds of thousands of entries.
//
// The table has the focus, and says by aria-activedescendant which row is meant.

import { byId, make } from "./dom.js";
import { collator, compareEntries, kindText, modeText, nameText, sizeText, timeText }
	from "./format.js";

const EXTRA = 10; // rows outside of what is seen
const TYPE_AHEAD_MS = 800;

const orders = {
	name: compareEntries,
	size: (one, other) => one.stats.size - other.stats.size || compareEntries(one, other),
	time: (one, other) => one.stats.mtimeMs - other.stats.mtimeMs || compareEntries(one, other),
};

export class List {
	#grid = byId("list");
	#body = byId("list-body");
	#entries = [];
	#active = -1;
	#rowHeight = 0;
	#order = "name";
	#isReverse = false;
	#typed = "";
	#typedAt = 0;

	// onOpen(entry), onSelect(entry or undefined), onKey(key): Delete, Escape, F2, Backspace
	constructor({ onOpen, onSelect, onKey }) {
		Object.assign(this, { onOpen, onSelect, onKey });
		this.#grid.addEventListener("scroll", () => this.#draw());
		new ResizeObserver(() => this.#draw()).observe(this.#grid);
		this.#grid.addEventListener("keydown", (event) => this.#press(event));
		this.#body.addEventListener("click", (event) => this.#click(event, false));
		this.#body.addEventListener("dblclick", (event) => this.#click(event, true));
		for (const button of this.#grid.querySelectorAll("[data-sort]"))
			button.addEventListener("click", () => this.#sortBy(button.dataset.sort));
	}

	get selected() {
		return this.#entries[this.#active];
	}

	get entries() {
		return this.#entries;
	}

	focus() {
		this.#grid.focus();
	}

	// name: the entry to select, if it is there
	show(entries, name) {
		this.#entries = entries;
		this.#sort();
		this.#grid.setAttribute("aria-rowcount", entries.length + 1);
		byId("list-empty").hidden = entries.length > 0;
		this.#grid.scrollTop = 0;
		this.#select(name === undefined ? -1 : this.#entries.findIndex((entry) =>
			entry.name === name));
	}

	#sort() {
		const compare = orders[this.#order];

		this.#entries.sort(this.#isReverse ? (one, other) => compare(other, one) : compare);
		for (const button of this.#grid.querySelectorAll("[data-sort]")) {
			const isIt = button.dataset.sort === this.#order;

			button.parentElement.setAttribute("aria-sort", !isIt ? "none" :
				this.#isReverse ? "descending" : "ascending");
		}
	}

	#sortBy(order) {
		const { selected } = this;

		this.#isReverse = order === this.#order && !this.#isReverse;
		this.#order = order;
		this.#sort();
		this.#select(this.#entries.indexOf(selected));
	}

	#row(entry, i) {
		const { stats } = entry;
		const isFile = stats.isFile();
		const cell = (name, ...content) => make("span", { role: "gridcell", class: name },
			...content);
		const row = make("div", {
			role: "row", id: `row-${i}`, "aria-rowindex": i + 2, class: "list-row",
			"aria-selected": String(i === this.#active), "data-kind": kindText(stats),
		},
		cell("name", make("span", { class: "icon", "aria-hidden": "true" }),
			make("span", { class: "text" }, nameText(entry.name))),
		cell("size", entry.error ? "damaged" : isFile ? sizeText(stats.size) : kindText(stats)),
		cell("time", timeText(stats.mtime)), cell("mode", modeText(stats)),
		cell("owner", `${stats.uid}:${stats.gid}`));

		row.style.top = `${i * this.#rowHeight}px`;
		return row;
	}

	#draw() {
		if (this.#rowHeight === 0) {
			this.#rowHeight = parseFloat(
				getComputedStyle(this.#grid).getPropertyValue("--row-height"));
		}
		const first = Math.max(0, Math.floor(this.#grid.scrollTop / this.#rowHeight) - EXTRA);
		const count = Math.ceil(this.#grid.clientHeight / this.#rowHeight) + 2 * EXTRA;
		const rows = this.#entries.slice(first, first + count)
			.map((entry, i) => this.#row(entry, first + i));

		this.#body.style.height = `${this.#entries.length * this.#rowHeight}px`;
		this.#body.replaceChildren(...rows);
		const isDrawn = this.#active >= first && this.#active < first + count;
		if (isDrawn)
			this.#grid.setAttribute("aria-activedescendant", `row-${this.#active}`);
		else
			this.#grid.removeAttribute("aria-activedescendant");
	}

	#select(i) {
		this.#active = i;
		this.#reveal();
		this.#draw();
		this.onSelect(this.selected);
	}

	#reveal() {
		const head = this.#grid.querySelector(".list-head").offsetHeight;
		const top = this.#active * this.#rowHeight;
		const room = this.#grid.clientHeight - head;

		if (this.#active < 0)
			return;
		if (top < this.#grid.scrollTop)
			this.#grid.scrollTop = top;
		else if (top + this.#rowHeight > this.#grid.scrollTop + room)
			this.#grid.scrollTop = top + this.#rowHeight - room;
	}

	#click(event, isDouble) {
		const row = event.target.closest(".list-row");

		if (row === null)
			return;
		const i = Number(row.id.slice("row-".length));
		const isAgain = i === this.#active;
		if (!isAgain)
			this.#select(i);
		// What a finger means by touching a folder is to go there.
		if (isDouble || (this.selected.stats.isDirectory() &&
				matchMedia("(pointer: coarse)").matches))
			this.onOpen(this.selected);
	}

	#press(event) {
		const page = Math.max(1,
			Math.floor(this.#grid.clientHeight / this.#rowHeight) - 2);
		const last = this.#entries.length - 1;
		const steps = {
			ArrowDown: this.#active + 1, ArrowUp: this.#active - 1, Home: 0, End: last,
			PageDown: this.#active + page, PageUp: this.#active - page,
		};

		if (event.target !== this.#grid || event.altKey || event.ctrlKey || event.metaKey)
			return;
		if (event.key in steps) {
			if (last >= 0)
				this.#select(Math.min(last, Math.max(0, steps[event.key])));
		} else if (event.key === "Enter") {
			if (this.selected !== undefined)
				this.onOpen(this.selected);
		} else if (["Delete", "Escape", "F2", "Backspace"].includes(event.key)) {
			this.onKey(event.key);
		} else if (event.key.length === 1 && event.key !== " ") {
			this.#typeAhead(event);
		} else {
			return;
		}
		event.preventDefault();
	}

	// Letters lead to the next name that begins with them.
	#typeAhead({ key, timeStamp }) {
		this.#typed = timeStamp - this.#typedAt < TYPE_AHEAD_MS ? this.#typed + key : key;
		this.#typedAt = timeStamp;
		const from = this.#typed.length === 1 ? this.#active + 1 : Math.max(0, this.#active);
		const begins = ({ name }) => collator.compare(
			name.slice(0, this.#typed.length).toLowerCase(), this.#typed.toLowerCase()) === 0;
		const found = this.#entries.findIndex((entry, i) => i >= from && begins(entry));

		if (found >= 0)
			this.#select(found);
	}
}

// The folders as a tree, read as they are opened.  Keys are those of the ARIA pattern for
// trees: arrows, Home, End, Enter, letters.

import { byId, make } from "./dom.js";
import { collator, nameText, parentOf, samePath } from "./format.js";

const FOLDERS_MAX = 500; // shown of one folder

export class Tree {
	#tree = byId("tree");
	#paths = new WeakMap(); // item -> path

	// list(path): a promise of the folders in it, as Entries; onOpen(path)
	constructor({ list, onOpen }) {
		this.list = list;
		this.onOpen = onOpen;
		this.#tree.addEventListener("click", (event) => this.#click(event));
		this.#tree.addEventListener("keydown", (event) => this.#press(event));
	}

	async show(name) {
		const top = this.#item("/", name);

		top.tabIndex = 0;
		top.setAttribute("aria-selected", "true");
		this.#tree.replaceChildren(top);
		await this.#expand(top);
	}

	#item(path, name) {
		const item = make("li", { role: "treeitem", "aria-expanded": "false",
			"aria-selected": "false", tabindex: "-1" },
		make("span", { class: "tree-row" },
			make("span", { class: "twist", "aria-hidden": "true" }),
			make("span", { class: "text" }, nameText(name))));

		this.#paths.set(item, path);
		return item;
	}

	#isExpanded(item) {
		return item.getAttribute("aria-expanded") === "true";
	}

	async #expand(item) {
		const found = await this.list(this.#paths.get(item));
		const folders = found.sort((one, other) => collator.compare(one.name, other.name));
		const group = make("ul", { role: "group" },
			...folders.slice(0, FOLDERS_MAX).map(({ path, name }) => this.#item(path, name)));

		if (folders.length > FOLDERS_MAX)
			group.append(make("li", { role: "none", class: "more" },
				`and ${folders.length - FOLDERS_MAX} more, in the list`));
		this.#group(item)?.remove();
		if (folders.length > 0) {
			item.append(group);
			item.setAttribute("aria-expanded", "true");
		} else {
			item.removeAttribute("aria-expanded");
		}
	}

	#collapse(item) {
		this.#group(item)?.remove();
		item.setAttribute("aria-expanded", "false");
	}

	#group(item) {
		return item.querySelector(":scope > [role=group]");
	}

	#items() {
		return [...this.#tree.querySelectorAll("[role=treeitem]")];
	}

	#itemOf(path) {
		return this.#items().find((item) => samePath(this.#paths.get(item), path));
	}

	// Mark the folder at path, and open those that it is in.
	async select(path) {
		const above = [];

		for (let at = path; !samePath(at, "/"); at = parentOf(at))
			above.unshift(parentOf(at));
		for (const folder of above) {
			const item = this.#itemOf(folder);

			if (item?.getAttribute("aria-expanded") === "false")
				await this.#expand(item);
		}
		const found = this.#itemOf(path);
		if (found === undefined)
			return; // of too many, or by a link
		for (const item of this.#items()) {
			item.tabIndex = item === found ? 0 : -1;
			item.setAttribute("aria-selected", String(item === found));
		}
		found.firstElementChild.scrollIntoView({ block: "nearest" });
	}

	// What is in the folder at path has changed.
	async refresh(path) {
		const item = this.#itemOf(path);

		if (item === undefined)
			return;
		if (this.#isExpanded(item) || item.getAttribute("aria-expanded") === null)
			await this.#expand(item);
	}

	#focus(item) {
		for (const other of this.#items())
			other.tabIndex = other === item ? 0 : -1;
		item.focus();
	}

	#toggle(item) {
		return this.#isExpanded(item) ? this.#collapse(item) : this.#expand(item);
	}

	#click(event) {
		const item = event.target.closest("[role=treeitem]");

		if (item === null)
			return;
		this.#focus(item);
		if (event.target.classList.contains("twist"))
			this.#toggle(item);
		else
			this.onOpen(this.#paths.get(item));
	}

	#press(event) {
		const item = event.target.closest("[role=treeitem]");
		const items = this.#items();
		const at = items.indexOf(item);
		const actions = {
			ArrowDown: () => items[at + 1] && this.#focus(items[at + 1]),
			ArrowUp: () => items[at - 1] && this.#focus(items[at - 1]),
			Home: () => this.#focus(items[0]),
			End: () => this.#focus(items.at(-1)),
			Enter: () => this.onOpen(this.#paths.get(item)),
			" ": () => this.onOpen(this.#paths.get(item)),
			ArrowRight: () => {
				if (this.#isExpanded(item))
					this.#focus(items[at + 1]);
				else if (item.getAttribute("aria-expanded") === "false")
					this.#expand(item);
			},
			ArrowLeft: () => {
				const above = item.parentElement.closest("[role=treeitem]");

				if (this.#isExpanded(item))
					this.#collapse(item);
				else if (above !== null)
					this.#focus(above);
			},
		};

		if (item === null || event.altKey || event.ctrlKey || event.metaKey)
			return;
		if (event.key in actions) {
			actions[event.key]();
			event.preventDefault();
		} else if (event.key.length === 1) {
			const key = event.key.toLowerCase();
			const around = [...items.slice(at + 1), ...items.slice(0, at)];
			const found = around.find((other) => other.querySelector(".text").textContent
				.toLowerCase().startsWith(key));

			if (found !== undefined)
				this.#focus(found);
		}
	}
}

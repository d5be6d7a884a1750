// Elements.  Text becomes text nodes: nothing from an image is ever read as HTML.

export const byId = (id) => document.getElementById(id);

// make("button", { type: "button", class: "x", onclick: code }, "text", element ...)
export function make(tag, attributes = {}, ...children) {
	const element = document.createElement(tag);

	for (const [name, value] of Object.entries(attributes)) {
		if (name.startsWith("on"))
			element.addEventListener(name.slice(2), value);
		else if (value !== undefined && value !== false)
			element.setAttribute(name, value === true ? "" : value);
	}
	element.append(...children);
	return element;
}

// Let the browser save blob as a file called name.
export function saveAs(blob, name) {
	const url = URL.createObjectURL(blob);

	make("a", { href: url, download: name }).click();
	setTimeout(() => URL.revokeObjectURL(url), 60000);
}

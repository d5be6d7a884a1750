// Questions, in the one dialog that the page has.

import { byId, make } from "./dom.js";

const dialog = byId("dialog");

// Resolves to true for OK.  field: elements to fill in.
async function show({ title, text = "", field = [], ok = "OK", isDangerous = false }) {
	byId("dialog-title").textContent = title;
	byId("dialog-text").textContent = text;
	byId("dialog-field").replaceChildren(...field);
	byId("dialog-ok").textContent = ok;
	byId("dialog-ok").classList.toggle("danger", isDangerous);
	dialog.returnValue = "";
	dialog.showModal();
	const input = dialog.querySelector("#dialog-field input:checked, #dialog-field [type=text]");
	(input ?? byId("dialog-cancel")).focus();
	await new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
	return dialog.returnValue === "ok";
}

// Enter in a field means OK, not the first button of the form.
dialog.addEventListener("keydown", (event) => {
	if (event.key === "Enter" && event.target.matches("input")) {
		event.preventDefault();
		byId("dialog-ok").click();
	}
});

export function confirm(title, text, ok) {
	return show({ title, text, ok, isDangerous: true });
}

function nameProblem(name, taken) {
	if (name === "." || name === "..")
		return "Such a name has a meaning of its own.";
	if (name.includes("/") || name.includes("\0"))
		return "A name must not have a slash in it.";
	if (new TextEncoder().encode(name).length > 255)
		return "A name has at most 255 bytes.";
	return taken.has(name) ? "There is something of that name already." : "";
}

// A name, or undefined.  taken: a Set of those that cannot be chosen.
export async function askName(title, { value = "", ok, taken = new Set() } = {}) {
	const input = make("input", { id: "dialog-name", type: "text", required: true,
		autocomplete: "off", spellcheck: "false", "aria-describedby": "dialog-problem" });
	const problem = make("p", { id: "dialog-problem", class: "problem", role: "alert" });
	const check = () => {
		const text = nameProblem(input.value, taken);

		input.setCustomValidity(text);
		problem.textContent = text;
	};

	input.value = value;
	input.addEventListener("input", check);
	const label = make("label", { for: "dialog-name" }, "Name");
	return await show({ title, ok, field: [label, input, problem] }) ? input.value : undefined;
}

// One of choices, { value, text, isDisabled, isLikely }; its value, or undefined.
export async function choose(title, text, choices, ok) {
	const usable = choices.filter(({ isDisabled }) => !isDisabled);
	const first = usable.find(({ isLikely }) => isLikely) ?? usable[0];
	const options = choices.map((choice, i) => make("label", { class: "choice" },
		make("input", { type: "radio", name: "choice", value: String(i),
			checked: choice === first, disabled: choice.isDisabled }),
		make("span", {}, choice.text)));
	const field = make("fieldset", {}, make("legend", { class: "hidden" }, title), ...options);

	if (!await show({ title, text, ok, field: [field] }))
		return undefined;
	const chosen = field.querySelector("input:checked");
	return chosen === null ? undefined : choices[Number(chosen.value)].value;
}

// A terminal for the shell: xterm.js shows it, and the line is edited here.

import { visible } from "./format.js";
import { Shell } from "./shell.js";

const HISTORY_MAX = 200;

const theme = {
	background: "#14171c", foreground: "#e4e8ee", cursor: "#7db1ff",
	selectionBackground: "#3b5b8f",
};

// A line with a cursor, as text and a place in it.
class Line {
	constructor() {
		this.set("");
	}

	set(text) {
		this.text = text;
		this.at = text.length;
	}

	insert(text) {
		this.text = this.text.slice(0, this.at) + text + this.text.slice(this.at);
		this.at += text.length;
	}

	// Remove count characters before the cursor, or after it if negative.
	remove(count) {
		const from = Math.max(0, Math.min(this.at, this.at - count));
		const to = Math.max(this.at, this.at - count);

		this.text = this.text.slice(0, from) + this.text.slice(to);
		this.at = from;
	}

	move(to) {
		this.at = Math.max(0, Math.min(this.text.length, to));
	}
}

class Terminal {
	#xterm;
	#shell;
	#actions;
	#line = new Line();
	#history = [];
	#place = 0; // in the history
	#isRunning = false;
	#waiting = []; // keys that came meanwhile

	constructor(xterm, actions) {
		this.#xterm = xterm;
		this.#actions = actions;
		this.#shell = new Shell({
			session: actions.session,
			write: (text) => xterm.write(text.replaceAll("\n", "\r\n")),
			onChange: actions.onChange,
		});
		xterm.onData((data) => this.#receive(data));
		xterm.attachCustomKeyEventHandler((event) => this.#isOurs(event));
		this.#prompt();
	}

	// Tab leaves an empty line, and Shift-Tab every line, so that keys alone get out.
	#isOurs(event) {
		return event.key !== "Tab" || (!event.shiftKey && this.#line.text.trim() !== "");
	}

	focus() {
		this.#xterm.focus();
	}

	// Another image, or this one anew.
	reset() {
		this.#shell.cwd = "/";
	}

	#prompt() {
		this.#xterm.write("\r\n".repeat(this.#xterm.buffer.active.cursorX > 0) + this.#head());
	}

	#head() {
		return `\x1b[1;34m${visible(String(this.#shell.cwd))}\x1b[0m $ `;
	}

	#draw() {
		const back = this.#line.text.length - this.#line.at;

		this.#xterm.write(`\r\x1b[K${this.#head()}${visible(this.#line.text)}` +
			(back > 0 ? `\x1b[${back}D` : ""));
	}

	#receive(data) {
		if (this.#isRunning) {
			if (data === "\x03") {
				this.#shell.isInterrupted = true;
				this.#waiting.length = 0;
			} else {
				this.#waiting.push(data);
			}
			return;
		}
		if (data.startsWith("\x1b") || data.length === 1) {
			this.#press(data);
			return;
		}
		// Pasted: its first line, to be looked at before it runs.
		this.#line.insert(data.split(/[\r\n]/)[0].replaceAll("\t", " "));
		this.#draw();
	}

	#press(key) {
		const line = this.#line;
		const actions = {
			"\r": () => this.#enter(),
			"\x7f": () => line.remove(1),
			"\x1b[3~": () => line.remove(-1),
			"\x1b[D": () => line.move(line.at - 1),
			"\x1b[C": () => line.move(line.at + 1),
			"\x1b[H": () => line.move(0), "\x01": () => line.move(0),
			"\x1b[F": () => line.move(Infinity), "\x05": () => line.move(Infinity),
			"\x1b[A": () => this.#recall(-1),
			"\x1b[B": () => this.#recall(1),
			"\x15": () => line.remove(line.at),
			"\x0b": () => line.remove(line.at - line.text.length),
			"\x0c": () => this.#xterm.clear(),
			"\x03": () => {
				line.set("");
				this.#xterm.write("^C\r\n");
			},
			"\t": () => this.#complete(),
		};

		if (key in actions)
			actions[key]();
		else if (key >= " ")
			line.insert(key);
		if (!this.#isRunning)
			this.#draw();
	}

	#recall(step) {
		this.#place = Math.max(0, Math.min(this.#history.length, this.#place + step));
		this.#line.set(this.#history[this.#place] ?? "");
	}

	// Do action, then show where the line is again, then take the keys that came meanwhile.
	async #run(action, show) {
		this.#isRunning = true;
		if (this.#actions.session.isOpen)
			await this.#actions.attempt("The command", action);
		else
			this.#xterm.write("no image is open\r\n");
		// What was written must be drawn first: only then is known where the line ends.
		await new Promise((resolve) => this.#xterm.write("", resolve));
		show();
		this.#isRunning = false;
		while (this.#waiting.length > 0 && !this.#isRunning)
			this.#receive(this.#waiting.shift());
	}

	#enter() {
		const { text } = this.#line;

		this.#line.set("");
		this.#xterm.write("\r\n");
		if (text.trim() === "")
			return;
		this.#history = [...this.#history.filter((other) => other !== text), text]
			.slice(-HISTORY_MAX);
		this.#place = this.#history.length;
		if (text.trim() === "clear") {
			this.#xterm.clear();
			return;
		}
		this.#shell.columns = this.#xterm.cols;
		this.#run(() => this.#shell.run(text), () => this.#prompt());
	}

	#complete() {
		const before = this.#line.text.slice(0, this.#line.at);

		this.#run(async () => {
			const { start, names } = await this.#shell.complete(before);

			if (names.length === 0)
				return;
			let common = names[0];
			while (!names.every((name) => name.startsWith(common)))
				common = common.slice(0, -1);
			const typed = before.slice(start);
			if (common.length > typed.length)
				this.#line.insert(common.slice(typed.length));
			else if (names.length > 1)
				this.#xterm.write(`\r\n${names.map(visible).join(" ")}\r\n`);
		}, () => this.#draw());
	}
}

// A terminal in place.  actions: { session, attempt(what, action), onChange() }.
export async function openTerminal(place, actions) {
	const [{ Terminal: Xterm }, { FitAddon }] = await Promise.all([
		import("./xterm/xterm.mjs"), import("./xterm/addon-fit.mjs")]);
	const xterm = new Xterm({
		theme, fontFamily: getComputedStyle(place).getPropertyValue("--mono"), fontSize: 13,
		screenReaderMode: true, scrollback: 5000,
		cursorBlink: !matchMedia("(prefers-reduced-motion: reduce)").matches,
	});
	const fit = new FitAddon();

	xterm.loadAddon(fit);
	xterm.open(place);
	fit.fit();
	new ResizeObserver(() => place.offsetParent !== null && fit.fit()).observe(place);
	return new Terminal(xterm, actions);
}

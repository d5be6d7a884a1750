// The commands of the terminal, on the files of an image: words, quotes, patterns, output
// into files, and a list of commands in the manner of the "rump sh" command.
//
// Words are taken apart before anything runs.  What a command prints goes through
// visible(), so that nothing in an image drives the terminal.

import { join } from "../anykernel.js";
import { baseOf, collator, kindText, modeText, nameText, parentOf, sizeText, timeText, visible }
	from "./format.js";

const COPY_SIZE = 256 * 1024;
const CAT_MAX = 4 * 1024 * 1024; // of a file on the terminal
const HEX_MAX = 64 * 1024;

export class UsageError extends Error {}

// ---- words -------------------------------------------------------------------------------

const SPECIAL = /[\s;>]/;

// The words of a line: { text, pattern, isQuoted } and, for ; > and >>, { operator }.
// pattern: the word as a regular expression, or undefined.
export function splitLine(line) {
	const words = [];

	for (let at = 0; at < line.length;) {
		if (/\s/.test(line[at])) {
			at++;
		} else if (line[at] === "#") {
			break;
		} else if (line.startsWith(">>", at)) {
			words.push({ operator: ">>" });
			at += 2;
		} else if (line[at] === ">" || line[at] === ";") {
			words.push({ operator: line[at++] });
		} else {
			const { word, end } = readWord(line, at);

			words.push(word);
			at = end;
		}
	}
	return words;
}

function readWord(line, at) {
	const parts = []; // [text, isQuoted]

	while (at < line.length && !SPECIAL.test(line[at])) {
		const mark = line[at];

		if (mark === "\\" && at + 1 < line.length) {
			parts.push([line[at + 1], true]);
			at += 2;
		} else if (mark === "'" || mark === "\"") {
			const end = line.indexOf(mark, at + 1);

			if (end < 0)
				throw new UsageError(`a quote (${mark}) is not closed`);
			parts.push([line.slice(at + 1, end), true]);
			at = end + 1;
		} else {
			parts.push([mark, false]);
			at++;
		}
	}
	const text = parts.map(([part]) => part).join("");
	const isPattern = parts.some(([part, isQuoted]) => !isQuoted && /[*?]/.test(part));
	return { word: { text, parts: isPattern ? parts : undefined }, end: at };
}

function patternOf(parts) {
	const source = parts.map(([part, isQuoted]) =>
		!isQuoted && part === "*" ? ".*" : !isQuoted && part === "?" ? "." :
			part.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&")).join("");

	return new RegExp(`^${source}$`, "su");
}

// The parts of a word between its slashes.
function splitParts(parts) {
	const names = [[]];

	for (const [part, isQuoted] of parts) {
		part.split("/").forEach((piece, i) => {
			if (i > 0)
				names.push([]);
			if (piece !== "")
				names.at(-1).push(...Array.from(piece, (letter) => [letter, isQuoted]));
		});
	}
	return names;
}

// Flags that begin the words: { a: true, ... } and the rest.
function flagsOf(words, allowed) {
	const flags = {};
	const rest = [...words];

	while (typeof rest[0] === "string" && /^-./.test(rest[0])) {
		const word = rest.shift();

		if (word === "--")
			break;
		for (const letter of word.slice(1)) {
			if (!allowed.includes(letter))
				throw new UsageError(`option -${letter} is not known`);
			flags[letter] = true;
		}
	}
	return { flags, rest };
}

function need(words, least, most = Infinity) {
	if (words.length < least)
		throw new UsageError("something is missing");
	if (words.length > most)
		throw new UsageError("that is too much");
}

// ---- the shell -----------------------------------------------------------------------------

export class Shell {
	// session: as in session.js; write(text); onChange(): something was written
	constructor({ session, write, onChange }) {
		Object.assign(this, { session, onChange });
		this.terminal = write;
		this.cwd = "/";
		this.isInterrupted = false;
		this.isChanged = false;
	}

	get fs() {
		return this.session.fs;
	}

	print(text) {
		if (this.isInterrupted)
			throw new UsageError("interrupted");
		this.output(text);
	}

	resolve(path) {
		const text = typeof path === "string" ? path : undefined;

		if (text === undefined)
			return path; // from a pattern: whole already
		const parts = [];
		for (const part of (text.startsWith("/") ? text : `${this.cwd}/${text}`).split("/")) {
			if (part === "..")
				parts.pop();
			else if (part !== "" && part !== ".")
				parts.push(part);
		}
		return "/" + parts.join("/");
	}

	// The paths that a word stands for.
	async #expand({ text, parts }) {
		if (parts === undefined)
			return [text];
		const isAbsolute = text.startsWith("/");
		let found = [isAbsolute ? "/" : ""];

		for (const part of splitParts(parts).filter((letters) => letters.length > 0)) {
			const pattern = patternOf(part);
			const next = [];

			for (const folder of found) {
				const entries = await this.fs.entries(this.resolve(folder)).catch(() => []);

				for (const { name, path } of entries) {
					const isHidden = name.startsWith(".") && part[0][0] !== ".";

					if (pattern.test(name) && !isHidden)
						next.push(typeof path !== "string" || folder === "" ?
							(typeof path === "string" ? name : path) : join(folder, name));
				}
			}
			found = next;
		}
		return found.length > 0 ? found.sort() : [text];
	}

	// Run a line; whether all of it worked.
	async run(line) {
		this.isInterrupted = this.isChanged = false;
		try {
			const commands = [[]];

			for (const word of splitLine(line)) {
				if (word.operator === ";")
					commands.push([]);
				else
					commands.at(-1).push(word);
			}
			for (const words of commands.filter(({ length }) => length > 0))
				await this.#runCommand(words);
			return true;
		} catch (error) {
			if (error.stopped)
				throw error;
			this.terminal(`${visible(error.message)}\n`);
			return false;
		} finally {
			if (this.isChanged)
				await this.onChange();
		}
	}

	async #runCommand(words) {
		const at = words.findIndex(({ operator }) => operator !== undefined);
		let kept = "";

		if (at >= 0 && at !== words.length - 2)
			throw new UsageError(`${words[at].operator} takes one file, at the end`);
		const names = [];
		for (const word of at < 0 ? words : words.slice(0, at))
			names.push(...await this.#expand(word));
		this.output = at < 0 ? this.terminal : (text) => {
			kept += text;
		};
		await this.#call(names);
		if (at < 0)
			return;
		const flag = words[at].operator === ">>" ? "a" : "w";
		await this.fs.writeFile(this.resolve(words[at + 1].text), kept, { flag });
		this.isChanged = true;
	}

	async #call([name, ...words]) {
		const command = commands[name];

		if (command === undefined)
			throw new UsageError(`${name}: no such command; help lists them`);
		this.isChanged ||= command.changes === true; // some of it, if it fails
		try {
			await command.run(this, words);
		} catch (error) {
			if (error instanceof UsageError)
				error.message = `${name}: ${error.message}; usage: ${name} ${command.usage}`;
			else if (!error.stopped)
				error.message = `${name}: ${error.message}`;
			throw error;
		}
	}

	// How the last word of a line may go on: { start, names }.
	async complete(line) {
		const start = Math.max(line.lastIndexOf(" "), line.lastIndexOf(";"),
			line.lastIndexOf(">")) + 1;
		const word = line.slice(start);

		if (line.slice(0, start).trim() === "" && !word.includes("/"))
			return { start, names: Object.keys(commands).filter((name) =>
				name.startsWith(word)).map((name) => name + " ") };
		const slash = word.lastIndexOf("/") + 1;
		const entries = await this.fs.entries(this.resolve(word.slice(0, slash) || "."))
			.catch(() => []);
		const names = entries.filter(({ name, path }) => typeof path === "string" &&
			name.startsWith(word.slice(slash)) && !/[\s;>'"\\*?]/.test(name) &&
			name === visible(name));
		return { start: start + slash, names: names.map(({ name, stats }) =>
			name + (stats.isDirectory() ? "/" : " ")).sort() };
	}

	// Where something called from goes, if dest is a folder into that.
	async #destination(from, dest) {
		const path = this.resolve(dest);
		const stats = await this.fs.stat(path).catch(() => undefined);

		return stats?.isDirectory() ? join(path, baseOf(this.resolve(from))) : path;
	}

	// Calls act(from, to) for the words of cp, mv and ln.
	async eachPair(words, act) {
		need(words, 2);
		const dest = words.at(-1);

		if (words.length > 2 && !(await this.fs.stat(this.resolve(dest))).isDirectory())
			throw new UsageError(`${dest} is no folder`);
		for (const from of words.slice(0, -1))
			await act(this.resolve(from), await this.#destination(from, dest));
	}
}

// ---- what several commands do ------------------------------------------------------------------

async function eachFile(shell, words, act) {
	for (const word of words)
		await act(shell.resolve(word), word);
}

async function readInPieces(shell, path, most, act) {
	const fd = await shell.fs.open(path);
	const bytes = new Uint8Array(COPY_SIZE);
	let done = 0;

	try {
		while (done < most) {
			const count = await shell.fs.read(fd, bytes, 0, Math.min(COPY_SIZE, most - done));

			if (count === 0)
				break;
			await act(bytes.subarray(0, count), done);
			done += count;
		}
	} finally {
		await shell.fs.close(fd).catch(() => {});
	}
}

async function copyFile(shell, from, to, mode) {
	const fd = await shell.fs.open(to, "w", mode & 0o777);

	try {
		await readInPieces(shell, from, Infinity, async (bytes) => {
			for (let at = 0; at < bytes.length;)
				at += await shell.fs.write(fd, bytes.slice(at));
		});
	} finally {
		await shell.fs.close(fd).catch(() => {});
	}
}

async function copy(shell, from, to, isRecursive) {
	const stats = await shell.fs.lstat(from);
	const there = await shell.fs.lstat(to).catch(() => undefined);

	if (there !== undefined && there.ino === stats.ino)
		throw new UsageError(`${nameText(from)} and ${nameText(to)} are the same`);
	if (stats.isSymbolicLink()) {
		await shell.fs.symlink(await shell.fs.readlink(from, "buffer"), to);
	} else if (stats.isFile()) {
		await copyFile(shell, from, to, stats.mode);
	} else if (!stats.isDirectory()) {
		throw new UsageError(`${nameText(from)} is a ${kindText(stats)}`);
	} else if (!isRecursive) {
		throw new UsageError(`${nameText(from)} is a folder, which wants -r`);
	} else {
		await copyFolder(shell, from, to, stats);
	}
}

async function copyFolder(shell, from, to, stats) {
	if (`${nameText(to)}/`.startsWith(`${nameText(from)}/`))
		throw new UsageError("a folder cannot be copied into itself");
	await shell.fs.mkdir(to, stats.mode & 0o777).catch((error) => {
		if (error.code !== "EEXIST")
			throw error;
	});
	for (const entry of await shell.fs.entries(from))
		await copy(shell, entry.path, join(to, baseOf(entry.path)), true);
}

async function longLine(shell, { name, path, stats, error }) {
	if (error !== undefined)
		return `${nameText(name)}: ${visible(error.message)}\n`;
	const size = stats.isCharacterDevice() || stats.isBlockDevice() ?
		`${stats.rdevMajor}, ${stats.rdevMinor}` : String(stats.size);
	const target = stats.isSymbolicLink() ?
		` -> ${nameText(await shell.fs.readlink(path, "buffer"))}` : "";

	return `${modeText(stats)} ${String(stats.nlink).padStart(2)} ` +
		`${String(stats.uid).padStart(4)} ${String(stats.gid).padStart(4)} ` +
		`${size.padStart(9)} ${timeText(stats.mtime)} ${nameText(name)}${target}\n`;
}

async function list(shell, entries, flags) {
	const seen = entries.filter(({ name }) => flags.a || !name.startsWith("."))
		.sort((one, other) => collator.compare(one.name, other.name));

	if (flags.l) {
		for (const entry of seen)
			shell.print(await longLine(shell, entry));
		return;
	}
	const names = seen.map(({ name, stats }) => nameText(name) + (stats.isDirectory() ? "/" : ""));
	const width = Math.max(...names.map(({ length }) => length), 0) + 2;
	const columns = flags[1] || shell.output !== shell.terminal ? 1 :
		Math.max(1, Math.floor((shell.columns ?? 80) / width));
	for (let i = 0; i < names.length; i += columns)
		shell.print(names.slice(i, i + columns).map((name, j) =>
			j === columns - 1 || i + j === names.length - 1 ? name : name.padEnd(width))
			.join("") + "\n");
}

async function listFolder(shell, path, shown, flags, hasTitle) {
	const entries = await shell.fs.entries(path);

	if (hasTitle)
		shell.print(`${nameText(shown)}:\n`);
	await list(shell, entries, flags);
	if (!flags.R)
		return;
	for (const entry of entries.filter(({ stats }) => stats.isDirectory())) {
		shell.print("\n");
		await listFolder(shell, entry.path, join(shown, entry.name), flags, true);
	}
}

async function diskUsage(shell, path, shown, isSummary) {
	const stats = await shell.fs.lstat(path);
	let blocks = stats.blocks;

	if (stats.isDirectory()) {
		for (const { path: inside, name } of await shell.fs.entries(path))
			blocks += await diskUsage(shell, inside, join(shown, name),
				isSummary === undefined ? undefined : "none");
	}
	if (isSummary !== "none" && (isSummary === "top" || stats.isDirectory()))
		shell.print(`${String(Math.ceil(blocks / 2)).padStart(8)} ${nameText(shown)}\n`);
	return blocks;
}

async function findNames(shell, path, shown, pattern) {
	const stats = await shell.fs.lstat(path);

	if (pattern === undefined || pattern.test(nameText(baseOf(path))))
		shell.print(`${nameText(shown)}\n`);
	if (stats.isDirectory()) {
		for (const entry of await shell.fs.entries(path))
			await findNames(shell, entry.path, join(shown, entry.name), pattern);
	}
}

function numberOf(word, base, what) {
	const digits = base === 8 ? /^[0-7]{1,5}$/ : /^\d{1,10}$/;

	if (!digits.test(word))
		throw new UsageError(`${word} is no ${what}`);
	return parseInt(word, base);
}

async function lines(shell, path, act) {
	const decoder = new TextDecoder();
	let rest = "";

	await readInPieces(shell, path, Infinity, (bytes) => {
		const all = (rest + decoder.decode(bytes, { stream: true })).split("\n");

		rest = all.pop();
		all.forEach(act);
	});
	if (rest !== "")
		act(rest);
}

const textLine = (line) => line.split("\t").map(visible).join("\t") + "\n";

// ---- commands -------------------------------------------------------------------------------

export const commands = {
	cat: {
		usage: "FILE...", help: "print files",
		async run(shell, words) {
			need(words, 1);
			await eachFile(shell, words, async (path) => {
				if (shell.output !== shell.terminal) {
					shell.print(await shell.fs.readFile(path, "utf8"));
					return;
				}
				const { size } = await shell.fs.stat(path);

				if (size > CAT_MAX)
					throw new UsageError(`${nameText(path)} has ${sizeText(size)}; see head`);
				await lines(shell, path, (line) => shell.print(textLine(line)));
			});
		},
	},
	cd: {
		usage: "[FOLDER]", help: "go to a folder, or to /",
		async run(shell, words) {
			need(words, 0, 1);
			const path = shell.resolve(words[0] ?? "/");

			if (!(await shell.fs.stat(path)).isDirectory())
				throw new UsageError(`${words[0]} is no folder`);
			shell.cwd = path;
		},
	},
	chmod: {
		usage: "MODE FILE...", help: "set permissions, in octal digits", changes: true,
		async run(shell, [mode, ...files]) {
			need(files, 1);
			await eachFile(shell, files, (path) =>
				shell.fs.chmod(path, numberOf(mode, 8, "mode in octal digits")));
		},
	},
	chown: {
		usage: "USER[:GROUP] FILE...", help: "set the owner, by numbers", changes: true,
		async run(shell, [owner, ...files]) {
			need(files, 1);
			const [user, group] = owner.split(":");

			await eachFile(shell, files, async (path) => {
				const stats = await shell.fs.lstat(path);

				await shell.fs.lchown(path,
					user === "" ? stats.uid : numberOf(user, 10, "number of a user"),
					group === undefined ? stats.gid : numberOf(group, 10, "number of a group"));
			});
		},
	},
	cp: {
		usage: "[-r] FILE... DEST", help: "copy files, with -r folders", changes: true,
		async run(shell, words) {
			const { flags, rest } = flagsOf(words, "rR");

			await shell.eachPair(rest, (from, to) => copy(shell, from, to, flags.r || flags.R));
		},
	},
	df: {
		usage: "", help: "how full the file system is",
		async run(shell, words) {
			need(words, 0, 0);
			const { blocks, bfree, bsize, files, ffree } = await shell.fs.statfs("/");

			shell.print(`${sizeText(blocks * bsize)}, ${sizeText(bfree * bsize)} free; ` +
				`${files} inodes, ${ffree} free\n`);
		},
	},
	du: {
		usage: "[-s] [FILE...]", help: "space used, in KiB",
		async run(shell, words) {
			const { flags, rest } = flagsOf(words, "s");

			await eachFile(shell, rest.length > 0 ? rest : ["."], (path, shown) =>
				diskUsage(shell, path, shown, flags.s ? "top" : undefined));
		},
	},
	echo: {
		usage: "[TEXT...]", help: "print words",
		run: (shell, words) => shell.print(words.map(nameText).join(" ") + "\n"),
	},
	find: {
		usage: "[FOLDER] [-name PATTERN]", help: "all that is below a folder",
		async run(shell, words) {
			const top = words[0] === "-name" || words.length === 0 ? "." : words.shift();

			if (words.length > 0 && (words[0] !== "-name" || words.length !== 2))
				throw new UsageError("only -name is known, with one pattern in quotes");
			await findNames(shell, shell.resolve(top), top, words.length > 0 ?
				patternOf(Array.from(words[1], (letter) => [letter, false])) : undefined);
		},
	},
	grep: {
		usage: "[-i] TEXT FILE...", help: "lines that contain a text",
		async run(shell, words) {
			const { flags, rest: [text, ...files] } = flagsOf(words, "i");
			const fold = (line) => flags.i ? line.toLowerCase() : line;

			need(files, 1);
			await eachFile(shell, files, (path, shown) => lines(shell, path, (line) => {
				if (fold(line).includes(fold(text)))
					shell.print((files.length > 1 ? `${nameText(shown)}:` : "") + textLine(line));
			}));
		},
	},
	head: {
		usage: "[-NUMBER] FILE", help: "the first 10 lines, or so many",
		async run(shell, words) {
			const count = /^-\d+$/.test(words[0]) ? -Number(words.shift()) : 10;
			let left = count;

			need(words, 1, 1);
			await lines(shell, shell.resolve(words[0]), (line) => {
				if (left-- > 0)
					shell.print(textLine(line));
			});
		},
	},
	help: {
		usage: "", help: "this list",
		run(shell) {
			for (const [name, { usage, help }] of Object.entries(commands))
				shell.print(`${`${name} ${usage}`.padEnd(34)} ${help}\n`);
			shell.print("Quotes, \\, * and ?, > FILE, >> FILE and ; do what they do in shells.\n");
		},
	},
	hexdump: {
		usage: "FILE", help: "the first bytes, in hexadecimal",
		async run(shell, words) {
			need(words, 1, 1);
			await readInPieces(shell, shell.resolve(words[0]), HEX_MAX, (bytes, offset) => {
				for (let at = 0; at < bytes.length; at += 16) {
					const line = bytes.subarray(at, at + 16);
					const hex = Array.from(line, (byte) => byte.toString(16).padStart(2, "0"));
					const text = Array.from(line, (byte) => byte >= 32 && byte < 127 ?
						String.fromCharCode(byte) : ".");

					shell.print((offset + at).toString(16).padStart(8, "0") +
						`  ${hex.join(" ").padEnd(47)}  ${text.join("")}\n`);
				}
			});
		},
	},
	info: {
		usage: "", help: "what the file system says of itself",
		async run(shell) {
			for (const [name, value] of await shell.session.mount.info())
				shell.print(`${visible(name)}: ${visible(value)}\n`);
		},
	},
	ln: {
		usage: "[-s] FILE... DEST", help: "link, with -s symbolically", changes: true,
		async run(shell, words) {
			const { flags, rest } = flagsOf(words, "s");

			if (flags.s) {
				need(rest, 2, 2);
				await shell.fs.symlink(rest[0], shell.resolve(rest[1]));
			} else {
				await shell.eachPair(rest, (from, to) => shell.fs.link(from, to));
			}
		},
	},
	log: {
		usage: "", help: "the kernel's log",
		run(shell) {
			for (const line of shell.session.log)
				shell.print(textLine(line));
		},
	},
	ls: {
		usage: "[-alR1] [FILE...]", help: "list folders",
		async run(shell, words) {
			const { flags, rest } = flagsOf(words, "alR1");
			const names = rest.length > 0 ? rest : ["."];
			const files = [];
			const folders = [];

			await eachFile(shell, names, async (path, name) => {
				let stats = await shell.fs.lstat(path);

				if (stats.isSymbolicLink() && !flags.l)
					stats = await shell.fs.stat(path);
				(stats.isDirectory() ? folders : files).push({ name: nameText(name), path, stats });
			});
			await list(shell, files, { ...flags, a: true });
			for (const { path, name } of folders)
				await listFolder(shell, path, name, flags, names.length > 1 || flags.R);
		},
	},
	mkdir: {
		usage: "[-p] FOLDER...", help: "make folders", changes: true,
		async run(shell, words) {
			const { flags, rest } = flagsOf(words, "p");

			need(rest, 1);
			await eachFile(shell, rest, (path) => shell.fs.mkdir(path, { recursive: flags.p }));
		},
	},
	mv: {
		usage: "FILE... DEST", help: "rename or move", changes: true,
		run: (shell, words) => shell.eachPair(words, (from, to) => shell.fs.rename(from, to)),
	},
	pwd: {
		usage: "", help: "the folder that this is",
		run: (shell) => shell.print(`${nameText(shell.cwd)}\n`),
	},
	rm: {
		usage: "[-rf] FILE...", help: "remove files, with -r folders", changes: true,
		async run(shell, words) {
			const { flags, rest } = flagsOf(words, "rRf");

			need(rest, 1);
			await eachFile(shell, rest, async (path, name) => {
				if (path === "/")
					throw new UsageError("the root stays");
				const stats = await shell.fs.lstat(path).catch((error) => {
					if (!flags.f || error.code !== "ENOENT")
						throw error;
				});

				if (stats?.isDirectory() && !flags.r && !flags.R)
					throw new UsageError(`${nameText(name)} is a folder, which wants -r`);
				if (stats !== undefined)
					await shell.fs.rm(path, { recursive: true });
			});
		},
	},
	rmdir: {
		usage: "FOLDER...", help: "remove empty folders", changes: true,
		async run(shell, words) {
			need(words, 1);
			await eachFile(shell, words, (path) => shell.fs.rmdir(path));
		},
	},
	stat: {
		usage: "FILE...", help: "all attributes",
		async run(shell, words) {
			need(words, 1);
			await eachFile(shell, words, async (path, name) => {
				const stats = await shell.fs.lstat(path);

				shell.print(`${nameText(name)}: ${kindText(stats)}, ${stats.size} bytes, ` +
					`${stats.blocks} blocks, inode ${stats.ino}, ${stats.nlink} links\n` +
					`  ${modeText(stats)} ${(stats.mode & 0o7777).toString(8).padStart(4, "0")}, ` +
					`user ${stats.uid}, group ${stats.gid}\n`);
				for (const time of ["mtime", "ctime", "atime", "birthtime"])
					shell.print(`  ${time.padEnd(9)} ${stats[time].toISOString()}\n`);
			});
		},
	},
	touch: {
		usage: "FILE...", help: "set the times to now, or make empty files", changes: true,
		async run(shell, words) {
			need(words, 1);
			const now = new Date();

			await eachFile(shell, words, async (path) => {
				await shell.fs.writeFile(path, "", { flag: "a" });
				await shell.fs.utimes(path, now, now);
			});
		},
	},
	truncate: {
		usage: "SIZE FILE...", help: "set the size, in bytes", changes: true,
		async run(shell, [size, ...files]) {
			need(files, 1);
			await eachFile(shell, files, (path) =>
				shell.fs.truncate(path, numberOf(size, 10, "size")));
		},
	},
};

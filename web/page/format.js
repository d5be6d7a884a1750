// Numbers, times and names as people read them.

const UNITS = ["bytes", "KiB", "MiB", "GiB", "TiB"];
const TYPES = [
	["isDirectory", "d", "folder"], ["isSymbolicLink", "l", "link"], ["isFile", "-", "file"],
	["isCharacterDevice", "c", "character device"], ["isBlockDevice", "b", "block device"],
	["isFIFO", "p", "pipe"], ["isSocket", "s", "socket"],
];

export function sizeText(bytes) {
	let unit = 0;

	while (bytes >= 1024 && unit < UNITS.length - 1) {
		bytes /= 1024;
		unit++;
	}
	const digits = unit === 0 || bytes >= 100 ? 0 : 1;
	const number = bytes.toFixed(digits);
	return number === "1" && unit === 0 ? "1 byte" : `${number} ${UNITS[unit]}`;
}

export function timeText(date) {
	const pad = (number) => String(number).padStart(2, "0");

	if (Number.isNaN(date.getTime()))
		return "-";
	return `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())} ` +
		`${pad(date.getHours())}:${pad(date.getMinutes())}`;
}

function typeOf(stats) {
	return TYPES.find(([is]) => stats[is]()) ?? ["", "?", "unknown"];
}

export function kindText(stats) {
	return typeOf(stats)[2];
}

// "drwxr-xr-x"
export function modeText(stats) {
	const bits = Array.from("rwxrwxrwx", (letter, i) =>
		(stats.mode >> (8 - i)) & 1 ? letter : "-");

	[[0o4000, 2, "s", "S"], [0o2000, 5, "s", "S"], [0o1000, 8, "t", "T"]]
		.forEach(([bit, at, both, alone]) => {
			if (stats.mode & bit)
				bits[at] = bits[at] === "x" ? both : alone;
		});
	return typeOf(stats)[1] + bits.join("");
}

// Text in which what would drive a terminal, or turn the reading direction, is seen.
export function visible(text) {
	// eslint-disable-next-line no-control-regex
	return text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
		(character) => {
			const code = character.codePointAt(0);

			return code < 32 ? "^" + String.fromCharCode(code + 64) :
				`\\u{${code.toString(16)}}`;
		});
}

export function nameText(name) {
	return visible(typeof name === "string" ? name : new TextDecoder().decode(name));
}

// The path of the folder that path is in; both begin with "/".
export function parentOf(path) {
	if (typeof path === "string")
		return path.slice(0, path.lastIndexOf("/")) || "/";
	const end = path.lastIndexOf(47);
	return end <= 0 ? "/" : path.slice(0, end);
}

export function baseOf(path) {
	return typeof path === "string" ? path.slice(path.lastIndexOf("/") + 1) :
		path.slice(path.lastIndexOf(47) + 1);
}

export function samePath(one, other) {
	return String(one) === String(other); // of bytes: the numbers
}

// Names in the order that people look for them in: folders first.
export function compareEntries(one, other) {
	return other.stats.isDirectory() - one.stats.isDirectory() ||
		collator.compare(one.name, other.name);
}

export const collator = new Intl.Collator(undefined, { numeric: true });

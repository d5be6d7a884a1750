// The unit tests of what decodes media, in WebAssembly, run by Node: every case that
// passes natively, which is a test of its own, passes here.
//
// usage: web_unit_test.mjs FOLDER NAME...
//
// FOLDER/NAME.wasm is the program.  Its sources are the native one's, and the module's
// objects; tests/wasm/ has what stands in for cmocka, threads and the POSIX host.

import fs from "node:fs";
import path from "node:path";

const [folder, ...names] = process.argv.slice(2);
const CASES = /^(not ok|ok) \d+ - (.*)$/gm;

// Cases that cannot pass here, and why; one that does is to be taken off the list.
const THREADS = "it starts threads, and there is one";
const DIFFERENCES = new Map([
	["block_buffer_test: readers_of_one_place_do_one_read", THREADS],
	["block_buffer_test: readers_of_one_place_share_its_error_and_its_log_line", THREADS],
	["block_buffer_test: takes_the_buffer_of_who_was_quicker", THREADS],
	["block_buffer_test: stays_right_under_threads_errors_and_little_memory", THREADS],
	["block_device_test: a_read_sleeps_until_its_request_is_done", THREADS],
	["block_device_test: a_request_may_be_done_before_its_reader_sleeps", THREADS],
	["fs_ffs_directory_test: serves_many_threads_that_look_up_at_once", THREADS],
]);

function verdicts(text) {
	return [...text.matchAll(CASES)].map(([, verdict, name]) => ({ verdict, name }));
}

function textAt(memory, address) {
	const bytes = new Uint8Array(memory.buffer, address);

	return Buffer.from(bytes.subarray(0, bytes.indexOf(0))).toString();
}

// What wasi-libc imports: node:wasi crashes Node 20 where memory has grown past some size.
function system(environment, output, memory) {
	const BAD_DESCRIPTOR = 8;
	const words = () => new DataView(memory().buffer);
	const bytes = (at, size) => Buffer.from(memory().buffer, at, size);
	const strings = Object.entries(environment).map(([key, value]) => `${key}=${value}\0`);
	const known = {
		environ_sizes_get(count, size) {
			words().setUint32(count, strings.length, true);
			words().setUint32(size, strings.join("").length, true);
			return 0;
		},
		environ_get(list, text) {
			strings.forEach((string, index) => {
				words().setUint32(list + 4 * index, text, true);
				text += bytes(text, string.length).write(string);
			});
			return 0;
		},
		fd_write(descriptor, list, count, written) {
			let sum = 0;

			for (let at = list; at < list + 8 * count; at += 8) {
				const size = words().getUint32(at + 4, true);

				output.push(Buffer.from(bytes(words().getUint32(at, true), size)));
				sum += size;
			}
			words().setUint32(written, sum, true);
			return 0;
		},
		proc_exit(status) {
			throw new Exit(status);
		},
	};

	return new Proxy(known, { get: (target, name) => target[name] ?? (() => BAD_DESCRIPTOR) });
}

class Exit extends Error {
	constructor(status) {
		super(`exit status ${status}`);
		this.status = status;
	}
}

// Run the program from its case number first on; what it printed, and whether it trapped.
async function runFrom(module, first) {
	const output = [];
	let exports;

	// A child process is a copy of memory, which is put back when it has died.
	function dies(body, argument, saying) {
		const { memory, __stack_pointer: stack } = exports;
		const want = textAt(memory, saying);
		const before = new Uint8Array(memory.buffer).slice();
		const pointer = stack.value;
		const told = output.length;
		let died = false;

		try {
			exports.__indirect_function_table.get(body)(argument);
		} catch {
			died = true;
		}
		new Uint8Array(memory.buffer).fill(0, before.length);
		new Uint8Array(memory.buffer).set(before);
		stack.value = pointer;
		return died && Buffer.concat(output.slice(told)).includes(want) ? 1 : 0;
	}

	({ exports } = await WebAssembly.instantiate(module, {
		wasi_snapshot_preview1: system({ FIRST: first }, output, () => exports.memory),
		test: { dies },
	}));
	let trap = null;

	try {
		exports._start();
	} catch (error) {
		if (!(error instanceof Exit))
			trap = error;
	}
	return { text: Buffer.concat(output).toString(), trap };
}

// Run all cases: after one that ended the program, go on with the next.
async function runAll(file) {
	const module = await WebAssembly.compile(fs.readFileSync(file));
	let text = "";
	let done = 0;

	for (;;) {
		const { text: part, trap } = await runFrom(module, done);
		const count = Number(/^1\.\.(\d+)$/m.exec(part)?.[1] ?? 0);
		const before = done;

		text += part;
		done += verdicts(part).length;
		if (trap !== null || done === before) {
			done++;
			text += `# ${trap?.stack ?? "it ends early"}\nnot ok ${done} - trapped\n`;
		}
		if (done >= count)
			return text;
	}
}

let number = 0;
let failed = 0;

function tell(good, name, remark) {
	number++;
	failed += !good;
	console.log(`${good ? "ok" : "not ok"} ${number} - ${name}`);
	if (!good)
		console.log(remark.replace(/^/gm, "# "));
}

for (const name of names) {
	const text = await runAll(path.join(folder, name + ".wasm"));
	const cases = verdicts(text);
	const planned = Number(/^1\.\.(\d+)$/m.exec(text)?.[1] ?? 0);

	for (const { verdict, name: title } of cases) {
		const full = `${name}: ${title}`;
		const reason = DIFFERENCES.get(full);

		if (reason !== undefined && verdict === "not ok")
			tell(true, `${full} # SKIP ${reason}`);
		else
			tell(verdict === "ok" && reason === undefined && !title.endsWith("# SKIP"), full,
				text.slice(-2000));
	}
	if (planned === 0 || cases.length !== planned)
		tell(false, `${name}: ${planned} cases, ${cases.length} verdicts`, text.slice(-2000));
}
console.log(`1..${number}`);
process.exitCode = failed > 0 ? 1 : 0;

// Changes kept in memory over an image that stays as it is.
//
// What is written lies in blocks, each read from below before it is first changed in
// part.  The blocks can be taken out and laid over the same image again, in another
// kernel or another day, and the image with them can be had as a Blob, which costs
// no more memory than the changes where the image is a File, a Blob or bytes.

const BLOCK_SIZE = 64 * 1024;
const PIECE_SIZE = 8 * 1024 * 1024; // of an image that has to be read to be copied

export class OverlaySource {
	#below;
	#blocks = new Map(); // number -> bytes, all of BLOCK_SIZE but the image's last

	// changes: as changes() gave them, of a source with the same content
	constructor(below, changes = []) {
		this.#below = below;
		this.size = below.size;
		this.readOnly = false;
		for (const [number, bytes] of changes)
			this.#blocks.set(number, bytes);
	}

	get changedSize() {
		return this.#blocks.size * BLOCK_SIZE;
	}

	changes() {
		return [...this.#blocks].sort(([one], [other]) => one - other);
	}

	// Calls visit(number, start, at, length) for each block that the length bytes from
	// offset on touch: start is the offset in the block, at that in the bytes.
	#each(offset, length, visit) {
		for (let at = 0; at < length;) {
			const start = (offset + at) % BLOCK_SIZE;
			const count = Math.min(BLOCK_SIZE - start, length - at);

			visit(Math.floor((offset + at) / BLOCK_SIZE), start, at, count);
			at += count;
		}
	}

	read(offset, target) {
		let from = 0; // what is read from below next begins here
		const readBelow = (end) => {
			if (end > from)
				this.#below.read(offset + from, target.subarray(from, end));
		};

		this.#each(offset, target.length, (number, start, at, count) => {
			const block = this.#blocks.get(number);

			if (block === undefined)
				return;
			readBelow(at);
			target.set(block.subarray(start, start + count), at);
			from = at + count;
		});
		readBelow(target.length);
	}

	write(offset, data) {
		this.#each(offset, data.length, (number, start, at, count) => {
			let block = this.#blocks.get(number);

			if (block === undefined) {
				const first = number * BLOCK_SIZE;

				block = new Uint8Array(Math.min(BLOCK_SIZE, this.size - first));
				if (count < block.length)
					this.#below.read(first, block);
				this.#blocks.set(number, block);
			}
			block.set(data.subarray(at, at + count), start);
		});
	}

	close() {
		this.#below.close?.();
	}

	// The image with its changes.
	blob() {
		const parts = [];
		let end = 0;

		for (const [number, bytes] of this.changes()) {
			parts.push(...partsOf(this.#below, end, number * BLOCK_SIZE), bytes);
			end = number * BLOCK_SIZE + bytes.length;
		}
		parts.push(...partsOf(this.#below, end, this.size));
		return new Blob(parts);
	}
}

// What makes up a source from start to end.
function partsOf(source, start, end) {
	const parts = [];

	if (start === end)
		return parts;
	if (source.slice !== undefined)
		return [source.slice(start, end)];
	for (let at = start; at < end; at += PIECE_SIZE) {
		const bytes = new Uint8Array(Math.min(PIECE_SIZE, end - at));

		source.read(at, bytes);
		parts.push(new Blob([bytes])); // which need not stay in this program's memory
	}
	return parts;
}

// All of a source as a Blob.
export function blobOf(source) {
	return source.blob?.() ?? new Blob(partsOf(source, 0, source.size));
}

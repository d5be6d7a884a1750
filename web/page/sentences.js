// Errors as sentences that say what to do.

import { visible } from "./format.js";

const SENTENCES = {
	EACCES: "The kernel does not permit that.",
	EBUSY: "It is in use: wait until downloads have ended, and try again.",
	EEXIST: "There is something of that name already: choose another name.",
	EFBIG: "The file would be larger than this file system allows.",
	EINVAL: "The file system does not allow that.",
	EISDIR: "That is a folder.",
	ELOOP: "Symbolic links lead round in a circle there.",
	EMLINK: "There are as many links to it as this file system allows.",
	ENAMETOOLONG: "The name is too long: choose a shorter one.",
	ENOENT: "It is not there, or the link leads nowhere.",
	ENOMEM: "The kernel has used up its memory: close the image and open it again.",
	ENOSPC: "There is no space left in the image: delete something first.",
	ENOTDIR: "Something on the way there is no folder.",
	ENOTEMPTY: "The folder is not empty.",
	EOPNOTSUPP: "This file system cannot do that.",
	EPERM: "The file's flags do not permit that.",
	EROFS: "This image is open for reading only.",
	EUCLEAN: "The image is damaged there; the rest can be used. Copy out what you need, or repair " +
		"a copy of the image with fsck.",
};

const FORMATS = [
	[[0xfd, 0x37, 0x7a, 0x58, 0x5a], 0, "It is compressed with xz; unpack it (xz -d) first."],
	[[0x28, 0xb5, 0x2f, 0xfd], 0, "It is compressed with zstd; unpack it (zstd -d) first."],
	[[0x42, 0x5a, 0x68], 0, "It is compressed with bzip2; unpack it (bunzip2) first."],
	[[0x50, 0x4b, 0x03, 0x04], 0, "It is a ZIP archive; unpack it first and open the image inside."],
	[[0x51, 0x46, 0x49, 0xfb], 0, "It is a QCOW2 image; turn it into a raw one first " +
		"(qemu-img convert -O raw)."],
	[[0x4b, 0x44, 0x4d, 0x56], 0, "It is a VMDK image; turn it into a raw one first " +
		"(qemu-img convert -O raw)."],
	[[0x43, 0x44, 0x30, 0x30, 0x31], 0x8001, "It is an ISO 9660 image, which this page cannot read."],
	[[0x53, 0xef], 0x438, "It is a Linux ext image, which this page cannot read."],
	[[0x89, 0x50, 0x4e, 0x47], 0, "It is a picture."],
	[[0x25, 0x50, 0x44, 0x46], 0, "It is a PDF document."],
];

const HEAD_SIZE = 0x8010; // bytes of an image that formatHint() wants

function detail(error) {
	const words = error.log?.length > 0 ? error.log.join("; ") : error.message;

	return visible(words ?? String(error));
}

// What is known of a file from its first bytes, or undefined.
export async function formatHint(blob) {
	if (!(blob instanceof Blob))
		return undefined;
	const head = new Uint8Array(await blob.slice(0, HEAD_SIZE).arrayBuffer());

	return FORMATS.find(([magic, at]) => magic.every((byte, i) => head[at + i] === byte))?.[2];
}

export function explainOpen(error, name, hint) {
	const start = `${visible(name)} cannot be opened. `;

	if (error.stopped)
		return `${start}The kernel stopped over it and a fresh one was booted. (${detail(error)})`;
	if (error.code === "EINVAL" && error.log?.some((line) => line.includes("no known file system")))
		return start + (hint ?? "It holds no file system that this page knows: FFS (UFS1, UFS2), " +
			"alone or in a partition, and cpio archives.");
	if (error.code === "EUCLEAN")
		return `${start}Its file system is damaged: ${detail(error)}. Try fsck on a copy of it.`;
	if (error.code === "ENOMEM")
		return `${start}The kernel has not enough memory for it: close other pages and try again.`;
	return `${start}${detail(error)}`;
}

// what: "Renaming", "Reading /etc/motd" ...
export function explain(error, what) {
	const start = `${visible(what)} failed. `;

	if (error.stopped)
		return `${start}The kernel stopped, a fresh one goes on with the image. (${detail(error)})`;
	const sentence = SENTENCES[error.code];
	if (sentence === undefined)
		return start + detail(error);
	return start + sentence + (error.log?.length > 0 ? ` (${detail(error)})` : "");
}

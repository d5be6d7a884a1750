/**
 * Rump kernels in browsers and Node: file-system drivers that run as a library.
 *
 * A kernel lives in the thread that booted it.  Every call is synchronous inside;
 * the forms that return promises are for code that is written with them.
 */

/** The bytes of a disk image, read in the midst of a system call. */
export interface Source {
	/** Bytes; does not change. */
	readonly size: number;
	readonly readOnly: boolean;
	/** Fill target from offset on, or throw. */
	read(offset: number, target: Uint8Array): void;
	write?(offset: number, data: Uint8Array): void;
	/** What was written is durable after. */
	flush?(): void;
	close?(): void;
	/** Bytes, or a Blob that stands for them, without reading. */
	slice?(start: number, end: number): Uint8Array | Blob;
}

/**
 * What can be opened as an image.  Addresses can only be read in a browser's worker,
 * and so can a Blob or File of more than 256 MiB; numbers and paths are Node's.
 */
export type Image =
	| ArrayBuffer
	| ArrayBufferView
	| Blob
	| FileSystemFileHandle
	| URL
	| string
	| number
	| Source;

export function openSource(image: Image, options?: { readOnly?: boolean }): Promise<Source>;

/** Bytes in memory; what is written changes them. */
export class BytesSource implements Source {
	constructor(bytes: ArrayBuffer | ArrayBufferView, options?: { readOnly?: boolean });
	readonly size: number;
	readonly readOnly: boolean;
	read(offset: number, target: Uint8Array): void;
	write(offset: number, data: Uint8Array): void;
}

/** Keeps blocks of a source that is slow or far away. */
export class CachedSource implements Source {
	constructor(
		below: Source,
		options?: { blockSize?: number; cacheSize?: number; aheadMax?: number },
	);
	readonly size: number;
	readonly readOnly: boolean;
	read(offset: number, target: Uint8Array): void;
	close(): void;
}

/** Blocks of an image that were changed: numbers and bytes, which can be stored. */
export type Changes = [number: number, bytes: Uint8Array][];

/** Keeps in memory what is written over a source, and leaves that as it is. */
export class OverlaySource implements Source {
	constructor(below: Source, changes?: Changes);
	readonly size: number;
	readonly readOnly: boolean;
	/** Bytes that are kept. */
	readonly changedSize: number;
	changes(): Changes;
	/** The source with its changes. */
	blob(): Blob;
	read(offset: number, target: Uint8Array): void;
	write(offset: number, data: Uint8Array): void;
	close(): void;
}

/** All of a source; of a File or Blob without reading it. */
export function blobOf(source: Source): Blob;

/** The module as JavaScript: anykernel/anykernel.wasm.js is one. */
export interface JavaScriptModule {
	instantiate(imports: object): object;
}

/**
 * The compiled module: this package's, or what is given.  Where there is no
 * WebAssembly, this package's as JavaScript.  The first time, a kernel is booted and thrown
 * away too, so that the engine has compiled what every boot calls.
 */
export function compileModule(
	from?: WebAssembly.Module | JavaScriptModule | ArrayBuffer | ArrayBufferView,
): Promise<WebAssembly.Module | JavaScriptModule>;

/** A system call has failed, or the kernel has stopped. */
export class KernelError extends Error {
	/** "ENOENT" ... */
	readonly code: string;
	/** Linux's number, negative. */
	readonly errno: number;
	readonly syscall?: string;
	readonly path?: Path;
	readonly dest?: Path;
	/** What the kernel had to say about it. */
	readonly log: readonly string[];
	/** The kernel cannot be called any more. */
	readonly stopped?: boolean;
	/** Of a disk with several file systems, or none. */
	readonly partitions?: readonly Partition[];
}

export interface BootOptions {
	/** Bytes of memory that the kernel may take; 256 MiB if left out. */
	memoryLimit?: number;
	/** Is given each line of the kernel's log. */
	onLine?(line: string): void;
	/** Another module than this package's. */
	module?: WebAssembly.Module | JavaScriptModule | ArrayBuffer | ArrayBufferView;
}

export interface AttachOptions {
	/** Never write; if left out, true without an overlay and false with one. */
	readOnly?: boolean;
	/**
	 * Keep in memory what is written, and leave the image as it is: any image can be
	 * changed so, and save() gives the result.  Or changes to begin with.
	 */
	overlay?: boolean | Changes;
}

export interface MountOptions extends AttachOptions {
	/** The directory to mount on, made if need be; "/mnt" if left out. */
	at?: string;
	/**
	 * Make it the root of all paths: "/" is the image's root then, and its absolute
	 * symbolic links lead into it.  One mount at a time.
	 */
	asRoot?: boolean;
	/** A partition's name or label; the only one with a file system if left out. */
	partition?: string | number;
	/** The file system; all are tried if left out. */
	type?: string;
	/** Options for the driver, as mount(2)'s data. */
	data?: string;
}

export interface Partition {
	/** "1", "a", "1a" */
	readonly name: string;
	/** "MBR", "GPT", "disklabel", "Apple" */
	readonly table: string;
	/** As the table has it. */
	readonly type: string;
	/** What that is called, or "". */
	readonly typeName: string;
	readonly label: string;
	/** Bytes from the start of the image. */
	readonly start: number;
	readonly size: number;
	/** Others are in it. */
	readonly isContainer: boolean;
	/** Of its device. */
	readonly path: string;
}

/** An image as a block device. */
export interface Device {
	readonly name: string;
	readonly path: string;
	readonly source: Source;
	readonly readOnly: boolean;
	/** What the partition table tells, if there is one; each is made a device. */
	partitions(): Partition[];
	/** Take the device away and close its source; EBUSY while it is mounted. */
	detach(): void;
}

export interface Mount {
	readonly path: string;
	readonly device: Device;
	readonly partition?: Partition;
	readonly readOnly: boolean;
	/** What the driver tells about the file system: names and values. */
	info(): [name: string, value: string][];
	/** Bytes that an overlay keeps; 0 without one. */
	readonly changedSize: number;
	/** What an overlay keeps, also after the kernel has stopped. */
	changes(): Changes;
	/** Write back what is to be written; in an overlay it outlives the kernel then. */
	sync(): void;
	/**
	 * The image as it is now.  A writable mount is unmounted for that and mounted again,
	 * so that all is written and marked clean; EBUSY while files are open.
	 */
	save(): Blob;
	/** Write back, unmount, detach the device; EBUSY while files are open. */
	unmount(): void;
}

export class Kernel {
	/** Boot a kernel, with a tmpfs on / and a devfs on /dev. */
	static boot(options?: BootOptions): Promise<Kernel>;
	constructor(module: WebAssembly.Module | JavaScriptModule, options?: Omit<BootOptions, "module">);
	readonly fs: FileSystem;
	/** How long booting took, in milliseconds. */
	readonly bootTime: number;
	/** How long boot() waited for the compiled module before that; 0 where it was there. */
	readonly compileTime: number;
	/** The newest lines of the kernel's log. */
	readonly log: string[];
	/** Bytes that the kernel has taken, and the size of the instance's memory. */
	readonly memory: { taken: number; total: number };
	/** Make an image a block device, without mounting it. */
	attach(image: Image, options?: AttachOptions): Promise<Device>;
	/** Mount the file system of an image. */
	mount(image: Image, options?: MountOptions): Promise<Mount>;
	/**
	 * A system call by its name, as docs/syscalls.md lists them: its result, or
	 * negative errno.  Strings and bytes are passed as they are, null as NULL.
	 */
	syscall(name: string, ...values: (number | string | Uint8Array | null)[]): number;
	/** Write back what is to be written, and end. */
	destroy(): void;
}

/** Strings are UTF-8; names that are not are bytes. */
export type Path = string | Uint8Array;

declare class Typed {
	isFile(): boolean;
	isDirectory(): boolean;
	isSymbolicLink(): boolean;
	isFIFO(): boolean;
	isSocket(): boolean;
	isCharacterDevice(): boolean;
	isBlockDevice(): boolean;
}

export class Dirent<Name = string> extends Typed {
	readonly name: Name;
	readonly parentPath: Path;
	readonly ino: number;
}

/** What entries() gives; path is bytes where the name is not UTF-8. */
export class Entry {
	readonly name: string;
	readonly path: Path;
	readonly stats: Stats;
	/** Why the stats are empty, as for an inode that is damaged. */
	readonly error?: KernelError;
}

/** The path of what is called name in path. */
export function join(path: Path, name: Path): Path;

/** Fields are decoded when they are read; toJSON() gives all but the nanoseconds. */
export class Stats extends Typed {
	readonly dev: number;
	readonly ino: number;
	readonly mode: number;
	readonly nlink: number;
	readonly uid: number;
	readonly gid: number;
	readonly rdev: number;
	readonly rdevMajor: number;
	readonly rdevMinor: number;
	readonly size: number;
	readonly blksize: number;
	/** Of 512 bytes. */
	readonly blocks: number;
	readonly atime: Date;
	readonly mtime: Date;
	readonly ctime: Date;
	readonly birthtime: Date;
	readonly atimeMs: number;
	readonly mtimeMs: number;
	readonly ctimeMs: number;
	readonly birthtimeMs: number;
	readonly atimeNs: bigint;
	readonly mtimeNs: bigint;
	readonly ctimeNs: bigint;
	readonly birthtimeNs: bigint;
	toJSON(): object;
}

export interface StatFs {
	type: number;
	bsize: number;
	blocks: number;
	bfree: number;
	bavail: number;
	files: number;
	ffree: number;
}

type Text = "utf8" | "utf-8" | { encoding: "utf8" | "utf-8" };
type Bytes = "buffer" | { encoding: "buffer" };
type Time = Date | number;
interface ReaddirOptions {
	encoding?: "utf8" | "utf-8";
	withFileTypes?: boolean;
	recursive?: boolean;
}

/** Files, in the manner of Node's fs: fooSync() returns or throws, foo() is a promise. */
export class FileSystem {
	readonly promises: PromisedFileSystem;

	openSync(path: Path, flags?: string | number, mode?: number): number;
	closeSync(fd: number): void;
	readSync(fd: number, buffer: Uint8Array, offset?: number, length?: number,
		position?: number | null): number;
	writeSync(fd: number, data: Uint8Array, offset?: number, length?: number,
		position?: number | null): number;
	fstatSync(fd: number): Stats;
	fsyncSync(fd: number): void;
	ftruncateSync(fd: number, length?: number): void;

	statSync(path: Path): Stats;
	lstatSync(path: Path): Stats;
	existsSync(path: Path): boolean;
	accessSync(path: Path, mode?: number): void;
	chmodSync(path: Path, mode: number): void;
	chownSync(path: Path, uid: number, gid: number): void;
	lchownSync(path: Path, uid: number, gid: number): void;
	utimesSync(path: Path, atime: Time, mtime: Time): void;
	lutimesSync(path: Path, atime: Time, mtime: Time): void;
	truncateSync(path: Path, length?: number): void;
	statfsSync(path: Path): StatFs;
	getxattrSync(path: Path, name: string): Uint8Array;

	readdirSync(path: Path, options: Bytes): Uint8Array[];
	readdirSync(path: Path, options: { encoding: "buffer"; withFileTypes: true;
		recursive?: boolean }): Dirent<Uint8Array>[];
	readdirSync(path: Path, options: ReaddirOptions & { withFileTypes: true }): Dirent[];
	readdirSync(path: Path, options?: Text | ReaddirOptions): string[];
	/** All that is in a directory, with its attributes. */
	entriesSync(path: Path): Entry[];
	readlinkSync(path: Path, options: Bytes): Uint8Array;
	readlinkSync(path: Path, options?: Text): string;
	mkdirSync(path: Path, options?: number | { recursive?: boolean; mode?: number }): void;
	rmdirSync(path: Path): void;
	unlinkSync(path: Path): void;
	rmSync(path: Path, options?: { recursive?: boolean; force?: boolean }): void;
	renameSync(path: Path, dest: Path): void;
	linkSync(path: Path, dest: Path): void;
	symlinkSync(target: Path, path: Path): void;

	readFileSync(path: Path, options: Text): string;
	readFileSync(path: Path): Uint8Array;
	writeFileSync(path: Path, data: string | Uint8Array,
		options?: { flag?: string; mode?: number }): void;
	appendFileSync(path: Path, data: string | Uint8Array, options?: { mode?: number }): void;

}

/** Those that are promises, as kernels in workers have them too. */
export interface PromisedFileSystem {
	open(path: Path, flags?: string | number, mode?: number): Promise<number>;
	close(fd: number): Promise<void>;
	read(fd: number, buffer: Uint8Array, offset?: number, length?: number,
		position?: number | null): Promise<number>;
	write(fd: number, data: Uint8Array, offset?: number, length?: number,
		position?: number | null): Promise<number>;
	fstat(fd: number): Promise<Stats>;
	fsync(fd: number): Promise<void>;
	ftruncate(fd: number, length?: number): Promise<void>;

	stat(path: Path): Promise<Stats>;
	lstat(path: Path): Promise<Stats>;
	exists(path: Path): Promise<boolean>;
	access(path: Path, mode?: number): Promise<void>;
	chmod(path: Path, mode: number): Promise<void>;
	chown(path: Path, uid: number, gid: number): Promise<void>;
	lchown(path: Path, uid: number, gid: number): Promise<void>;
	utimes(path: Path, atime: Time, mtime: Time): Promise<void>;
	lutimes(path: Path, atime: Time, mtime: Time): Promise<void>;
	truncate(path: Path, length?: number): Promise<void>;
	statfs(path: Path): Promise<StatFs>;
	getxattr(path: Path, name: string): Promise<Uint8Array>;

	readdir(path: Path, options: Bytes): Promise<Uint8Array[]>;
	readdir(path: Path, options: { encoding: "buffer"; withFileTypes: true;
		recursive?: boolean }): Promise<Dirent<Uint8Array>[]>;
	readdir(path: Path, options: ReaddirOptions & { withFileTypes: true }): Promise<Dirent[]>;
	readdir(path: Path, options?: Text | ReaddirOptions): Promise<string[]>;
	entries(path: Path): Promise<Entry[]>;
	readlink(path: Path, options: Bytes): Promise<Uint8Array>;
	readlink(path: Path, options?: Text): Promise<string>;
	mkdir(path: Path, options?: number | { recursive?: boolean; mode?: number }): Promise<void>;
	rmdir(path: Path): Promise<void>;
	unlink(path: Path): Promise<void>;
	rm(path: Path, options?: { recursive?: boolean; force?: boolean }): Promise<void>;
	rename(path: Path, dest: Path): Promise<void>;
	link(path: Path, dest: Path): Promise<void>;
	symlink(target: Path, path: Path): Promise<void>;

	readFile(path: Path, options: Text): Promise<string>;
	readFile(path: Path): Promise<Uint8Array>;
	writeFile(path: Path, data: string | Uint8Array,
		options?: { flag?: string; mode?: number }): Promise<void>;
	appendFile(path: Path, data: string | Uint8Array, options?: { mode?: number }): Promise<void>;

	/** The file's bytes from start up to end; takes any size. */
	readable(path: Path, range?: { start?: number; end?: number }): ReadableStream<Uint8Array>;
}
export interface FileSystem extends PromisedFileSystem {}

export interface WorkerMount {
	readonly path: string;
	readonly readOnly: boolean;
	/** Of the image, in bytes. */
	readonly size: number;
	readonly partition?: Partition;
	readonly partitions: Partition[];
	info(): Promise<[name: string, value: string][]>;
	changes(): Promise<Changes>;
	sync(): Promise<void>;
	save(): Promise<Blob>;
	unmount(): Promise<void>;
}

/**
 * A kernel in a worker of its own.  It reads files of any size and addresses piece by
 * piece; all is promises.
 */
export class WorkerKernel {
	static boot(options?: Omit<BootOptions, "module">): Promise<WorkerKernel>;
	readonly fs: PromisedFileSystem;
	readonly bootTime: number;
	readonly compileTime: number;
	readonly log: string[];
	memory(): Promise<{ taken: number; total: number }>;
	mount(image: Exclude<Image, Source>, options?: MountOptions): Promise<WorkerMount>;
	destroy(): Promise<void>;
	/** End at once, whatever it does; nothing is written back. */
	terminate(): void;
}

/** The file or folder at path as a tar archive, in which it is called name. */
export function tarStream(fs: PromisedFileSystem, path: Path, name: Path):
	ReadableStream<Uint8Array>;

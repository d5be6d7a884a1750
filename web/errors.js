// Errors of system calls, in the form of Node's: an Error with code, errno,
// syscall and path.  The numbers are Linux's, as in base/errno.h.

const errors = [
	[1, "EPERM", "operation not permitted"],
	[2, "ENOENT", "no such file or directory"],
	[3, "ESRCH", "no such process"],
	[4, "EINTR", "interrupted"],
	[5, "EIO", "input/output error"],
	[6, "ENXIO", "no such device or address"],
	[7, "E2BIG", "argument list too long"],
	[9, "EBADF", "bad file descriptor"],
	[11, "EAGAIN", "try again"],
	[12, "ENOMEM", "not enough memory"],
	[13, "EACCES", "permission denied"],
	[14, "EFAULT", "bad address"],
	[15, "ENOTBLK", "block device required"],
	[16, "EBUSY", "resource busy"],
	[17, "EEXIST", "file already exists"],
	[18, "EXDEV", "not on the same file system"],
	[19, "ENODEV", "no such device or file system type"],
	[20, "ENOTDIR", "not a directory"],
	[21, "EISDIR", "is a directory"],
	[22, "EINVAL", "invalid argument"],
	[23, "ENFILE", "too many open files in the kernel"],
	[24, "EMFILE", "too many open files"],
	[25, "ENOTTY", "not possible for this kind of file"],
	[26, "ETXTBSY", "text file busy"],
	[27, "EFBIG", "file too large"],
	[28, "ENOSPC", "no space left on device"],
	[29, "ESPIPE", "cannot seek"],
	[30, "EROFS", "read-only file system"],
	[31, "EMLINK", "too many links"],
	[32, "EPIPE", "broken pipe"],
	[34, "ERANGE", "result does not fit"],
	[35, "EDEADLK", "would wait for ever"],
	[36, "ENAMETOOLONG", "name too long"],
	[38, "ENOSYS", "no such system call"],
	[39, "ENOTEMPTY", "directory not empty"],
	[40, "ELOOP", "too many symbolic links"],
	[61, "ENODATA", "no such attribute"],
	[75, "EOVERFLOW", "value does not fit its type"],
	[95, "EOPNOTSUPP", "not supported"],
	[110, "ETIMEDOUT", "timed out"],
	[116, "ESTALE", "stale file handle"],
	[117, "EUCLEAN", "the file system is damaged"],
	[122, "EDQUOT", "quota exceeded"],
	[125, "ECANCELED", "cancelled"],
];

const byNumber = new Map(errors.map(([number, code, text]) => [number, { code, text }]));

export const errno = Object.fromEntries(errors.map(([number, code]) => [code, number]));

function quoted(path) {
	return "'" + (typeof path === "string" ? path : new TextDecoder().decode(path)) + "'";
}

export class KernelError extends Error {
	// number: positive.  details: { syscall, path, dest, log, cause, message }; log is
	// lines that the kernel had to say.
	constructor(number, details = {}) {
		const { code, text } = byNumber.get(number) ?? { code: `E${number}`, text: "error" };
		const { syscall, path, dest, log = [], cause } = details;
		let message = details.message ?? `${code}: ${text}`;

		if (syscall !== undefined)
			message += `, ${syscall}`;
		if (path !== undefined)
			message += ` ${quoted(path)}`;
		if (dest !== undefined)
			message += ` -> ${quoted(dest)}`;
		if (log.length > 0)
			message += ` (${log.join("; ")})`;
		else if (cause instanceof Error)
			message += ` (${cause.message})`;
		super(message, cause === undefined ? undefined : { cause });
		this.errno = -number;
		this.code = code;
		this.log = log;
		if (syscall !== undefined)
			this.syscall = syscall;
		if (path !== undefined)
			this.path = path;
		if (dest !== undefined)
			this.dest = dest;
	}
}

// What a caller did wrong before there was any system call, as Node says it.
export function argumentError(message, code = "ERR_INVALID_ARG_VALUE") {
	const error = new TypeError(message);

	error.code = code;
	return error;
}

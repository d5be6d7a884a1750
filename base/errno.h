/*
 * Error numbers, numerically Linux's (asm-generic), whatever the host's are.
 * Inside the kernel a function returns 0 or one of these, negated.
 */
#ifndef BASE_ERRNO_H
#define BASE_ERRNO_H

/* clang-format off */
#define EPERM		1	/* not permitted */
#define ENOENT		2	/* no such file or directory */
#define ESRCH		3	/* no such process */
#define EINTR		4	/* interrupted */
#define EIO		5	/* input/output error */
#define ENXIO		6	/* no such device or address */
#define E2BIG		7	/* argument list too long */
#define ENOEXEC		8	/* not an executable */
#define EBADF		9	/* bad descriptor */
#define ECHILD		10	/* no child processes */
#define EAGAIN		11	/* try again; would block */
#define ENOMEM		12	/* out of memory */
#define EACCES		13	/* permission denied */
#define EFAULT		14	/* bad address */
#define ENOTBLK		15	/* block device required */
#define EBUSY		16	/* busy */
#define EEXIST		17	/* file exists */
#define EXDEV		18	/* across file systems */
#define ENODEV		19	/* no such device; unknown file system */
#define ENOTDIR		20	/* not a directory */
#define EISDIR		21	/* is a directory */
#define EINVAL		22	/* invalid argument */
#define ENFILE		23	/* too many open files in the kernel */
#define EMFILE		24	/* too many open files in the process */
#define ENOTTY		25	/* not for this kind of file */
#define ETXTBSY		26	/* text file busy */
#define EFBIG		27	/* file too large */
#define ENOSPC		28	/* no space left on device */
#define ESPIPE		29	/* cannot seek */
#define EROFS		30	/* read-only file system */
#define EMLINK		31	/* too many links */
#define EPIPE		32	/* broken pipe */
#define EDOM		33	/* outside the domain */
#define ERANGE		34	/* result does not fit */
#define EDEADLK		35	/* would deadlock */
#define ENAMETOOLONG	36	/* name too long */
#define ENOLCK		37	/* no locks available */
#define ENOSYS		38	/* no such system call */
#define ENOTEMPTY	39	/* directory not empty */
#define ELOOP		40	/* too many symbolic links */
#define ENODATA		61	/* no such attribute */
#define ETIME		62	/* timer expired */
#define EPROTO		71	/* protocol error */
#define EBADMSG		74	/* not a message of this kind */
#define EOVERFLOW	75	/* value does not fit the type */
#define EUSERS		87	/* too many users */
#define EOPNOTSUPP	95	/* not supported on this object */
#define ETIMEDOUT	110	/* timed out */
#define ESTALE		116	/* stale handle */
#define EUCLEAN		117	/* structure needs cleaning */
#define EDQUOT		122	/* quota exceeded */
#define ECANCELED	125	/* cancelled */
/* clang-format on */

#endif

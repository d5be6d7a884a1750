#!/usr/bin/env python3
"""usage: syscalls.py header|handlers|table|wrappers|docs|javascript syscalls.txt OUTPUT

Makes from the one list of system calls, whose form is described at its head:

header      include/rump/syscalls.h: what programs include
handlers    syscall/handlers.h: prototypes of what implements the calls
table       syscall/table.c: from numbers to handlers, and what the arguments are
wrappers    run/library: those rump_sys_*() that need no thought
docs        docs/syscalls.md: the reference page
javascript  web/: numbers and arguments, for kernels in a web page
"""

import re
import sys

NOTICE = "Made from syscall/syscalls.txt by tools/syscalls.py; do not edit."

# The kernel's types for those of arguments; pointers are struct user_ptr.
KERNEL_TYPES = {
    "int": "int", "unsigned int": "uint32_t", "mode_t": "uint32_t", "uid_t": "uint32_t",
    "gid_t": "uint32_t", "dev_t": "uint64_t", "size_t": "uint64_t", "unsigned long": "uint64_t",
    "off_t": "int64_t", "nfds_t": "uint32_t", "clockid_t": "int",
}
MAY_FAIL = {"int", "ssize_t", "off_t"}  # results of other types are no errors

PARAMETER = re.compile(
    r"(?:(?P<kind>string|(?:in|out)(?:_vector)?|inout(?:_bits)?)(?:\((?P<size>[^)]*)\))? )?"
    r"(?P<declared>(?P<type>.*?[ *])(?P<name>\w+))")
PROTOTYPE = re.compile(r"(?P<result>.*?[ *])(?P<name>\w+)\((?P<parameters>[^=]*)\)(?: = (?P<same>.*))?")


class Parameter:
    def __init__(self, text):
        self.__dict__ = PARAMETER.fullmatch(text).groupdict()

    @property
    def kernel_type(self):
        return "struct user_ptr" if self.kind else KERNEL_TYPES[self.type.strip()]


class Prototype:
    """A function; same is the call it is the same as, or None."""

    def __init__(self, text):
        self.__dict__ = PROTOTYPE.fullmatch(text).groupdict()
        self.result = self.result.strip()
        words = [] if self.parameters == "void" else self.parameters.split(", ")
        self.tail = words[-1:] if words[-1:] == ["..."] else []
        self.parameters = [Parameter(word) for word in words[:len(words) - len(self.tail)]]

    def declare(self, between):
        """As C, with long lines broken; between stands before the name."""
        words = [p.declared for p in self.parameters] + self.tail or ["void"]
        text = f"{self.result}{between}{self.name}("
        width = len(text.split("\n")[-1])
        for index, word in enumerate(words):
            word += ", " if index + 1 < len(words) else ")"
            if width + len(word) > 92:
                text, width = text.rstrip() + "\n    ", 4
            text, width = text + word, width + len(word)
        return text

    def public(self):
        return self.declare("rump_sys_" if self.result.endswith("*") else " rump_sys_")


class Call:
    """A line of the list, with those below it that are indented."""

    def __init__(self, number, text):
        self.number = None if number == "-" else int(number)
        self.kernel = self.public = Prototype(text)
        self.note = ""
        self.name = self.kernel.name
        self.parameters = self.kernel.parameters

    def handler(self):
        words = [f"{p.kernel_type} {p.name}" for p in self.parameters]
        return f"int64_t sys_{self.name}({', '.join(['struct thread *thread'] + words)})"


def parse(path):
    """[(heading, calls)], and what is said to be missing."""
    sections, missing = [], []
    with open(path, encoding="utf-8") as lines:
        for line in (line.rstrip() for line in lines):
            key, _, text = line.partition("\t")
            if line.startswith("= "):
                sections.append((line[2:], []))
            elif key == "not":
                missing.append(text)
            elif text.startswith("note: "):
                sections[-1][1][-1].note = text[6:]
            elif text.startswith("wrapper: "):
                sections[-1][1][-1].public = Prototype(text[9:])
            elif line and not line.startswith("#"):
                sections[-1][1].append(Call(key, text))
    return [section for section in sections if section[1]], missing


def numbered(sections):
    every = [call for _, calls in sections for call in calls if call.number is not None]
    return sorted(every, key=lambda call: call.number)


def make_header(sections, missing):
    yield f"""/*
 * System calls into the calling host thread's rump kernel: see <rump/rump.h>.
 *
 * rump_sys_foo() takes the arguments of Linux's foo() and does what that does,
 * to the rump kernel.  Those that can fail return -1 and set errno.  What is
 * left out or different is in docs/syscalls.md.  struct statx needs _GNU_SOURCE.
 *
 * {NOTICE}
 */
#ifndef RUMP_SYSCALLS_H
#define RUMP_SYSCALLS_H

#include <poll.h>
#include <stddef.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <time.h>

#if defined _GNU_SOURCE && !defined STATX_BASIC_STATS
#include <linux/stat.h> /* the C library is older than statx() */
#endif

#ifdef __cplusplus
extern "C" {{
#endif
#pragma GCC visibility push(default)

/* Where long has 32 bits: compile with -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64. */
typedef char rump_wants_64_bit_offsets_and_times
    [sizeof(off_t) == 8 && sizeof(time_t) == 8 ? 1 : -1];

struct epoll_event;
struct itimerspec;
struct open_how;
struct rlimit;
struct statx;
struct xattr_args;
"""
    for heading, calls in sections:
        yield f"/* {heading} */"
        yield from (call.public.public() + ";" for call in calls)
        yield ""
    yield "#pragma GCC visibility pop\n#ifdef __cplusplus\n}\n#endif\n\n#endif"


def make_handlers(sections, missing):
    yield f"""/*
 * What implements the system calls.  Each returns the call's result or negative
 * errno, and takes what its user passed, unchecked.  What they mean and how they
 * fail is Linux's; docs/syscalls.md says what is different.
 *
 * {NOTICE}
 */
#ifndef SYSCALL_HANDLERS_H
#define SYSCALL_HANDLERS_H

#include <stdint.h>

#include "kern/user.h"

struct thread;
"""
    yield from (call.handler() + ";" for call in numbered(sections))
    yield "\n#endif"


def describe(call, p):
    """A parameter, as an initialiser of struct syscall_argument."""
    names = [other.name for other in call.parameters]
    kind = "ARGUMENT_" + (p.kind or p.kernel_type.replace("_t", "")).upper()
    count, _, unit = (p.size or "0").partition("*")
    count_in = names.index(count) + 1 if count in names else 0
    return f'{{ "{p.name}", {kind}, {count_in}, {unit or 1 if count_in else count} }}'


def make_table(sections, missing):
    calls = numbered(sections)
    yield f'/* {NOTICE} */\n#include "base/compiler.h"'
    yield '#include "syscall/handlers.h"\n#include "syscall/table.h"\n'
    for call in calls:
        words = ["thread"]
        for index, p in enumerate(call.parameters):
            value = f"arguments[{index}]"
            words.append(f"({p.kernel_type}){{ {value} }}" if p.kind
                         else f"({p.kernel_type}){value}")
        yield f"static int64_t\ncall_{call.name}(struct thread *thread, const uint64_t *arguments)"
        yield f"{{\n\treturn sys_{call.name}({', '.join(words)});\n}}\n"
    yield "const struct syscall syscall_calls[] = {"
    for call in calls:
        yield f'\t{{ "{call.name}", {call.number}, call_{call.name}, {len(call.parameters)}, {{'
        yield from (f"\t\t{describe(call, p)}," for p in call.parameters)
        yield "\t} },"
    yield "};\nconst size_t syscall_call_count = ARRAY_SIZE(syscall_calls);\n"
    yield "const uint8_t syscall_places[] = {"
    yield from (f"\t[{call.number}] = {place}," for place, call in enumerate(calls, 1))
    yield "};\nconst size_t syscall_place_count = ARRAY_SIZE(syscall_places);"


def wrapper_body(call):
    result = call.public.result
    if call.public.same:
        return f"\treturn rump_sys_{call.public.same};"
    words = ["thread"] + [f"user({p.name})" if p.kind else p.name for p in call.parameters]
    value = f"sys_{call.name}({', '.join(words)})"
    if result in MAY_FAIL:
        value = f"library_result({value})"
    failure, give = (f"({result})-1", "return ") if result != "void" else ("", "")
    return f"""	struct thread *thread = library_enter();

	if (UNLIKELY(thread == NULL))
		return {failure};
	{give}({result}){value};"""


def make_wrappers(sections, missing):
    yield f"/* {NOTICE} */\n#include <fcntl.h>\n\n#include <rump/syscalls.h>\n"
    yield '#include "run/library/enter.h"\n#include "syscall/handlers.h"'
    for call in (call for _, calls in sections for call in calls):
        if call.public.same or (call.number is not None and call.public is call.kernel):
            yield "\n" + call.public.declare("\nrump_sys_")
            yield "{\n" + wrapper_body(call) + "\n}"


def make_docs(sections, missing):
    yield f"""<!-- {NOTICE} -->
# System calls

`rump_sys_foo()` of `<rump/syscalls.h>` behaves as Linux's `foo(2)`; what is left
out or different is said here.  The number is Linux's (asm-generic), by which a
call arrives from elsewhere; a function without one is, as in the C library,
another call with some of its arguments given."""
    for heading, calls in sections:
        yield f"\n## {heading}\n\n| number | function | support |\n|---|---|---|"
        for call in calls:
            support = "partly: " + call.note if call.note else "yes"
            if call.number is None and call.public.same:
                support = "`" + call.public.same.replace("|", "\\|") + "`"
            declared = call.public.public().replace("\n   ", "")
            yield f"| {call.number or ''} | `{declared}` | {support} |"
    yield "\n## Not supported\n\nBy number, these and all others give `ENOSYS`."
    yield "\n| function | support |\n|---|---|"
    for line in missing:
        names, _, why = line.partition(": ")
        yield f"| {names} | no: {why} |"


def describe_javascript(call, p):
    """A parameter: number, string, or bytes in or out of count * unit."""
    if p.kind in (None, "string"):
        return f'{{ kind: "{p.kind or "number"}" }}'
    names = [other.name for other in call.parameters]
    count, _, unit = p.size.partition("*")
    count = f"count: {names.index(count)}, unit: {unit or 1}" if count in names else f"unit: {count}"
    return f'{{ kind: "{p.kind}", {count} }}'


def make_javascript(sections, missing):
    yield f"""// {NOTICE}
//
// Each call by its name: its number, and what its arguments are.  Bytes that go
// "in" or "out" are unit of them, or unit for each that the argument with the
// index count counts.  Calls with vectors are left out.

export const calls = {{"""
    for call in numbered(sections):
        if not any(p.kind and p.kind.endswith("vector") for p in call.parameters):
            yield f"\t{call.name}: {{ number: {call.number}, parameters: ["
            yield from (f"\t\t{describe_javascript(call, p)}," for p in call.parameters)
            yield "\t] },"
    yield "};"


def main():
    kind, source, output = sys.argv[1:]
    text = "\n".join(globals()["make_" + kind](*parse(source))) + "\n"
    with open(output, "w", encoding="utf-8") as file:
        file.write(text)


main()

#!/usr/bin/env python3
"""usage: syscalls.py header|handlers|table|wrappers|docs syscalls.txt OUTPUT

Makes from the one list of system calls:

header    include/rump/syscalls.h: what programs include
handlers  syscall/handlers.h: prototypes of what implements the calls
table     syscall/table.c: numbers to handlers, with what the arguments are
wrappers  run/library: the rump_sys_*() that need no thought
docs      docs/syscalls.md: the reference page

The form of the list is described at its head.
"""
import re
import sys

# C type of an argument or result -> the kernel's type for it.
KERNEL_TYPES = {
    'int': 'int', 'unsigned int': 'uint32_t', 'mode_t': 'uint32_t', 'uid_t': 'uint32_t',
    'gid_t': 'uint32_t', 'dev_t': 'uint64_t', 'size_t': 'uint64_t', 'unsigned long': 'uint64_t',
    'off_t': 'int64_t',
}
DIRECTION = re.compile(r'(string|(?:in|out)(?:_vector)?)(?:\(([^)]*)\))? ')
MAY_FAIL = {'int', 'ssize_t', 'off_t', 'char *'}  # other results are no errors
NOTICE = 'Made from syscall/syscalls.txt by tools/syscalls.py; do not edit.'


class Parameter:
    def __init__(self, text):
        direction = DIRECTION.match(text)
        self.kind, self.size = direction.groups() if direction else (None, None)
        declared = text[direction.end():] if direction else text
        self.type, self.name = re.fullmatch(r'(.*?[ *])(\w+)', declared).groups()
        self.type = self.type.strip()
        self.declared = declared

    @property
    def is_pointer(self):
        return self.kind is not None

    @property
    def kernel_type(self):
        return 'struct user_ptr' if self.is_pointer else KERNEL_TYPES[self.type]


class Prototype:
    """A C prototype, perhaps with directions, perhaps followed by "= CALL"."""

    def __init__(self, text):
        text, _, self.call = (part.strip() for part in text.partition(' = '))
        self.result, self.name, parameters = re.fullmatch(
            r'(.*?[ *])(\w+)\((.*)\)', text).groups()
        self.result = self.result.strip()
        # A comma inside a direction's brackets would be a mistake in the list.
        words = [] if parameters == 'void' else parameters.split(', ')
        self.is_variadic = words[-1:] == ['...']
        self.parameters = [Parameter(word) for word in words if word != '...']

    def declare(self, prefix):
        """As C, with long lines broken."""
        words = [p.declared for p in self.parameters] + ['...'] * self.is_variadic
        lines = ['%s%s%s%s(' % (self.result, '' if self.result.endswith('*') else ' ', prefix,
                                self.name)]
        for index, word in enumerate(words or ['void']):
            word += ', ' if index + 1 < len(words) else ')'
            if len(lines[-1] + word) > 92:
                lines[-1] = lines[-1].rstrip()
                lines.append('    ')
            lines[-1] += word
        return '\n'.join(lines)


class Entry:
    """A line of the list with the indented ones that follow."""

    def __init__(self, number, text):
        self.number = None if number == '-' else int(number)
        self.call = Prototype(text)
        self.wrapper = self.call
        self.note = ''

    @property
    def is_by_hand(self):
        return (self.number is None or self.wrapper is not self.call) and not self.wrapper.call

    def handler(self):
        words = ['struct thread *thread']
        for p in self.call.parameters:
            words.append(p.kernel_type + ' ' + p.name)
        return 'int64_t sys_%s(%s)' % (self.call.name, ', '.join(words))


def parse(path):
    """The list, as [(heading, entries)], and the lines of what is not there."""
    sections, missing = [], []
    with open(path, encoding='utf-8') as lines:
        for line in lines:
            line = line.rstrip()
            if not line or line.startswith('#'):
                continue
            if line.startswith('= '):
                sections.append((line[2:], []))
            elif line.startswith('not\t'):
                missing.append(line[4:])
            elif line.startswith('\tnote: '):
                sections[-1][1][-1].note = line[7:]
            elif line.startswith('\twrapper: '):
                sections[-1][1][-1].wrapper = Prototype(line[10:])
            else:
                sections[-1][1].append(Entry(*line.split('\t')))
    return [section for section in sections if section[1]], missing


def make_header(sections, missing):
    yield '''/*
 * System calls into the calling host thread's rump kernel: see <rump/rump.h>.
 *
 * rump_sys_foo() takes the arguments of Linux's foo() and does what that does,
 * to the rump kernel.  Those that can fail return -1 and set errno.  What is
 * left out or different is in docs/syscalls.md.  struct statx needs _GNU_SOURCE.
 *
 * %s
 */
#ifndef RUMP_SYSCALLS_H
#define RUMP_SYSCALLS_H

#include <stddef.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <time.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

struct statx;
''' % NOTICE
    for heading, entries in sections:
        yield '/* %s */' % heading
        for entry in entries:
            yield entry.wrapper.declare('rump_sys_') + ';'
        yield ''
    yield '''#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif'''


def calls(sections):
    every = [entry for _, entries in sections for entry in entries if entry.number is not None]
    return sorted(every, key=lambda entry: entry.number)


def make_handlers(sections, missing):
    yield '''/*
 * What implements the system calls.  Each returns the call's result or negative
 * errno, and takes what its user passed, unchecked.  What they mean and how they
 * fail is Linux's; docs/syscalls.md says what is different.
 *
 * %s
 */
#ifndef SYSCALL_HANDLERS_H
#define SYSCALL_HANDLERS_H

#include <stdint.h>

#include "kern/user.h"

struct thread;
''' % NOTICE
    for entry in calls(sections):
        yield entry.handler() + ';'
    yield '\n#endif'


def describe(entry, p):
    """One argument, as an initialiser of struct syscall_argument."""
    names = [other.name for other in entry.call.parameters]
    count, _, unit = (p.size or '').partition('*')
    fields = ['"%s"' % p.name, 'ARGUMENT_' + (p.kind or p.kernel_type.replace('_t', '')).upper()]
    if count in names:
        fields += ['.count_in = %d' % (names.index(count) + 1), '.size = ' + (unit or '1')]
    elif count:
        fields += ['.size = ' + count]
    return '{ %s }' % ', '.join(fields)


def make_table(sections, missing):
    yield '/* %s */' % NOTICE
    yield '#include "base/compiler.h"'
    yield '#include "syscall/handlers.h"\n#include "syscall/table.h"\n'
    for entry in calls(sections):
        arguments = ['thread']
        for index, p in enumerate(entry.call.parameters):
            form = '(struct user_ptr){ arguments[%d] }' if p.is_pointer else (
                '(%s)arguments[%%d]' % p.kernel_type)
            arguments.append(form % index)
        yield 'static int64_t\ncall_%s(struct thread *thread, const uint64_t *arguments)\n{' % (
            entry.call.name)
        yield '\treturn sys_%s(%s);\n}\n' % (entry.call.name, ', '.join(arguments))
    yield 'static const struct syscall calls[] = {'
    for entry in calls(sections):
        yield '\t{ "%s", %d, call_%s, %d, {' % (
            entry.call.name, entry.number, entry.call.name, len(entry.call.parameters))
        for p in entry.call.parameters:
            yield '\t\t%s,' % describe(entry, p)
        yield '\t} },'
    yield '};\n'
    yield '/* Number of a call -> its place in calls[], counted from 1; 0: none. */'
    yield 'static const uint8_t places[] = {'
    for place, entry in enumerate(calls(sections)):
        yield '\t[%d] = %d,' % (entry.number, place + 1)
    yield '''};

const struct syscall *
syscall_find(uint64_t number)
{
	if (number >= ARRAY_SIZE(places) || places[number] == 0)
		return NULL;
	return &calls[places[number] - 1];
}

const struct syscall *
syscall_enumerate(size_t index)
{
	return index < ARRAY_SIZE(calls) ? &calls[index] : NULL;
}'''


def wrapper_body(entry):
    result = entry.wrapper.result
    give = '' if result == 'void' else 'return '
    if entry.wrapper.call:
        return ['\t%srump_sys_%s;' % (give, entry.wrapper.call)]
    arguments = ['thread']
    for p in entry.call.parameters:
        arguments.append('user(%s)' % p.name if p.is_pointer else p.name)
    call = 'sys_%s(%s)' % (entry.call.name, ', '.join(arguments))
    if result in MAY_FAIL:
        call = 'library_result(%s)' % call
    failed = '' if result == 'void' else ' -1' if result in MAY_FAIL else ' (%s)-1' % result
    cast = '(%s)' % (result if result != 'void' else 'void')
    return ['\tstruct thread *thread = library_enter();', '',
            '\tif (UNLIKELY(thread == NULL))', '\t\treturn%s;' % failed,
            '\t%s%s%s;' % (give, cast, call)]


def make_wrappers(sections, missing):
    yield '/* %s */' % NOTICE
    yield '#include <fcntl.h>\n\n#include "rump/syscalls.h"\n#include "run/library/enter.h"'
    yield '#include "syscall/handlers.h"'
    for _, entries in sections:
        for entry in entries:
            if entry.is_by_hand:
                continue
            yield '\n' + re.sub(r'^(.*?)(rump_sys_)', lambda m: m[1].strip() + '\n' + m[2],
                                entry.wrapper.declare('rump_sys_'))
            yield '{'
            yield from wrapper_body(entry)
            yield '}'


def make_docs(sections, missing):
    yield '<!-- %s -->' % NOTICE
    yield '''# System calls

`rump_sys_foo()` of `<rump/syscalls.h>` behaves as Linux's `foo(2)`; what is left
out or different is said here.  The number is Linux's (asm-generic), by which a
call arrives from elsewhere; functions without one are another call with some
arguments, as in the C library.'''
    for heading, entries in sections:
        yield '\n## %s\n\n| number | function | support |\n|---|---|---|' % heading
        for entry in entries:
            declared = entry.wrapper.declare('rump_sys_').replace('\n   ', '')
            support = 'supported'
            if entry.note:
                support = 'partly: ' + entry.note
            elif entry.number is None and entry.wrapper.call:
                support = '`%s`' % entry.wrapper.call.replace('|', '\\|')
            yield '| %s | `%s` | %s |' % (
                '' if entry.number is None else entry.number, declared, support)
    yield '\n## Not supported\n\nBy number, these and all others give `ENOSYS`.\n'
    for line in missing:
        yield '- ' + line


def main():
    kind, source, output = sys.argv[1:]
    text = '\n'.join(globals()['make_' + kind](*parse(source))) + '\n'
    with open(output, 'w', encoding='utf-8') as file:
        file.write(text)


if __name__ == '__main__':
    main()

/*
 * Text from values: see format.h.
 *
 * A conversion is parsed into a struct spec, its value is turned into digits
 * or is a string as it is, and one function pads and emits.  Output goes
 * through a sink that counts everything and keeps what fits, so cutting is
 * decided in one place.  What is no conversion we know is written as it is.
 */
#include "base/format.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/string.h"

#define DIGITS_MAX 22 /* of 64 bits in octal */

struct sink {
	char *buffer;
	size_t size;
	size_t length; /* of the whole text */
};

enum width_of_type {
	TYPE_CHAR,
	TYPE_SHORT,
	TYPE_INT,
	TYPE_LONG,
	TYPE_LONG_LONG,
	TYPE_SIZE,
	TYPE_MAX,
};

/* One conversion: %[flags][width][.precision][type]letter. */
struct spec {
	bool is_left;
	bool is_zero_padded;
	int width;
	int precision; /* -1 if there is none */
	enum width_of_type type;
};

static void
sink_char(struct sink *sink, char c)
{
	if (sink->length + 1 < sink->size)
		sink->buffer[sink->length] = c;
	sink->length++;
}

static void
sink_bytes(struct sink *sink, const char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		sink_char(sink, bytes[i]);
}

static void
sink_repeat(struct sink *sink, char c, size_t count)
{
	for (size_t i = 0; i < count; i++)
		sink_char(sink, c);
}

/* Emit prefix, zeros and body, padded to the width with spaces. */
static void
emit(struct sink *sink, const struct spec *spec, const char *prefix, size_t zeros, struct name body)
{
	size_t prefix_length = string_length(prefix, SIZE_MAX);
	size_t length = prefix_length + zeros + body.length;
	size_t padding = (size_t)spec->width > length ? (size_t)spec->width - length : 0;

	if (!spec->is_left)
		sink_repeat(sink, ' ', padding);
	sink_bytes(sink, prefix, prefix_length);
	sink_repeat(sink, '0', zeros);
	sink_bytes(sink, body.bytes, body.length);
	if (spec->is_left)
		sink_repeat(sink, ' ', padding);
}

static void
emit_integer(struct sink *sink, const struct spec *spec, const char *prefix, uint64_t value,
    unsigned base, const char *digits)
{
	char body[DIGITS_MAX];
	size_t at = sizeof(body);
	size_t length;
	size_t least = spec->precision >= 0 ? (size_t)spec->precision : 1;

	for (; value != 0; value /= base)
		body[--at] = digits[value % base];
	length = sizeof(body) - at;
	if (spec->is_zero_padded && !spec->is_left && spec->precision < 0) {
		size_t prefix_length = string_length(prefix, SIZE_MAX);

		if ((size_t)spec->width > prefix_length + least)
			least = (size_t)spec->width - prefix_length;
	}
	emit(sink, spec, prefix, least > length ? least - length : 0,
	    (struct name){ body + at, length });
}

static void
emit_string(struct sink *sink, const struct spec *spec, const char *text)
{
	size_t limit = spec->precision >= 0 ? (size_t)spec->precision : SIZE_MAX;

	if (text == NULL)
		text = "(null)";
	emit(sink, spec, "", 0, (struct name){ text, string_length(text, limit) });
}

static uint64_t
take_unsigned(enum width_of_type type, va_list *values)
{
	switch (type) {
	case TYPE_CHAR:
		return (unsigned char)va_arg(*values, unsigned);
	case TYPE_SHORT:
		return (unsigned short)va_arg(*values, unsigned);
	case TYPE_INT:
		return va_arg(*values, unsigned);
	case TYPE_LONG:
		return va_arg(*values, unsigned long);
	case TYPE_LONG_LONG:
		return va_arg(*values, unsigned long long);
	case TYPE_SIZE:
		return va_arg(*values, size_t);
	case TYPE_MAX:
		return va_arg(*values, uintmax_t);
	}
	return 0;
}

static int64_t
take_signed(enum width_of_type type, va_list *values)
{
	switch (type) {
	case TYPE_CHAR:
		return (signed char)va_arg(*values, int);
	case TYPE_SHORT:
		return (short)va_arg(*values, int);
	case TYPE_INT:
		return va_arg(*values, int);
	case TYPE_LONG:
		return va_arg(*values, long);
	case TYPE_LONG_LONG:
		return va_arg(*values, long long);
	case TYPE_SIZE:
		return va_arg(*values, ptrdiff_t); /* as wide as size_t */
	case TYPE_MAX:
		return va_arg(*values, intmax_t);
	}
	return 0;
}

/* A decimal number at *at, passed over; INT_MAX if it is larger. */
static int
parse_number(const char **at)
{
	int number = 0;

	for (; **at >= '0' && **at <= '9'; (*at)++) {
		int digit = **at - '0';

		number = number > (INT_MAX - digit) / 10 ? INT_MAX : number * 10 + digit;
	}
	return number;
}

static const char *
parse_type(const char *at, enum width_of_type *type)
{
	*type = TYPE_INT;
	switch (*at) {
	case 'h':
		*type = at[1] == 'h' ? TYPE_CHAR : TYPE_SHORT;
		return at + (at[1] == 'h' ? 2 : 1);
	case 'l':
		*type = at[1] == 'l' ? TYPE_LONG_LONG : TYPE_LONG;
		return at + (at[1] == 'l' ? 2 : 1);
	case 'z':
		*type = TYPE_SIZE;
		return at + 1;
	case 'j':
		*type = TYPE_MAX;
		return at + 1;
	default:
		return at;
	}
}

/* Parse what stands between % and the letter; where the letter is. */
static const char *
parse_spec(const char *at, struct spec *spec, va_list *values)
{
	*spec = (struct spec){ .precision = -1 };
	for (; *at == '-' || *at == '0'; at++) {
		if (*at == '-')
			spec->is_left = true;
		else
			spec->is_zero_padded = true;
	}
	if (*at == '*') {
		at++;
		spec->width = va_arg(*values, int);
		if (spec->width < 0) {
			spec->is_left = true;
			spec->width = spec->width == INT_MIN ? INT_MAX : -spec->width;
		}
	} else {
		spec->width = parse_number(&at);
	}
	if (*at == '.') {
		at++;
		if (*at == '*') {
			at++;
			spec->precision = va_arg(*values, int);
		} else {
			spec->precision = parse_number(&at);
		}
	}
	return parse_type(at, &spec->type);
}

/* Convert one value as spec and letter say.  False if there is no such letter. */
static bool
convert(struct sink *sink, const struct spec *spec, char letter, va_list *values)
{
	static const char lower[] = "0123456789abcdef";
	static const char upper[] = "0123456789ABCDEF";
	int64_t number;
	char c;

	switch (letter) {
	case 'd':
	case 'i':
		number = take_signed(spec->type, values);
		emit_integer(sink, spec, number < 0 ? "-" : "",
		    number < 0 ? -(uint64_t)number : (uint64_t)number, 10, lower);
		return true;
	case 'u':
		emit_integer(sink, spec, "", take_unsigned(spec->type, values), 10, lower);
		return true;
	case 'o':
		emit_integer(sink, spec, "", take_unsigned(spec->type, values), 8, lower);
		return true;
	case 'x':
		emit_integer(sink, spec, "", take_unsigned(spec->type, values), 16, lower);
		return true;
	case 'X':
		emit_integer(sink, spec, "", take_unsigned(spec->type, values), 16, upper);
		return true;
	case 'p':
		emit_integer(sink, spec, "0x", (uintptr_t)va_arg(*values, void *), 16, lower);
		return true;
	case 'c':
		c = (char)va_arg(*values, int);
		emit(sink, spec, "", 0, (struct name){ &c, 1 });
		return true;
	case 's':
		emit_string(sink, spec, va_arg(*values, const char *));
		return true;
	case '%':
		sink_char(sink, '%');
		return true;
	default:
		return false;
	}
}

size_t
format_text_list(char *buffer, size_t size, const char *format, va_list values)
{
	struct sink sink = { buffer, size, 0 };
	struct spec spec;
	va_list list;

	va_copy(list, values);
	while (*format != '\0') {
		const char *letter;

		if (*format != '%') {
			sink_char(&sink, *format++);
			continue;
		}
		letter = parse_spec(format + 1, &spec, &list);
		if (convert(&sink, &spec, *letter, &list))
			format = letter + 1;
		else
			sink_char(&sink, *format++);
	}
	va_end(list);
	if (size > 0)
		buffer[sink.length < size ? sink.length : size - 1] = '\0';
	return sink.length;
}

size_t
format_text(char *buffer, size_t size, const char *format, ...)
{
	va_list values;
	size_t length;

	va_start(values, format);
	length = format_text_list(buffer, size, format, values);
	va_end(values);
	return length;
}

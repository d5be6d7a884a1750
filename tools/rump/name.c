/*
 * Names as people see them.
 *
 * A name is cut into pieces, each one character of the locale or one byte that
 * is none, and each piece is replaced where the style asks for it.  Printing
 * and measuring share the cutting.
 */
#include "tools/rump/name.h"

#include <string.h>
#include <unistd.h>
#include <wchar.h>
#include <wctype.h>

struct piece {
	char bytes[16]; /* as shown; MB_CUR_MAX is at most 16 */
	size_t length;	/* of bytes */
	size_t width;	/* in columns */
};

enum name_style
name_style_default(void)
{
	return isatty(STDOUT_FILENO) ? NAME_ESCAPE : NAME_RAW;
}

static void
piece_set(struct piece *piece, const char *bytes, size_t length, size_t width)
{
	memcpy(piece->bytes, bytes, length);
	piece->length = length;
	piece->width = width;
}

/* A byte that is not printable by itself. */
static void
piece_replace(struct piece *piece, unsigned char byte, enum name_style style)
{
	static const char named[] = "\aa\bb\ff\nn\rr\tt\vv";
	char text[5] = { '\\' };

	if (style == NAME_HIDE) {
		piece_set(piece, "?", 1, 1);
		return;
	}
	for (const char *pair = named; *pair != '\0'; pair += 2) {
		if ((unsigned char)pair[0] == byte) {
			text[1] = pair[1];
			piece_set(piece, text, 2, 2);
			return;
		}
	}
	text[1] = (char)('0' + (byte >> 6));
	text[2] = (char)('0' + (byte >> 3 & 7));
	text[3] = (char)('0' + (byte & 7));
	piece_set(piece, text, 4, 4);
}

static void
piece_ascii(struct piece *piece, const char *text, enum name_style style)
{
	unsigned char byte = (unsigned char)*text;
	bool escapes = style == NAME_ESCAPE || style == NAME_ESCAPE_SPACE;

	if (byte < ' ' || byte == 0x7f)
		piece_replace(piece, byte, style);
	else if (byte == '\\' && escapes)
		piece_set(piece, "\\\\", 2, 2);
	else if (byte == ' ' && style == NAME_ESCAPE_SPACE)
		piece_set(piece, "\\ ", 2, 2);
	else
		piece_set(piece, text, 1, 1);
}

/* The first piece of text, which is not empty.  Returns the bytes it stands for. */
static size_t
piece_cut(struct piece *piece, const char *text, enum name_style style)
{
	mbstate_t state = { 0 };
	wchar_t wide;
	size_t length;

	if ((unsigned char)*text < 0x80) {
		piece_ascii(piece, text, style);
		return 1;
	}
	length = mbrtowc(&wide, text, strnlen(text, sizeof(piece->bytes)), &state);
	if (length > sizeof(piece->bytes)) {
		piece_replace(piece, (unsigned char)*text, style);
		return 1;
	}
	if (iswprint((wint_t)wide) && wcwidth(wide) >= 0) {
		piece_set(piece, text, length, (size_t)wcwidth(wide));
		return length;
	}
	piece_replace(piece, (unsigned char)*text, style);
	return style == NAME_HIDE ? length : 1;
}

/* The width of text if it is printable ASCII with nothing to replace, or 0. */
static size_t
plain_width(const char *text)
{
	const char *end = text;

	while (*end > ' ' && *end < 0x7f && *end != '\\')
		end++;
	return *end == '\0' ? (size_t)(end - text) : 0;
}

void
name_print(FILE *stream, const char *name, enum name_style style)
{
	struct piece piece;

	if (style == NAME_RAW || plain_width(name) > 0) {
		fputs(name, stream);
		return;
	}
	while (*name != '\0') {
		name += piece_cut(&piece, name, style);
		fwrite(piece.bytes, 1, piece.length, stream);
	}
}

size_t
name_width(const char *name, enum name_style style)
{
	struct piece piece;
	size_t width = plain_width(name);

	if (width > 0)
		return width;
	while (*name != '\0') {
		name += piece_cut(&piece, name, style == NAME_RAW ? NAME_HIDE : style);
		width += piece.width;
	}
	return width;
}

bool
name_is_printable(const char *name)
{
	struct piece piece;
	size_t length;

	for (; *name != '\0'; name += length) {
		length = piece_cut(&piece, name, NAME_HIDE);
		if (piece.length != length || memcmp(piece.bytes, name, length) != 0)
			return false;
	}
	return true;
}

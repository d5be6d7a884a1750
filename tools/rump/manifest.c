/* Manifests: lines as sha256sum(1) writes them. */
#include "tools/rump/manifest.h"

#include <ctype.h>
#include <string.h>

enum {
	DIGITS = 64,
};

/* Whether text begins with a hash; makes it lower-case. */
static bool
hash_read(char *text)
{
	for (int i = 0; i < DIGITS; i++) {
		if (!isxdigit((unsigned char)text[i]))
			return false;
		text[i] = (char)tolower((unsigned char)text[i]);
	}
	return true;
}

/* Replace the escapes of a name in place.  False: there is one that means nothing. */
static bool
name_unescape(char *name)
{
	char *to = name;

	for (; *name != '\0'; name++) {
		if (*name != '\\') {
			*to++ = *name;
			continue;
		}
		name++;
		if (*name == 'n')
			*to++ = '\n';
		else if (*name == 'r')
			*to++ = '\r';
		else if (*name == '\\')
			*to++ = '\\';
		else
			return false;
	}
	*to = '\0';
	return true;
}

/* "SHA256 (NAME) = HASH" */
static bool
tagged_read(struct manifest_line *line, char *text)
{
	static const char begin[] = "SHA256 (";
	static const char end[] = ") = ";
	size_t length = strlen(text);
	char *hash;

	if (strncmp(text, begin, strlen(begin)) != 0 ||
	    length < strlen(begin) + strlen(end) + DIGITS)
		return false;
	hash = text + length - DIGITS;
	if (strncmp(hash - strlen(end), end, strlen(end)) != 0 || !hash_read(hash))
		return false;
	hash[-(int)strlen(end)] = '\0';
	line->hash = hash;
	line->name = text + strlen(begin);
	return true;
}

bool
manifest_line_read(struct manifest_line *line, char *text)
{
	bool is_escaped = *text == '\\';
	char *name;

	text += is_escaped;
	if (tagged_read(line, text)) {
		name = text + (line->name - text);
	} else {
		if (strlen(text) < DIGITS + 3 || !hash_read(text) || text[DIGITS] != ' ' ||
		    (text[DIGITS + 1] != ' ' && text[DIGITS + 1] != '*'))
			return false;
		text[DIGITS] = '\0';
		name = text + DIGITS + 2;
		line->hash = text;
		line->name = name;
	}
	return *name != '\0' && (!is_escaped || name_unescape(name));
}

void
manifest_line_write(FILE *stream, const struct manifest_line *line)
{
	bool is_escaped = strpbrk(line->name, "\\\n\r") != NULL;

	fprintf(stream, "%s%s  ", is_escaped ? "\\" : "", line->hash);
	for (const char *byte = line->name; *byte != '\0'; byte++) {
		if (*byte == '\\')
			fputs("\\\\", stream);
		else if (*byte == '\n')
			fputs("\\n", stream);
		else if (*byte == '\r')
			fputs("\\r", stream);
		else
			putc(*byte, stream);
	}
	putc('\n', stream);
}

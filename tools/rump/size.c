/* Sizes for people. */
#include "tools/rump/size.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A size as a number with at most three digits, and a unit. */
struct scaled {
	unsigned tenths; /* below 100 where tenths are shown */
	char unit;	 /* 'B', 'K', 'M', ... */
};

static struct scaled
size_scale(uint64_t bytes)
{
	static const char units[] = "BKMGTPE";
	unsigned unit = 0;
	uint64_t divisor, whole, part;

	while (unit < 6 && bytes >> (10 * unit) >= 1024)
		unit++;
	divisor = (uint64_t)1 << (10 * unit);
	whole = bytes / divisor;
	part = (bytes % divisor * 10 + divisor - 1) / divisor;
	if (unit > 0 && whole * 10 + part < 100)
		return (struct scaled){ (unsigned)(whole * 10 + part), units[unit] };
	if (part > 0)
		whole++;
	if (whole == 1024)
		return (struct scaled){ 10, units[unit + 1] };
	return (struct scaled){ (unsigned)whole * 10, units[unit] };
}

void
size_human(char text[SIZE_TEXT], uint64_t bytes)
{
	struct scaled scaled = size_scale(bytes);

	if (scaled.unit == 'B')
		snprintf(text, SIZE_TEXT, "%" PRIu64, bytes);
	else if (scaled.tenths < 100)
		snprintf(text, SIZE_TEXT, "%u.%u%c", scaled.tenths / 10, scaled.tenths % 10,
		    scaled.unit);
	else
		snprintf(text, SIZE_TEXT, "%u%c", scaled.tenths / 10, scaled.unit);
}

void
size_words(char text[SIZE_TEXT], uint64_t bytes)
{
	struct scaled scaled = size_scale(bytes);

	if (scaled.unit == 'B')
		snprintf(text, SIZE_TEXT, "%" PRIu64 " byte%s", bytes, bytes == 1 ? "" : "s");
	else if (scaled.tenths < 100)
		snprintf(text, SIZE_TEXT, "%u.%u %ciB", scaled.tenths / 10, scaled.tenths % 10,
		    scaled.unit);
	else
		snprintf(text, SIZE_TEXT, "%u %ciB", scaled.tenths / 10, scaled.unit);
}

void
size_grouped(char text[SIZE_TEXT], uint64_t number)
{
	char digits[SIZE_TEXT];
	int length = snprintf(digits, sizeof(digits), "%" PRIu64, number);

	for (int i = 0; i < length; i++) {
		*text++ = digits[i];
		if (i + 1 < length && (length - i - 1) % 3 == 0)
			*text++ = ',';
	}
	*text = '\0';
}

bool
size_read(const char *text, uint64_t *bytes)
{
	static const char units[] = "kmgt";
	const char *unit;
	unsigned shift = 0;
	char *end;

	errno = 0;
	*bytes = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || errno != 0)
		return false;
	if (*end != '\0') {
		unit = strchr(units, *end | 0x20);
		if (unit == NULL || *unit == '\0' || end[1] != '\0')
			return false;
		shift = 10 * (unsigned)(unit - units + 1);
	}
	if (*bytes > (uint64_t)INT64_MAX >> shift)
		return false;
	*bytes <<= shift;
	return true;
}

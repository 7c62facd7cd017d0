/* SPDX-License-Identifier: MIT */
/*
 * text.c - no locale, no allocation.
 */
#include "text.h"

#include <ctype.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#define NS_PER_S INT64_C(1000000000)

bool text_to_count(const char *word, uint64_t max, uint64_t *out)
{
	uint64_t value = 0;

	if (!*word)
		return false;
	for (; *word; word++) {
		const uint64_t digit = (uint64_t)(*word - '0');

		if (!isdigit((unsigned char)*word) || value > (max - digit) / 10)
			return false;
		value = 10 * value + digit;
	}
	*out = value;
	return true;
}

static int64_t unit_ns(const char *unit)
{
	static const struct { const char *name; int64_t ns; } units[] = {
		{ "", NS_PER_S }, { "s", NS_PER_S }, { "ms", NS_PER_S / 1000 },
		{ "m", 60 * NS_PER_S }, { "h", 3600 * NS_PER_S }, { "d", 86400 * NS_PER_S },
	};

	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (strcmp(unit, units[i].name) == 0)
			return units[i].ns;
	return 0;
}

/* A double is exact enough: it keeps nanoseconds for the first hundred days. */
bool text_to_duration(const char *word, int64_t *out)
{
	const char *const digits = word;
	double value = 0;
	double place = 1;
	int64_t unit;

	for (; isdigit((unsigned char)*word); word++)
		value = 10 * value + (*word - '0');
	if (*word == '.' && (word > digits || isdigit((unsigned char)word[1])))
		for (word++; isdigit((unsigned char)*word); word++)
			value += (*word - '0') * (place /= 10);
	unit = unit_ns(word);
	if (word == digits || !unit)
		return false;
	value *= (double)unit;
	*out = value < 9.2e18 ? (int64_t)value : INT64_MAX;
	return true;
}

const char *text_signal(char *out, int signal)
{
	static const struct { int number; const char *name; } names[] = {
		{ SIGHUP, "HUP" }, { SIGINT, "INT" }, { SIGQUIT, "QUIT" }, { SIGILL, "ILL" }, { SIGTRAP, "TRAP" },
		{ SIGABRT, "ABRT" }, { SIGBUS, "BUS" }, { SIGFPE, "FPE" }, { SIGKILL, "KILL" }, { SIGUSR1, "USR1" },
		{ SIGSEGV, "SEGV" }, { SIGUSR2, "USR2" }, { SIGPIPE, "PIPE" }, { SIGALRM, "ALRM" }, { SIGTERM, "TERM" },
		{ SIGXCPU, "XCPU" }, { SIGXFSZ, "XFSZ" }, { SIGVTALRM, "VTALRM" }, { SIGPROF, "PROF" }, { SIGSYS, "SYS" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (names[i].number == signal) {
			snprintf(out, TEXT_SIGNAL_BYTES, "SIG%s", names[i].name);
			return out;
		}
	}
	snprintf(out, TEXT_SIGNAL_BYTES, "signal %d", signal);
	return out;
}

/* The bytes of the UTF-8 character that a text begins with; 0 = it begins with none. */
static size_t utf8_length(const char *text, size_t left)
{
	static const struct { unsigned char lead_mask, lead; uint32_t least; } forms[] = {
		{ 0x80, 0x00, 0 }, { 0xe0, 0xc0, 0x80 }, { 0xf0, 0xe0, 0x800 }, { 0xf8, 0xf0, 0x10000 },
	};
	const unsigned char *const bytes = (const unsigned char *)text;

	for (size_t more = 0; more < sizeof(forms) / sizeof(*forms) && more < left; more++) {
		uint32_t letter = bytes[0] & (unsigned char)~forms[more].lead_mask;

		if ((bytes[0] & forms[more].lead_mask) != forms[more].lead)
			continue;
		for (size_t i = 1; i <= more; i++) {
			if ((bytes[i] & 0xc0) != 0x80)
				return 0;
			letter = letter << 6 | (bytes[i] & 0x3f);
		}
		return letter >= forms[more].least ? more + 1 : 0;
	}
	return 0;
}

/* C0 and DEL, or C1, which is U+0080 to U+009F. */
static bool is_control(const char *character, size_t length)
{
	if (length == 1)
		return iscntrl((unsigned char)*character);
	return length == 2 && (unsigned char)character[0] == 0xc2 && (unsigned char)character[1] < 0xa0;
}

/* Copies what may be shown, as far as there is room (for "..." at least).  Returns the bytes written, the end not counted. */
static size_t show(char *out, size_t room, const char *text, size_t length)
{
	const size_t limit = length < room ? length : room - sizeof("...");
	size_t written = 0;
	size_t at = 0;

	while (at < length) {
		const size_t bytes = utf8_length(text + at, length - at);
		const bool is_shown = bytes > 0 && !is_control(text + at, bytes);
		const size_t needed = is_shown ? bytes : 1;

		if (written + needed > limit)
			break;
		memcpy(out + written, is_shown ? text + at : "?", needed);
		written += needed;
		at += bytes > 0 ? bytes : 1;
	}
	strcpy(out + written, at < length ? "..." : "");
	return written + (at < length ? strlen("...") : 0);
}

const char *text_item(char *out, const char *item, size_t length)
{
	show(out, TEXT_ITEM_BYTES, item, length);
	return out;
}

const char *text_word(char *out, const char *word)
{
	show(out, TEXT_NAME_BYTES, word, strlen(word));
	return out;
}

const char *text_name(char *out, const char *name)
{
	size_t length;

	if (*name && !strpbrk(name, " \t\n"))
		return text_word(out, name);
	out[0] = '\'';
	length = 1 + show(out + 1, TEXT_NAME_BYTES - 2, name, strlen(name));
	strcpy(out + length, "'");
	return out;
}

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

const char *text_item(char *out, const char *item, size_t length)
{
	const size_t room = TEXT_ITEM_BYTES - 1;
	const size_t kept = length > room ? room - strlen("...") : length;

	for (size_t i = 0; i < kept; i++)
		out[i] = iscntrl((unsigned char)item[i]) ? '?' : item[i];
	strcpy(out + kept, length > room ? "..." : "");
	return out;
}

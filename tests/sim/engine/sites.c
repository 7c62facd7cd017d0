/* SPDX-License-Identifier: MIT */
/*
 * sites.c - where a call of the platform stands, and which sites the control of
 * this exploration breaks.
 *
 * A control names a site as "file.c:function:operation" or "file.c:function:operation(part)", where
 * part is found in the argument as it is written.  Each site is judged once in an exploration.
 */
#include <string.h>

#include "engine.h"

static struct {
	const struct sim_control *control;
	uint32_t exploration;
	bool met;
	uint64_t count;		/* SIM_COUNT_UP: how often, in this execution */
	void (*note)(const struct sim_site *site);
} present;

void sim_control_begin(const struct sim_control *control, void (*note)(const struct sim_site *site))
{
	present.control = control;
	present.note = note;
	present.exploration++;
	present.met = false;
}

bool sim_control_was_met(void)
{
	return present.met;
}

void sim_control_begin_execution(void)
{
	present.count = 0;
}

uint64_t sim_control_value(void)
{
	const bool counts = present.control->mutation == SIM_COUNT_UP;

	return present.control->value + (counts ? present.count++ % SIM_COUNT_ROUND : 0);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Takes `word` and the character `end` off the front of the pattern; NULL if it does not begin so. */
static const char *after(const char *pattern, const char *word, char end)
{
	const size_t length = strlen(word);

	if (!pattern || strncmp(pattern, word, length) != 0)
		return NULL;
	if (pattern[length] == end)
		return end ? pattern + length + 1 : pattern + length;
	return NULL;
}

static bool contains(const char *object, const char *part_and_bracket)
{
	const size_t length = strcspn(part_and_bracket, ")");
	const size_t size = strlen(object);

	for (size_t i = 0; i + length <= size; i++)
		if (strncmp(object + i, part_and_bracket, length) == 0)
			return true;
	return false;
}

static bool matches(const struct sim_site *site, const char *pattern)
{
	const char *operation = after(after(pattern, base_name(site->file), ':'), site->function, ':');
	const char *part = after(operation, site->operation, '(');

	return part ? contains(site->object, part) : after(operation, site->operation, '\0') != NULL;
}

enum sim_mutation sim_control_of(struct sim_site *site)
{
	if (site->judged != present.exploration) {
		site->judged = present.exploration;
		site->hit = present.control && matches(site, present.control->site);
		present.note(site);
	}
	if (!site->hit)
		return SIM_INTACT;
	present.met = true;
	return present.control->mutation;
}

static struct sim_site *call_site;

void sim_call_from(struct sim_site *site)
{
	call_site = site;
}

struct sim_site *sim_call_site(const char *operation)
{
	static struct sim_site nowhere = { .object = "", .file = "?", .function = "?" };
	struct sim_site *site = call_site;

	call_site = NULL;
	if (site)
		return site;
	nowhere.operation = operation;
	return &nowhere;
}

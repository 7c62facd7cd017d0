/* SPDX-License-Identifier: MIT */
/*
 * command.c - fields such as {} and {/.} replaced inside words; everything else passed on byte by byte.
 *
 * The text of all words of a job lies in one piece of memory.  Each word is gone through twice: once to learn how long it
 * becomes, once to write it.
 */
#include "command.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_BYTES 24		/* a 64-bit number in decimal, its end included */

/* Where text goes; without a place it is only counted. */
struct sink {
	char *at;
	size_t length;
};

static void put(struct sink *sink, const char *text, size_t length)
{
	if (sink->at)
		memcpy(sink->at + sink->length, text, length);
	sink->length += length;
}

static void put_number(struct sink *sink, uint64_t number)
{
	char digits[NUMBER_BYTES];

	put(sink, digits, (size_t)snprintf(digits, sizeof(digits), "%" PRIu64, number));
}

/* A stretch of the item. */
struct span {
	const char *text;
	size_t length;
};

static struct span without_final_slashes(struct span path)
{
	while (path.length > 1 && path.text[path.length - 1] == '/')
		path.length--;
	return path;
}

/* Where the base name begins: behind the last slash. */
static size_t base_offset(struct span path)
{
	const char *const slash = memrchr(path.text, '/', path.length);

	return slash ? (size_t)(slash - path.text) + 1 : 0;
}

static struct span base_of(struct span path)
{
	size_t offset;

	path = without_final_slashes(path);
	offset = path.length > 1 ? base_offset(path) : 0;	/* "/" is its own base name */
	return (struct span){ path.text + offset, path.length - offset };
}

static struct span directory_of(struct span path)
{
	size_t offset;

	path = without_final_slashes(path);
	offset = base_offset(path);
	if (offset == 0)
		return (struct span){ ".", 1 };
	return without_final_slashes((struct span){ path.text, offset });
}

/* Up to the last dot of the base name, those that it begins with left aside: ".profile" and ".." have no extension. */
static struct span without_extension(struct span path)
{
	size_t begin = base_offset(path);
	const char *dot;

	while (begin < path.length && path.text[begin] == '.')
		begin++;
	dot = memrchr(path.text + begin, '.', path.length - begin);
	if (dot)
		path.length = (size_t)(dot - path.text);
	return path;
}

static void put_span(struct sink *sink, struct span span)
{
	put(sink, span.text, span.length);
}

static void put_item(struct sink *sink, const struct filling *filling)
{
	put(sink, filling->item, filling->length);
}

static void put_bare(struct sink *sink, const struct filling *filling)
{
	put_span(sink, without_extension((struct span){ filling->item, filling->length }));
}

static void put_base(struct sink *sink, const struct filling *filling)
{
	put_span(sink, base_of((struct span){ filling->item, filling->length }));
}

static void put_bare_base(struct sink *sink, const struct filling *filling)
{
	put_span(sink, without_extension(base_of((struct span){ filling->item, filling->length })));
}

static void put_directory(struct sink *sink, const struct filling *filling)
{
	put_span(sink, directory_of((struct span){ filling->item, filling->length }));
}

static void put_job(struct sink *sink, const struct filling *filling)
{
	put_number(sink, filling->job);
}

static void put_slot(struct sink *sink, const struct filling *filling)
{
	put_number(sink, filling->slot);
}

struct field {
	const char *name;
	void (*put)(struct sink *sink, const struct filling *filling);
};

static const struct field fields[] = {
	{ "{}", put_item },
	{ "{.}", put_bare },
	{ "{/}", put_base },
	{ "{/.}", put_bare_base },
	{ "{//}", put_directory },
	{ "{#}", put_job },
	{ "{%}", put_slot },
};

static const struct field *field_at(const char *text)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		if (strncmp(text, fields[i].name, strlen(fields[i].name)) == 0)
			return &fields[i];
	return NULL;
}

static bool has_field(const char *word)
{
	for (; (word = strchr(word, '{')); word++)
		if (field_at(word))
			return true;
	return false;
}

static void put_word(struct sink *sink, const char *word, const struct filling *filling)
{
	while (*word) {
		const size_t plain = strcspn(word, "{");
		const struct field *const field = field_at(word + plain);

		put(sink, word, plain);
		word += plain;
		if (field) {
			field->put(sink, filling);
			word += strlen(field->name);
		} else if (*word) {
			put(sink, word++, 1);
		}
	}
	put(sink, "", 1);
}

static void put_all(struct sink *sink, const struct command *command, const struct filling *filling, const char **words)
{
	for (size_t i = 0; i < command->count; i++) {
		if (sink->at)
			words[i] = sink->at + sink->length;
		put_word(sink, command->words[i], filling);
	}
}

void command_init(struct command *out, char **words, size_t count)
{
	*out = (struct command){ .words = words, .count = count, .appends = true };
	for (size_t i = 0; i < count; i++)
		if (has_field(words[i]))
			out->appends = false;
}

static int make_room(struct argument_list *list, size_t words, size_t bytes)
{
	if (!list->words)
		list->words = calloc(words, sizeof(*list->words));
	if (list->words && list->room < bytes) {
		free(list->text);
		list->text = malloc(bytes);
		list->room = list->text ? bytes : 0;
	}
	return list->words && list->room >= bytes ? 0 : -ENOMEM;
}

int command_fill(const struct command *command, const struct filling *filling, struct argument_list *out)
{
	struct sink sink = { 0 };
	size_t last = command->count;

	put_all(&sink, command, filling, NULL);
	if (make_room(out, command->count + 2, sink.length) < 0)	/* the item, and NULL */
		return -ENOMEM;
	sink = (struct sink){ .at = out->text };
	put_all(&sink, command, filling, out->words);
	if (command->appends)
		out->words[last++] = filling->item;
	out->words[last] = NULL;
	return 0;
}

void argument_list_clear(struct argument_list *list)
{
	free(list->words);
	free(list->text);
	*list = (struct argument_list){ 0 };
}

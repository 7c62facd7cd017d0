/* SPDX-License-Identifier: MIT */
/*
 * text.h - small things about words: numbers and times that a user typed, names of signals, items in messages.
 */
#ifndef QUIESCE_CLI_TEXT_H
#define QUIESCE_CLI_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TEXT_ITEM_BYTES 64	/* an item in a message, its end included */
#define TEXT_NAME_BYTES 512	/* a name or a word in one, its end included */
#define TEXT_SIGNAL_BYTES 16	/* "SIGVTALRM", "signal 34" */

/* text_to_count - a decimal number from 0 to max, all of the word.  Returns whether it is one. */
bool text_to_count(const char *word, uint64_t max, uint64_t *out);

/*
 * text_to_duration - "10", "2.5", "500ms", "2m", "1h": a length of time in ns; seconds if no unit is given.
 *
 * Returns whether it is one; too long a time is INT64_MAX.
 */
bool text_to_duration(const char *word, int64_t *out);

/* text_signal - "SIGINT" for 2, into the caller's buffer of TEXT_SIGNAL_BYTES.  Returns the buffer. */
const char *text_signal(char *out, int signal);

/*
 * text_item - an item as it may stand in a message, into the caller's buffer of TEXT_ITEM_BYTES.
 *
 * It is one short line with nothing that moves a terminal's cursor: what is a control character, or no UTF-8, becomes a
 * question mark.  A long one is cut between two characters.  Returns the buffer.
 */
const char *text_item(char *out, const char *item, size_t length);

/*
 * text_name - the same for a name, of a file say, which is not cut before TEXT_NAME_BYTES.
 *
 * It stands in quotes if it would not be seen as one word without them: it is empty, or there are blanks in it.
 */
const char *text_name(char *out, const char *name);

/* text_word - the same, without quotes: for a word of the command line that the message quotes itself. */
const char *text_word(char *out, const char *word);

#endif

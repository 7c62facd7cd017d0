/* SPDX-License-Identifier: MIT */
/*
 * list.h - a doubly linked list whose links live in the things that are listed.
 *
 * A link that is in no list points at itself, so it can be asked and taken out
 * without knowing its list.
 */
#ifndef QS__BASE_LIST_H
#define QS__BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct qs__list {
	struct qs__list *next;
	struct qs__list *previous;
};

/* The struct of this type that holds the link as this member. */
#define QS__ENTRY(link, type, member) ((type *)(void *)((char *)(link) - offsetof(type, member)))

/* For a list's head and for a link alike. */
static inline void qs__list_init(struct qs__list *list)
{
	list->next = list;
	list->previous = list;
}

static inline bool qs__list_is_empty(const struct qs__list *list)
{
	return list->next == list;
}

static inline bool qs__list_is_linked(const struct qs__list *link)
{
	return link->next != link;
}

static inline void qs__list_append(struct qs__list *list, struct qs__list *link)
{
	link->previous = list->previous;
	link->next = list;
	list->previous->next = link;
	list->previous = link;
}

/* Out of whatever list it is in; nothing if it is in none. */
static inline void qs__list_remove(struct qs__list *link)
{
	link->previous->next = link->next;
	link->next->previous = link->previous;
	qs__list_init(link);
}

/* The first link, taken out, or NULL. */
static inline struct qs__list *qs__list_take_first(struct qs__list *list)
{
	struct qs__list *first = list->next;

	if (first == list)
		return NULL;
	qs__list_remove(first);
	return first;
}

/* Everything from one list onto the end of another. */
static inline void qs__list_move_all(struct qs__list *to, struct qs__list *from)
{
	if (qs__list_is_empty(from))
		return;
	from->next->previous = to->previous;
	to->previous->next = from->next;
	from->previous->next = to;
	to->previous = from->previous;
	qs__list_init(from);
}

#endif

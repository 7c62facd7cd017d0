/* SPDX-License-Identifier: MIT */
/*
 * leftovers.h - does a test leave descriptors, threads or children behind?
 *
 *	cmocka_unit_test_setup_teardown(test_..., leftovers_note, leftovers_check)
 */
#ifndef TEST_LEFTOVERS_H
#define TEST_LEFTOVERS_H

/* Both return 0, or -1 and say on standard error what is different. */
int leftovers_note(void **state);
int leftovers_check(void **state);

/* What is open in this process, and how many threads it has. */
int leftovers_fds(void);
int leftovers_threads(void);

#endif

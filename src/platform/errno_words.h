/* SPDX-License-Identifier: MIT */
/*
 * errno_words.h - what the system says of its own error codes.
 */
#ifndef QS__PLATFORM_ERRNO_WORDS_H
#define QS__PLATFORM_ERRNO_WORDS_H

/*
 * Static text for a positive errno value, the same in every language and
 * thread; NULL for what is none.
 */
const char *qs__errno_words(int code);

#endif

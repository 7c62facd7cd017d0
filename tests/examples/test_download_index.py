# SPDX-License-Identifier: MIT
"""download_index: an index and its pages in one thread, which a stop wakes."""
import sys

import pages
from support import AT_ONCE, main


def test_download_index_takes_all_that_is_there():
    """The index and each page it names come whole, each asked for once, and nothing else is left."""
    pages.try_all_that_is_there()


def test_download_index_takes_eight_at_a_time():
    """While eight wait no ninth is asked for."""
    pages.try_so_many_at_a_time()


def test_download_index_sigint_in_the_middle_of_pages():
    """One SIGINT: dead of it at once, what is whole stays, what is half there goes, nothing begins after it."""
    pages.try_sigint(AT_ONCE, kept=True)


def test_download_index_sigint_before_the_first_byte():
    """The same while the server is silent."""
    pages.try_sigint(AT_ONCE, mute=True)


def test_download_index_sigint_in_the_index():
    """The same before there is an index."""
    pages.try_sigint_in_the_index(AT_ONCE)


def test_download_index_says_which_pages_do_not_come():
    """A page that fails is named and leaves nothing; the others come; exit status 1."""
    pages.try_pages_that_do_not_come()


def test_download_index_says_that_there_is_no_index():
    """Without an index there is nothing to do."""
    pages.try_an_index_that_does_not_come()


def test_download_index_names_what_a_killed_run_left():
    """A half-written file is not written over."""
    pages.try_what_a_killed_run_left()


def test_download_index_refuses_other_words():
    """Anything but one URL of an index is a mistake of usage."""
    pages.try_wrong_words()


main(sys.modules[__name__].__dict__)

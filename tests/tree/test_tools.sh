#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_tools.sh TOOL SOURCE WORK BUILD - the tools that look after the tree notice what they are there for.

set -eu
tool=$1 source=$2 work=$3 build=$4
rm -rf "$work"
mkdir -p "$work"
cd "$work"

fail()
{
	echo "FAIL: $*" >&2
	exit 1
}

# notices WORDS COMMAND...: it fails, and says the words.
notices()
{
	words=$1
	shift
	if "$@" >said 2>&1; then
		fail "$* did not notice"
	fi
	grep -qF "$words" said || { cat said; fail "$* did not say: $words"; }
}

accepts()
{
	"$@" >said 2>&1 || { cat said; fail "$* complains"; }
	[ ! -s said ] || { cat said; fail "$* is not silent"; }
}

case $tool in
includes)
	mkdir -p tools src/base src/core cli
	cp "$source/tools/check-includes" tools/
	printf 'base/*.h\nleft:\nright: core/left.h\n' >src/core/.may_include
	echo '# nothing' >src/base/.may_include
	echo >src/base/list.h
	printf '#include "base/list.h"\n' >src/core/left.h
	printf '#include "core/right.h"\n#include "core/left.h"\n' >src/core/right.c
	printf '#include <quiesce.h>\n#include "quiesce.h"\n' >cli/main.c
	accepts tools/check-includes

	printf '#include "core/left.h"\n' >src/base/up.c
	notices 'src/base/up.c: may not include "core/left.h"' tools/check-includes
	rm src/base/up.c
	printf '#include "core/right.h"\n' >src/core/left.c
	notices 'src/core/left.c: may not include "core/right.h"' tools/check-includes
	rm src/core/left.c
	printf '#include "core/left.h"\n' >cli/inside.c
	notices 'cli/inside.c: may not include "core/left.h"' tools/check-includes
	rm cli/inside.c src/base/.may_include
	notices 'src/base: has no .may_include' tools/check-includes
	;;

pairs)
	mkdir -p tools src/core
	cp "$source/tools/check-pairs" tools/
	cat >src/core/good.c <<-'END'
		void put(struct box *box)
		{
			/* Publishes the content.  Pairs with load_acquire in take(). */
			qs__store_release(&box->is_full, 1);
		}

		int take(struct box *box)
		{
			/*
			 * Sees the content.  Pairs with
			 * store_release in put().
			 */
			return qs__load_acquire(&box->is_full) + qs__load_relaxed(&box->other);
		}
	END
	accepts tools/check-pairs

	sed 's/  Pairs with load_acquire in take()\.//' src/core/good.c >src/core/bad.c
	mv src/core/good.c good.c
	notices 'store_release does not say what it pairs with' tools/check-pairs
	sed 's/in take()/in taken()/' good.c >src/core/bad.c
	notices 'pairs with taken(), which is not there' tools/check-pairs
	sed 's/load_acquire in take/fence_seq_cst in take/' good.c >src/core/bad.c
	notices 'pairs with fence_seq_cst in take(), which has none' tools/check-pairs
	sed 's/store_release in put/store_release in take/' good.c >src/core/bad.c
	notices 'take() does not say that it pairs with put()' tools/check-pairs
	;;

make-man)
	mkdir -p docs include
	cp -R "$source/tools" "$source/VERSION" .
	cp -R "$source/docs/man" docs/
	cat >good.h <<-'END'
		/*
		 * quiesce.h - a small one.
		 */

		/* ---------------
		 * Errors
		 *
		 * What they mean:
		 *
		 *	EINVAL		wrong
		 */

		enum qs_error {
			QS_EFORKED = 4096,	/* of the parent's */
		};

		/* ---------------
		 * Pool: what it is
		 *
		 * For all of it.
		 */

		typedef struct qs_pool qs_pool;

		#define QS_BIG 7u	/* a constant */

		/* How it goes. */
		typedef struct qs_report {
			uint32_t size;
			int count;	/* of something, QS_BIG at most;
					   it goes on here */
		} qs_report;
		#define QS_REPORT_INIT { sizeof(qs_report), 0 }

		/*
		 * qs_pool_join - wait for it.  Then more.
		 *
		 * A back\slash, a 'quote', -EINVAL and qs_pool_free().
		 *
		 *	if (pool)
		 *		wait(pool);
		 *
		 *   deadline    when to
		 *               give up
		 *   out         NULL = not wanted
		 *
		 * Returns 0; -EBUSY (it is not over, or a (real) worker is left); or -EINVAL.  And so on.
		 * Threads: any.  Waits: yes.  Handlers: no.  Fork: -QS_EFORKED.
		 */
		QS_API int qs_pool_join(qs_pool *pool, qs_time deadline, qs_report *out);

		/*
		 * qs_pool_free - end it.  qs_pool_keep - do not.
		 *
		 * Threads: any.  Waits: no.  Handlers: no.  Fork: works.
		 */
		QS_API void qs_pool_free(qs_pool *pool);
		QS_API void qs_pool_keep(qs_pool *pool);
	END
	cp good.h include/quiesce.h
	accepts tools/make-man pages
	[ "$(cat pages/man3/qs_pool_keep.3)" = '.so man3/qs_pool_free.3' ] || fail "no link"
	page=pages/man3/qs_pool_join.3
	for line in 'qs_pool_join \- wait for it' 'Wait for it.' 'Then more.' '.SS Pool: what it is' 'When to give up.' '.SH EXAMPLE' \
		'Returns 0.' 'On failure, a negative code.' 'And so on.' '\fB\-EBUSY\fP' 'It is not over, or a (real) worker is left.' \
		'Wrong.' '\fB\-QS_EFORKED\fP' 'Set by \fBQS_REPORT_INIT\fP.' 'Of something, \fBQS_BIG\fP at most; it goes on here.' \
		'\fBQS_BIG\fP (7)' '    wait(pool);' '.BR qs_pool_free (3),'; do
		grep -qxF -e "$line" $page || { cat $page; fail "$page has no line: $line"; }
	done
	grep -qF 'A back\(rsslash, a \(aqquote\(aq, \-EINVAL and \fBqs_pool_free\fP(3).' $page || { cat $page; fail "letters"; }
	grep -q '@VERSION@' pages/man?/* && fail "no version"

	# lacks WORDS SED: without what SED changes it complains.
	lacks()
	{
		sed "$2" good.h >include/quiesce.h
		cmp -s good.h include/quiesce.h && fail "$2 changes nothing"
		notices "$1" tools/make-man pages
	}
	lacks 'does not say what it returns' '/Returns/d'
	lacks 'returns nothing, and says what' 's/QS_API int/QS_API void/'
	lacks 'nothing is said of its parameter out' '/   out  /d'
	lacks 'the last line has no "Fork:"' 's/  Fork: -QS.*//'
	lacks 'the last line has no "Threads:"' '/Threads: any.  Waits: yes/d'
	lacks 'qs_pool_fre() is not there' 's/qs_pool_free()/qs_pool_fre()/'
	lacks 'no words for -EAGAIN' 's/; or -EINVAL/; -EAGAIN/'
	lacks 'int count has no words beside it' 's|/\* of something.*|/* */|; /it goes on here/d'
	lacks 'the comment tells of qs_pool_free, qs_pool_kept' 's/qs_pool_keep - /qs_pool_kept - /'
	lacks 'has no comment that begins with its name' 's/qs_pool_join - wait/Waits/'
	lacks 'a comment that stands above nothing' 's|^/\* How it goes. \*/|&\n|'
	;;

check-man)
	mkdir -p src include
	cp -R "$source/tools" "$source/docs" "$source/VERSION" .
	cp "$source/include/quiesce.h" include/
	cp "$source/src/libquiesce.map" src/
	accepts tools/check-man "$build" symbols references

	# finds WORDS CHECK FILE SED: with FILE changed so, that check says so.
	finds()
	{
		cp "$3" kept
		sed "$4" kept >"$3"
		cmp -s kept "$3" && fail "$4 changes nothing in $3"
		notices "$1" tools/check-man "$build" "$2"
		cp kept "$3"
	}
	finds 'no page for qs_more' symbols src/libquiesce.map 's/qs_now;/&\n\t\tqs_more;/'
	finds 'not in src/libquiesce.map: qs_now' symbols src/libquiesce.map '/qs_now;/d'
	finds 'groff: quiesce.1' pages docs/man/quiesce.1 's/^\.SH NOTES/.SHH NOTES/'
	finds 'mandoc: quiesce.3' pages docs/man/quiesce.3 's/^\.SH NOTES/.PP\n&/'
	finds 'quiesce.1: wider than 80 columns' pages docs/man/quiesce.1 's/^quiesce gzip.*/& and words that nobody can see who has no more than eighty columns/'
	finds 'quiesce.3 does not refer to qs_now(3)' references docs/man/quiesce.3 '/qs_now/d'
	finds 'quiesce.1 refers to xargs(3)' references docs/man/quiesce.1 's/^\.BR xargs (1)/.BR xargs (3)/'
	finds 'an example does not compile: quiesce.3-1.c' examples docs/man/quiesce.3 's/^int main(void)/int main(int)/'
	finds 'an example does not compile: header-' examples include/quiesce.h 's/\*\treturn qs_task_fail(task, /*\treturn qs_task_fail(/'
	finds 'quiesce.1 lacks the option --null' options docs/man/quiesce.1 's/^\.BR \\-0.*/.BR \\-0/'
	finds 'quiesce --help lacks the option --quiet' options docs/man/quiesce.1 's/^\.B \\-\\-help/.B \\-\\-quiet/'
	finds 'quiesce.1 lacks the exit status 126' options docs/man/quiesce.1 's/^126$/125/'
	finds 'errors: page: EBUSY' errors docs/man/quiesce.3 's/^In use, or/In use or/'
	finds 'errors: library: ENOMEM' errors include/quiesce.h 's/no memory$/no room/'
	;;

junit)
	cat >tests.xml <<-'END'
		<?xml version="1.0" encoding="UTF-8"?>
		<testsuite name="(empty)" tests="5" failures="1" disabled="0" skipped="3">
			<testcase name="unit/good" classname="unit/good" time="0.1" status="run">
				<system-out>&lt;testcase name="no such test" status="fail"&gt; SKIP: not this one</system-out>
			</testcase>
			<testcase name="unit/bad" classname="unit/bad" time="0.1" status="fail">
				<failure message=""/>
				<system-out>oh</system-out>
			</testcase>
			<testcase name="unit/skip" classname="unit/skip" time="0.1" status="notrun">
				<skipped message="SKIP_RETURN_CODE=77"/>
				<system-out>first
		SKIP: no &lt;ptrace&gt; &amp; no &quot;luck&quot;
		</system-out>
			</testcase>
			<testcase name="unit/mute" classname="unit/mute" time="0.1" status="notrun">
				<skipped message="SKIP_RETURN_CODE=77"/>
				<system-out></system-out>
			</testcase>
			<testcase name="unit/gone" classname="unit/gone" time="0" status="notrun">
				<skipped message="Unable to find executable: gone"/>
				<system-out>SKIP: not of its own wish</system-out>
			</testcase>
		</testsuite>
	END
	cat >expected <<-'END'
		passed unit/good
		failed unit/bad
		skipped unit/skip no <ptrace> & no "luck"
		skipped unit/mute no reason given
		failed unit/gone
	END
	"$source/tools/read-junit" tests.xml | sed 's/ *$//' >got
	diff -u expected got
	;;

setup)
	# All that a build needs is here, since the tests run.
	accepts "$source/tools/setup" build
	notices "unknown purpose tea" "$source/tools/setup" tea
	# With nothing in the way but a shell's own tools, and no right to install: says what to type and changes nothing.
	mkdir bin
	for name in awk cat dirname env grep mktemp rm sed sh; do
		ln -s "$(command -v $name)" bin/
	done
	printf '#!/bin/sh\necho 1000\n' >bin/id
	printf '#!/bin/sh\nexit 1\n' >bin/sudo
	printf '#!/bin/sh\necho "$*" >>apt-was-called\n' >bin/apt-get
	printf '#!/bin/sh\necho "  Candidate: 1"\n' >bin/apt-cache
	chmod +x bin/id bin/sudo bin/apt-get bin/apt-cache
	status=0
	PATH=$PWD/bin "$source/tools/setup" build >said 2>&1 || status=$?
	[ $status -eq 2 ] || { cat said; fail "status $status, not 2"; }
	grep -qx '    apt-get install --no-install-recommends gcc libc6-dev make cmake gzip' said ||
		{ cat said; fail "does not say what to type"; }
	if grep -v -e --assume-no apt-was-called; then
		fail "called apt-get to change something"
	fi
	# By sudo, which lets us: one installation.  Nothing comes of it here, and that is said.
	# shellcheck disable=SC2016 # for that shell, not for this one
	printf '#!/bin/sh\n[ "$1" = -n ] || exec "$@"\n' >bin/sudo
	rm apt-was-called
	status=0
	PATH=$PWD/bin "$source/tools/setup" build >said 2>&1 || status=$?
	[ $status -eq 1 ] || { cat said; fail "status $status, not 1"; }
	grep -q 'still missing' said || { cat said; fail "does not say that it is still missing"; }
	[ "$(grep -c -v -e --assume-no apt-was-called)" -eq 1 ] || { cat apt-was-called; fail "apt-get was not called once"; }
	grep -q -e '--no-install-recommends gcc libc6-dev make cmake gzip$' apt-was-called || fail "wrong packages"
	;;

find-pythons)
	# With those Pythons alone that are in bin/; both take settings, such as PYTHONS=...
	found_by()
	{
		env -u PYTHONS -u PYENV_VERSION PATH="$PWD/bin" "$@" "$source/tools/find-pythons"
	}
	finds()
	{
		word=$1
		shift
		[ "$(found_by "$@" | paste -s -d ' ' -)" = "$word" ] || fail "does not find $word"
	}
	# Nothing but what it takes itself.
	mkdir bin
	for name in sh paste; do
		ln -s "$(command -v $name)" bin/
	done
	notices 'with its headers (python3-dev)' found_by
	# One that is of use, one that is not, one that is never asked.
	printf '#!/bin/sh\necho nine\n' >bin/python3.9
	printf '#!/bin/sh\necho "has no headers"\nexit 1\n' >bin/python3.12
	printf '#!/bin/sh\necho seven\n' >bin/python3.7
	chmod +x bin/python3.*
	finds nine
	finds 'seven nine' PYTHONS='python3.7 python3.9'
	notices 'python3.12 has no headers' found_by PYTHONS='python3.9 python3.12'
	rm bin/python3.9
	notices 'python3.12 has no headers' found_by
	# pyenv's stand-ins start what PYENV_VERSION names.
	printf '#!/bin/sh\n[ "$*" = "versions --bare" ] && printf "2.7.1\\n3.8.2\\n"\n' >bin/pyenv
	# shellcheck disable=SC2016 # for that shell, not for this one
	printf '#!/bin/sh\necho "$PYENV_VERSION"\n' >bin/python3.8
	chmod +x bin/pyenv bin/python3.8
	finds 2.7.1:3.8.2
	;;

run | check)
	# A copy without the rest of the tree, so what it would do first leaves a trace.
	mkdir tools
	cp "$source/$tool" .
	printf '#!/bin/sh\necho "$*" >>setup-was-called\nexit 1\n' >tools/setup
	chmod +x tools/setup
	# refuses WORDS...: says how it is meant, before it does anything.
	refuses()
	{
		status=0
		"./$tool" "$@" >out 2>said || status=$?
		[ $status -eq 2 ] || { cat said; fail "./$tool $*: status $status, not 2"; }
		[ ! -s out ] || fail "./$tool $*: says it on standard output"
		[ "$(cat said)" = "$usage" ] || { cat said; fail "./$tool $*: does not say how it is meant"; }
		[ ! -e setup-was-called ] || fail "./$tool $*: calls setup all the same"
	}
	# begins WORDS...: is on its way with them.
	begins()
	{
		"./$tool" "$@" >out 2>&1 || :
		[ -e setup-was-called ] || fail "./$tool $*: is refused"
		rm setup-was-called
	}
	case $tool in
	run)
		usage='usage: ./run [SECONDS]    (1 to 999)'
		for seconds in 0 00 05 abc 5s -5 +5 1.5 '' ' 5' --help 1000 99999999999999999999; do
			refuses "$seconds"
		done
		refuses 3 5
		refuses 5 2 3 4 5 6 7 8 9 10 11
		for seconds in 1 35 999; do
			begins $seconds
		done
		;;
	check)
		usage='usage: ./check [--strict]    (no skips but those of tests/allowed-skips)'
		for word in --help -h '' release strict --strictly; do
			refuses "$word"
		done
		refuses --strict --strict
		begins --strict
		;;
	esac
	begins
	;;
esac

#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_install.sh CASE SOURCE STAGE - one look at an installation.
#
# The case `tarball` comes first.  It unpacks the sources into STAGE/source, where no .git is, and installs from there into
# STAGE/root, as a packager does it; the others look at what is there.

set -eu
case=$1 source=$2 stage=$3
here=$source/tests/install
version=$(cat "$source/VERSION")
root=$stage/root
CC=${CC:-cc}
# The settings of the test's caller are not those of the installation.
unset MAKEFLAGS MAKELEVEL MFLAGS DESTDIR PREFIX CFLAGS CPPFLAGS LDFLAGS || :

fail()
{
	echo "FAIL: $*" >&2
	exit 1
}

skip()
{
	echo "SKIP: $*"
	exit 77
}

expect()
{
	[ "$2" = "$3" ] || fail "$1: expected '$2', got '$3'"
}

# Fails if anything comes in.
none()
{
	if grep .; then
		fail "$1"
	fi
}

# Where the shared library went; set once there is one.
libdir=$(dirname "$(find "$root" -name 'libquiesce.so.0' 2>/dev/null | head -n 1)")
library=$libdir/libquiesce.so.$version

# A folder of this case's own, empty.
work=$stage/$case
rm -rf "$work"
mkdir -p "$work"

# Makes pkg-config find what is installed here, beside what the system has.
use_pkg_config()
{
	command -v pkg-config >/dev/null || skip "no pkg-config"
	export PKG_CONFIG_PATH="$libdir/pkgconfig" PKG_CONFIG_SYSROOT_DIR="$root"
	export PKG_CONFIG_ALLOW_SYSTEM_CFLAGS=1 PKG_CONFIG_ALLOW_SYSTEM_LIBS=1
}

make_install()
{
	make -C "$stage/source" PREFIX=/usr DESTDIR="$1" \
		CFLAGS='-O1 -g -DQS_TEST_SEES_CFLAGS' LDFLAGS='-Wl,--build-id=0xc0ffee00' CC="$CC" install
}

case $case in
tarball)
	rm -rf "$stage/source" "$root"
	mkdir -p "$stage/source" "$root"
	archive=$("$source/tools/dist" "$work")
	expect "the archive's name" "quiesce-$version.tar.gz" "$(basename "$archive")"
	tar -xzf "$archive" -C "$stage/source" --strip-components=1
	[ ! -e "$stage/source/.git" ] || fail "there is a .git in the tarball"
	make_install "$root"
	;;

honours-flags)
	grep -q QS_TEST_SEES_CFLAGS "$stage/source/build/compile_commands.json" || fail "CFLAGS are not honoured"
	readelf -n "$library" | grep -q 'Build ID: c0ffee00' || fail "LDFLAGS are not honoured by the library"
	readelf -n "$root/usr/bin/quiesce" | grep -q 'Build ID: c0ffee00' || fail "LDFLAGS are not honoured by the program"
	;;

multiarch)
	[ -e /etc/debian_version ] || skip "not a Debian: the library folder has no triplet"
	expect "library folder" "$root/usr/lib/$("$CC" -print-multiarch)" "$libdir"
	;;

soname)
	expect SONAME '[libquiesce.so.0]' "$(readelf -d "$library" | awk '/SONAME/ { print $NF }')"
	expect libquiesce.so.0 "libquiesce.so.$version" "$(readlink "$libdir/libquiesce.so.0")"
	expect libquiesce.so libquiesce.so.0 "$(readlink "$libdir/libquiesce.so")"
	readelf -d "$library" | grep -q NODELETE || fail "the library can be unloaded under a worker's feet"
	# The loader is libc's own part: thread-local data are found through it.
	# libgcc_s is a part of what glibc itself needs for pthread_exit(); ours cleans up when that goes through it.
	readelf -d "$library" | sed -n '/NEEDED/ { /\[libc\.so\|\[ld-\|\[libgcc_s/! p }' | none "it needs more than libc"
	readelf -d "$library" | sed -n '/RPATH\|RUNPATH/ p' | none "it has a path of the build in it"
	;;

symbols)
	# A name is on a line of its own, or follows its type; the arguments follow it.
	sed -n 's/^QS_API [^(]*\(qs_[a-z0-9_]*\)(.*/\1/p' "$root/usr/include/quiesce.h" | sort >"$work/header"
	sed -n 's/^\t*\(qs_[a-z0-9_]*\);$/\1/p' "$source/src/libquiesce.map" | sort >"$work/map"
	nm -D --defined-only "$library" | awk '$2 == "T" { sub(/@.*/, "", $3); print $3 }' | sort >"$work/library"
	[ -s "$work/header" ] || fail "found no function in quiesce.h"
	diff -u "$work/header" "$work/map" || fail "quiesce.h and libquiesce.map differ"
	diff -u "$work/map" "$work/library" || fail "libquiesce.map and the library differ"
	nm -D --defined-only "$library" | awk '$2 != "T" && $2 != "A"' | none "it exports more than functions"
	# DW.ref...: the compiler's own word for how an exception passes, hidden and the same in every object that has one.
	nm -g --defined-only "$libdir/libquiesce.a" | awk 'NF == 3 && $3 !~ /^qs_/ && $3 !~ /^DW\.ref\./' |
		none "the static library has names that are not ours"
	;;

manual)
	pages=$root/usr/share/man
	[ -s "$pages/man1/quiesce.1" ] || fail "no quiesce(1)"
	for symbol in quiesce $(sed -n 's/^\t*\(qs_[a-z0-9_]*\);$/\1/p' "$source/src/libquiesce.map"); do
		[ -s "$pages/man3/$symbol.3" ] || fail "no $symbol(3)"
	done
	for target in $(sed -n 's/^\.so //p' "$pages"/man3/*); do
		[ -s "$pages/$target" ] || fail "a link to $target, which is not there"
	done
	for page in man1/quiesce.1 man3/quiesce.3 man3/qs_submit.3; do
		grep -q "^\.TH .*\"quiesce $version\"" "$pages/$page" || fail "$page is of another version"
	done
	find "$pages" ! -type d ! -name '*.[13]' | none "there is more in it than pages"
	;;

header-*)
	standard=${case#header-}
	language=c
	compiler=$CC
	if [ "$standard" = c++17 ]; then
		language=c++
		compiler=${CXX:-c++}
		command -v "$compiler" >/dev/null || skip "no C++ compiler"
	fi
	"$compiler" -x "$language" -std="$standard" -Wall -Wextra -Wpedantic -Werror -isystem /nowhere \
		-I "$root/usr/include" -fsyntax-only "$here/header.c"
	;;

program)
	expect "quiesce --version" "quiesce $version" "$("$root/usr/bin/quiesce" --version | head -n 1)"
	readelf -d "$root/usr/bin/quiesce" | sed -n '/NEEDED.*quiesce/ p' | none "it needs the shared library"
	expect "what a job prints" hello "$("$root/usr/bin/quiesce" echo ::: hello)"
	;;

pkg-config | pkg-config-static)
	use_pkg_config
	expect "version by pkg-config" "$version" "$(pkg-config --modversion quiesce)"
	static=
	if [ "$case" = pkg-config-static ]; then
		static=--static
		mkdir "$work/lib"
		cp "$libdir/libquiesce.a" "$work/lib"
	fi
	# shellcheck disable=SC2046 # the words of pkg-config are to be split
	"$CC" -o "$work/consumer" "$here/outside/consumer.c" ${static:+-L "$work/lib" -static} \
		$(pkg-config --cflags --libs $static quiesce)
	expect "output" "quiesce $version: 42" "$(LD_LIBRARY_PATH=${static:-$libdir} "$work/consumer")"
	;;

examples)
	# Each with what it says that it needs beside us; and each has its line in the README.
	use_pkg_config
	cp "$source"/examples/*.* "$work"
	for file in "$work"/*.c "$work"/*.cpp; do
		name=$(basename "$file")
		grep -qF "(examples/$name)" "$source/README.md" || fail "README.md has no line for examples/$name"
		compiler=$CC
		[ "$name" = "${name%.cpp}" ] || compiler="${CXX:-c++} -std=c++17"
		others=$(sed -n 's/.*--cflags --libs quiesce \([^)]*\)).*/\1/p' "$file" | head -n 1)
		# shellcheck disable=SC2086 # as above
		if ! command -v ${compiler%% *} >/dev/null || { [ -n "$others" ] && ! pkg-config --exists $others; }; then
			skip "$name needs what is not here: $compiler, $others"
		fi
		flags=$(pkg-config --cflags --libs quiesce)
		# What the system has does not lie below our root.
		# shellcheck disable=SC2086 # as above
		[ -z "$others" ] || flags="$flags $(env -u PKG_CONFIG_SYSROOT_DIR pkg-config --cflags --libs $others)"
		# shellcheck disable=SC2086 # as above
		(cd "$work" && $compiler -Wall -Wextra -Werror -o "${name%.*}" "$name" $flags)
	done
	expect "output" "$work/lines: one" "$(echo one >"$work/lines" &&
		LD_LIBRARY_PATH=$libdir "$work/use_from_cpp" "$work/lines")"
	;;

cmake)
	for wanted in 0.0 0.2 1.0; do
		if cmake -S "$here/outside" -B "$work/wrong" -D CMAKE_PREFIX_PATH="$root/usr" -D WANTED="$wanted" \
			>"$work/wrong.log" 2>&1; then
			fail "find_package takes $version for $wanted"
		fi
		grep -q 'quiesce-config.cmake, version' "$work/wrong.log" || fail "it was not the version that failed"
	done
	cmake -S "$here/outside" -B "$work/build" -D CMAKE_PREFIX_PATH="$root/usr" -D WANTED="${version%.*}"
	cmake --build "$work/build"
	expect "output, shared" "quiesce $version: 42" "$("$work/build/consumer")"
	expect "output, static" "quiesce $version: 42" "$("$work/build/consumer_static")"
	;;

reproducible)
	first=$("$source/tools/dist" "$work/first") second=$("$source/tools/dist" "$work/second")
	cmp "$first" "$second"
	;;

place)
	# One that was given once is not that of the next installation.
	make -C "$stage/source" PREFIX=/opt/given LIBDIR=libgiven DESTDIR="$work/given" install >/dev/null
	make -C "$stage/source" DESTDIR="$work/default" install >/dev/null
	for root in "$work/given/opt/given" "$work/default/usr/local"; do
		prefix=${root#"$work"/*/}
		package=$(cd "$root" 2>/dev/null && find . -name quiesce.pc) || :
		[ -n "$package" ] || fail "nothing was installed under /$prefix: $(find "$work" -name quiesce.pc)"
		libdir=$(dirname "$(dirname "$package")")
		[ "$prefix" != opt/given ] || expect LIBDIR ./libgiven "$libdir"
		[ "$prefix" = opt/given ] || [ "$libdir" != ./libgiven ] || fail "LIBDIR outlived its installation"
		expect "prefix by pkg-config" "prefix=/$prefix" "$(grep '^prefix=' "$root/$package")"
		expect "libdir by pkg-config" "libdir=/$prefix/${libdir#./}" "$(grep '^libdir=' "$root/$package")"
		[ -e "$root/$libdir/libquiesce.a" ] || fail "no library in $libdir"
		cmake -S "$here/outside" -B "$work/build/$prefix" -D CMAKE_PREFIX_PATH="$root" \
			-D quiesce_DIR="$root/$libdir/cmake/quiesce" -D WANTED="${version%.*}" >/dev/null
		cmake --build "$work/build/$prefix" >/dev/null
		expect "output by the package under /$prefix" "quiesce $version: 42" "$("$work/build/$prefix/consumer")"
	done
	;;

uninstall)
	# What was there before must stay: a folder that is empty, and a file of somebody else's.
	mkdir -p "$work/root/usr/bin" "$work/root/usr/include"
	echo theirs >"$work/root/usr/include/theirs.h"
	find "$work/root" | sort >"$work/before"
	make_install "$work/root" >/dev/null
	make_install "$work/root" >/dev/null	# over itself
	find "$work/root" | grep -q 'quiesce\.pc$' || fail "nothing was installed"
	# What was removed is said by its plain path, though DESTDIR ends in a slash.
	make -C "$stage/source" DESTDIR="$work/root/" uninstall >"$work/said" 2>"$work/complaints"
	cat "$work/complaints"
	[ ! -s "$work/complaints" ] || fail "what it says went to standard error"
	grep -qx -e "-- Removed: $work/root/usr/include/quiesce.h" "$work/said" || fail "does not say that it removed quiesce.h"
	grep // "$work/said" | none "says a path that is not plain"
	find "$work/root" | sort >"$work/after"
	diff -u "$work/before" "$work/after"
	expect "what uninstall says again" "-- Nothing left to remove" \
		"$(make --no-print-directory -C "$stage/source" DESTDIR="$work/root/" uninstall 2>&1)"
	;;

*)
	fail "no such case"
	;;
esac

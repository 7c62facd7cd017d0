#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_faketime.sh PROGRAM - a test of waits, while the wall clock jumps ten years ahead and back, again and again (A19).
# The monotonic clock is left as it is: it is what the system promises.

set -u
command -v faketime >/dev/null || { echo "SKIP: faketime is not installed"; exit 77; }

# It shares something with all below it, under a name made of its process id, which stays when it is killed: whoever has that
# id one day ends with 1 before it has begun.  So there is one faketime for all, and it is tried again.
if [ -z "${FAKETIME_SHARED-}" ]; then
	for _ in 1 2 3 4 5; do
		faketime -f '+0' sh "$0" "$@"
		status=$?
		[ $status -eq 1 ] || break
	done
	exit $status
fi

folder=$(mktemp -d) || exit 2
jumper=
trap 'kill $jumper 2>/dev/null; rm -rf "$folder"' EXIT

echo '+0' >"$folder/clock"

jump()
{
	while :; do
		echo '+10y' >"$folder/new" && mv "$folder/new" "$folder/clock" && sleep 0.01
		echo '-10y' >"$folder/new" && mv "$folder/new" "$folder/clock" && sleep 0.01
	done
}

# The library that faketime has put before all others, told to look at a file each time.
run()
{
	env -u FAKETIME DONT_FAKE_MONOTONIC=1 FAKETIME_NO_CACHE=1 FAKETIME_TIMESTAMP_FILE="$folder/clock" "$@"
}

# It does jump: years may change between two looks, and at 20 looks they do.
years()
{
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		run date +%Y
	done | sort -u | wc -l
}

jump &
jumper=$!
[ "$(years)" -ge 2 ] || { echo "the clock stands still"; exit 2; }
for _ in 1 2 3 4 5; do
	run "$1" || exit 2
done

#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_faketime.sh PROGRAM - a test of waits, while the wall clock jumps ten years ahead and back, again and again (A19).
# The monotonic clock is left as it is: it is what the system promises.

set -u
command -v faketime >/dev/null || { echo "SKIP: faketime is not installed"; exit 77; }

folder=$(mktemp -d) || exit 1
jumper=
trap 'kill $jumper 2>/dev/null; rm -rf "$folder"' EXIT

# The library that faketime puts before all others, told to look at a file each time.
library=$(faketime -f '+0' printenv LD_PRELOAD)
echo '+0' >"$folder/clock"

jump()
{
	while :; do
		echo '+10y' >"$folder/new" && mv "$folder/new" "$folder/clock" && sleep 0.01
		echo '-10y' >"$folder/new" && mv "$folder/new" "$folder/clock" && sleep 0.01
	done
}

run()
{
	env LD_PRELOAD="$library" DONT_FAKE_MONOTONIC=1 FAKETIME_NO_CACHE=1 FAKETIME_TIMESTAMP_FILE="$folder/clock" "$@"
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
[ "$(years)" -ge 2 ] || { echo "the clock stands still"; exit 1; }
for _ in 1 2 3 4 5; do
	run "$1" || exit 1
done

#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_sites.sh wrapped|used LIBRARY MAP SITE... - does the fault loop reach everything?
#
#	wrapped		whatever the library calls to get memory, threads, descriptors or processes is a site
#	used		each public function that the library has is used by a workload
#
# LIBRARY is the static one, MAP the list of what is exported.

set -eu
case=$1 library=$2 map=$3
shift 3
here=$(dirname "$0")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# Calls of the C library that get something which can be lacking.
makers='malloc calloc realloc reallocarray aligned_alloc posix_memalign strdup strndup asprintf vasprintf getline getdelim
open_memstream mmap mmap64 mremap sbrk madvise __sched_cpualloc pthread_attr_init pthread_attr_setaffinity_np
pthread_create pthread_key_create thrd_create tss_create timer_create
eventfd pipe pipe2 open open64 openat openat64 creat creat64 dup dup2 dup3 fcntl fcntl64 socket socketpair accept accept4
epoll_create epoll_create1 timerfd_create signalfd inotify_init inotify_init1 memfd_create shm_open sem_open mq_open
fopen fopen64 fdopen freopen tmpfile opendir fdopendir syscall
clone __clone fork _Fork vfork posix_spawn posix_spawnp popen system'

wrapped()
{
	printf '%s\n' "$@" | sort >"$folder/sites"
	# shellcheck disable=SC2086 # one a line
	printf '%s\n' $makers | sort >"$folder/makers"
	nm -u "$library" | awk '$1 == "U" { print $2 }' | sort -u >"$folder/calls"
	comm -12 "$folder/calls" "$folder/makers" | comm -23 - "$folder/sites" >"$folder/missing"
	[ -s "$folder/calls" ] || { echo "nm says nothing of $library"; exit 1; }
	[ ! -s "$folder/missing" ] || { echo "can be lacking, but cannot be refused:"; cat "$folder/missing"; exit 1; }
}

used()
{
	sed -n 's/^[[:space:]]*\(qs_[a-z_]*\);.*/\1/p' "$map" | sort >"$folder/public"
	nm --defined-only "$library" | awk '$2 == "T" { print $3 }' | sort -u | comm -12 - "$folder/public" >"$folder/there"
	grep -ohE '\<qs_[a-z_]+\(' "$here"/*.c | tr -d '(' | sort -u >"$folder/used"
	comm -23 "$folder/there" "$folder/used" >"$folder/missing"
	[ -s "$folder/there" ] || { echo "no public function found in $library"; exit 1; }
	[ ! -s "$folder/missing" ] || { echo "no workload uses:"; cat "$folder/missing"; exit 1; }
}

"$case" "$@"

#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Do the tests that go through everything reach everything?  LIBRARY is the static one.
#
# test_complete.sh sites LIBRARY SITE...	whatever it calls to get memory, threads, descriptors or processes is a site
# test_complete.sh functions LIBRARY MAP FILE...	each function that it has and MAP exports is called in one of the files

set -eu
case=$1 library=$2
shift 2
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

sites()
{
	printf '%s\n' "$@" | sort >"$folder/sites"
	# shellcheck disable=SC2086 # one a line
	printf '%s\n' $makers | sort >"$folder/makers"
	nm -u "$library" | awk '$1 == "U" { print $2 }' | sort -u >"$folder/calls"
	comm -12 "$folder/calls" "$folder/makers" | comm -23 - "$folder/sites" >"$folder/missing"
	[ -s "$folder/calls" ] || { echo "nm says nothing of $library"; exit 1; }
	[ ! -s "$folder/missing" ] || { echo "can be lacking, but cannot be refused:"; cat "$folder/missing"; exit 1; }
}

functions()
{
	map=$1
	shift
	sed -n 's/^[[:space:]]*\(qs_[a-z_]*\);.*/\1/p' "$map" | sort >"$folder/public"
	nm --defined-only "$library" | awk '$2 == "T" { print $3 }' | sort -u | comm -12 - "$folder/public" >"$folder/there"
	grep -ohE '\<qs_[a-z_]+\(' "$@" | tr -d '(' | sort -u >"$folder/called"
	comm -23 "$folder/there" "$folder/called" >"$folder/missing"
	[ -s "$folder/there" ] || { echo "no public function found in $library"; exit 1; }
	[ ! -s "$folder/missing" ] || { echo "called in none of: $*"; cat "$folder/missing"; exit 1; }
}

"$case" "$@"

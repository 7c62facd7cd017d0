/* SPDX-License-Identifier: MIT */
/*
 * probe.h - a test program's other life: the child that tells about itself.
 *
 * A test starts its own program again, as
 *
 *	PROBE_PROGRAM "probe" MODE [NUMBER]...
 *
 * and its main() begins with
 *
 *	if (probe_is_asked(argc, argv))
 *		probe_main(argc, argv);
 */
#ifndef TEST_PROBE_H
#define TEST_PROBE_H

#include <stdbool.h>

#define PROBE_PROGRAM "/proc/self/exe"

/*
 *	exit CODE	ends with it
 *	raise SIGNAL	ends by it
 *	fds OUT		writes "number inode" for each open descriptor but OUT
 *	signals OUT	writes the lines SigBlk and SigIgn of /proc/self/status
 *	group OUT	writes "pid group"
 *	place OUT	writes the present folder
 *	pause OUT	writes "r", waits for ever
 *	stubborn OUT	ignores SIGTERM, writes "r", waits for ever
 *	parent OUT	has a child that ignores SIGTERM and waits for ever; both hold OUT; "r", waits for ever
 *	tidy OUT	has a child that takes SIGTERM, outlives its parent, writes "d" and ends; "r", ends by SIGTERM
 *	orphan OUT	as parent, but leaves at once
 *	host OUT	spoils mask and dispositions as a host does, then spawns "signals OUT"
 */
bool probe_is_asked(int argc, char **argv);
_Noreturn void probe_main(int argc, char **argv);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * cgroup.c - read the CPU quota from the two kinds of cgroup hierarchy, both of which may be there.
 *
 *	/proc/self/cgroup	"0::/a/b" (v2) or "4:cpu,cpuacct:/a/b" (v1): which group we are in
 *	/proc/self/mountinfo	where that hierarchy is mounted, and which folder of it ("root") is seen
 *				there
 *	cpu.max			v2: "50000 100000" or "max 100000": so many us of CPU time in so many us
 *	cpu.cfs_quota_us	v1: "50000", or "-1" for none; with cpu.cfs_period_us
 *
 * A quota holds for all groups below it, so each from ours up to the mount point counts, and the
 * smallest one wins.  In a container the path of our group may begin with the folder that is
 * mounted; a mount that does not show our group does not count.  What is missing, unreadable or
 * malformed is no quota: guessing low would idle a machine.
 */
#define _GNU_SOURCE
#include "cgroup.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_SIZE 4096

struct reader {
	const char *root;
	unsigned least;
};

/* -------------------------------------------------------------------------------------------------
 * Words and lines
 */

static FILE *open_file(const char *root, const char *folder, const char *name)
{
	char path[PATH_SIZE];
	const int length = snprintf(path, sizeof(path), "%s%s/%s", root, folder, name);

	return length < 0 || (size_t)length >= sizeof(path) ? NULL : fopen(path, "re");
}

/* The first line, without its end. */
static bool read_line(const char *root, const char *folder, const char *name, char *out, int size)
{
	FILE *file = open_file(root, folder, name);

	if (file == NULL)
		return false;
	const bool got = fgets(out, size, file) != NULL;
	fclose(file);
	if (got)
		out[strcspn(out, "\n")] = '\0';
	return got;
}

/* Is the word one of those in a list that commas separate? */
static bool is_in_list(const char *list, const char *word)
{
	const size_t length = strlen(word);

	for (;;) {
		const size_t item = strcspn(list, ",");

		if (item == length && strncmp(list, word, length) == 0)
			return true;
		if (list[item] == '\0')
			return false;
		list += item + 1;
	}
}

static bool is_escape(const char *text)
{
	return text[0] == '\\' && strspn(text + 1, "01234567") >= 3;
}

/* mountinfo writes blank, tab, line end and backslash as \ooo. */
static void unescape(char *text)
{
	char *to = text;

	for (const char *from = text; *from != '\0'; to++) {
		const bool escaped = is_escape(from);

		*to = escaped ? (char)((from[1] - '0') * 64 + (from[2] - '0') * 8 + (from[3] - '0')) : *from;
		from += escaped ? 4 : 1;
	}
	*to = '\0';
}

/* Step over `count` words; NULL if there are not that many. */
static char *skip_words(char *line, int count)
{
	while (count-- > 0 && line != NULL) {
		line = strchr(line, ' ');
		if (line != NULL)
			line++;
	}
	return line;
}

/* -------------------------------------------------------------------------------------------------
 * Quotas
 */

static void count_quota(struct reader *reader, int64_t quota_us, int64_t period_us)
{
	if (quota_us <= 0 || period_us <= 0)
		return;

	const int64_t cpus = quota_us / period_us + (quota_us % period_us != 0);
	if (cpus < reader->least)
		reader->least = (unsigned)cpus;
}

static void read_v2(struct reader *reader, const char *folder)
{
	char line[64];
	int64_t quota_us;
	int64_t period_us;

	if (read_line(reader->root, folder, "cpu.max", line, sizeof(line)) &&
	    sscanf(line, "%" SCNd64 " %" SCNd64, &quota_us, &period_us) == 2)
		count_quota(reader, quota_us, period_us);
}

static void read_v1(struct reader *reader, const char *folder)
{
	char quota[32];
	char period[32];

	if (read_line(reader->root, folder, "cpu.cfs_quota_us", quota, sizeof(quota)) &&
	    read_line(reader->root, folder, "cpu.cfs_period_us", period, sizeof(period)))
		count_quota(reader, strtoll(quota, NULL, 10), strtoll(period, NULL, 10));
}

/* -------------------------------------------------------------------------------------------------
 * The two kinds, and the way up
 */

struct kind {
	const char *filesystem;
	const char *controller;		/* "" for v2, which has one hierarchy for all of them */
	void (*read)(struct reader *reader, const char *folder);
};

static const struct kind kinds[] = {
	{ "cgroup2", "", read_v2 },
	{ "cgroup", "cpu", read_v1 },
};

/* Our group in this kind of hierarchy, from "id:controllers:path". */
static bool find_group(const char *root, const struct kind *kind, char *out, size_t size)
{
	FILE *file = open_file(root, "", "proc/self/cgroup");
	char line[PATH_SIZE];
	bool found = false;

	if (file == NULL)
		return false;
	while (!found && fgets(line, sizeof(line), file) != NULL) {
		char *controllers = strchr(line, ':');
		char *path = controllers == NULL ? NULL : strchr(controllers + 1, ':');

		if (path == NULL)
			continue;
		*path++ = '\0';
		path[strcspn(path, "\n")] = '\0';
		found = is_in_list(controllers + 1, kind->controller) && strlen(path) < size;
		if (found)
			strcpy(out, path);
	}
	fclose(file);
	return found;
}

/*
 * "36 35 98:0 /root /mount/point options optional... - filesystem source super,options".  The line
 * is taken apart; false if it is not a mount of this kind.
 */
static bool parse_mount(char *line, const struct kind *kind, char **out_root, char **out_point)
{
	line[strcspn(line, "\n")] = '\0';

	char *root = skip_words(line, 3);
	char *dash = root == NULL ? NULL : strstr(root, " - ");
	if (dash == NULL)
		return false;

	char *filesystem = dash + 3;
	char *super = skip_words(filesystem, 2);
	char *point = skip_words(root, 1);
	if (super == NULL || point == NULL || point > dash)
		return false;
	if (strncmp(filesystem, kind->filesystem, strlen(kind->filesystem)) != 0 ||
	    filesystem[strlen(kind->filesystem)] != ' ')
		return false;
	if (kind->controller[0] != '\0' && !is_in_list(super, kind->controller))
		return false;
	root[strcspn(root, " ")] = '\0';
	point[strcspn(point, " ")] = '\0';
	unescape(root);
	unescape(point);
	*out_root = root;
	*out_point = point;
	return true;
}

/*
 * What of our group's path lies below the mounted folder: "" if it is our group, NULL
 * if ours is not seen there.
 */
static const char *path_below(const char *group, const char *mounted)
{
	const size_t length = strcmp(mounted, "/") == 0 ? 0 : strlen(mounted);
	const char *below = group + length;

	if (strncmp(group, mounted, length) != 0 || strstr(below, "/..") != NULL)
		return NULL;
	if (strcmp(below, "/") == 0)
		return "";
	return *below == '/' || *below == '\0' ? below : NULL;
}

/* Read the quota of each group from ours up to the mount point. */
static void read_upwards(struct reader *reader, const struct kind *kind, const char *point, const char *below)
{
	char folder[PATH_SIZE];
	const size_t top = strlen(point);

	if (top + strlen(below) >= sizeof(folder))
		return;
	strcpy(folder, point);
	strcpy(folder + top, below);
	for (;;) {
		kind->read(reader, folder);
		char *last = strrchr(folder + top, '/');
		if (last == NULL)
			return;
		*last = '\0';
	}
}

static void read_kind(struct reader *reader, const struct kind *kind)
{
	char group[PATH_SIZE];
	char line[PATH_SIZE];
	FILE *mounts;

	if (!find_group(reader->root, kind, group, sizeof(group)))
		return;
	mounts = open_file(reader->root, "", "proc/self/mountinfo");
	if (mounts == NULL)
		return;
	while (fgets(line, sizeof(line), mounts) != NULL) {
		char *mounted;
		char *point;

		if (!parse_mount(line, kind, &mounted, &point))
			continue;
		const char *below = path_below(group, mounted);
		if (below != NULL)
			read_upwards(reader, kind, point, below);
	}
	fclose(mounts);
}

unsigned qs__cgroup_cpu_quota(const char *root)
{
	struct reader reader = { root, QS__CPU_NO_QUOTA };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		read_kind(&reader, &kinds[i]);
	return reader.least;
}

/* SPDX-License-Identifier: MIT */
/*
 * options.c - what may stand on the command line; each refusal names the word that it is about.
 *
 * Our options end at the first word that is none: the rest is the command's.  A long name has to be written in full, since
 * a beginning that is unique today need not be tomorrow.
 */
#include "options.h"

#include "text.h"

#include <errno.h>
#include <getopt.h>
#include <quiesce.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define DEFAULT_GRACE_S 10
#define NS_PER_S INT64_C(1000000000)
#define PERCENT_MAX 100000	/* of the CPUs: a thousand jobs for each is beyond a slip of the finger */
#define FILES_OF_OURS 16	/* open files that do not depend on the number of jobs */
#define FILES_PER_JOB 5		/* a process, two pipes, and what starting one needs for a moment */
#define PROCESSES_PER_JOB 2	/* the job and the thread that watches it */

static const char help_text[] =
"Usage: quiesce [OPTION]... COMMAND [ARG]... [::: ITEM...]\n"
"Run COMMAND once per item, several at a time, and stop cleanly.\n"
"\n"
"Items are the lines of standard input, of -a FILE, or the words after ':::'.\n"
"In COMMAND and ARG these stand for the item, inside a word and as often as\n"
"wanted; where none of them is, the item becomes the last argument:\n"
"  {}    the item              {.}   without its extension\n"
"  {/}   its base name         {/.}  base name without extension\n"
"  {//}  its directory         {#}   number of the job, {%} of its slot\n"
"\n"
"  -j, --jobs=N|N%|0      run N jobs at once, N% of the CPUs, or as many as\n"
"                         possible (default: one per usable CPU)\n"
"  -a, --arg-file=FILE    read the items from FILE; - is standard input\n"
"  -0, --null             items end in NUL, not in newline\n"
"  -u, --ungroup          let jobs write straight through (default: the output\n"
"                         of each job is written whole when it ends)\n"
"      --fail-fast        stop at the first job that fails; exit with its status\n"
"      --grace=T          what jobs get to end when the run is stopped, before\n"
"                         they are killed (10s; 500ms, 2m, 1h)\n"
"      --progress=auto|never|always\n"
"                         a line on standard error (auto: if it is a terminal)\n"
"      --help, --version  print this or the version, and exit\n"
"\n"
"Ctrl-C stops the run: nothing more starts, running jobs get the signal and the\n"
"grace. A second Ctrl-C kills them. quiesce then dies of the signal itself.\n"
"\n"
"Exit status: 0 all jobs succeeded, 123 some failed, 126 or 127 COMMAND cannot\n"
"be run or found, 1 trouble with input or output, 2 usage.\n"
"\n"
"  find . -name '*.flac' | quiesce -j4 ffmpeg -i {} {.}.opus\n"
"  quiesce gzip ::: *.log\n";

enum { OPTION_FAIL_FAST = 256, OPTION_GRACE, OPTION_PROGRESS, OPTION_HELP, OPTION_VERSION };

static const struct option long_options[] = {
	{ "jobs", required_argument, NULL, 'j' },
	{ "arg-file", required_argument, NULL, 'a' },
	{ "null", no_argument, NULL, '0' },
	{ "ungroup", no_argument, NULL, 'u' },
	{ "fail-fast", no_argument, NULL, OPTION_FAIL_FAST },
	{ "grace", required_argument, NULL, OPTION_GRACE },
	{ "progress", required_argument, NULL, OPTION_PROGRESS },
	{ "help", no_argument, NULL, OPTION_HELP },
	{ "version", no_argument, NULL, OPTION_VERSION },
	{ NULL, 0, NULL, 0 },
};

static int refuse(const char *problem, const char *word)
{
	char shown[TEXT_NAME_BYTES];

	if (word)
		fprintf(stderr, "quiesce: %s '%s' (see quiesce --help)\n", problem, text_word(shown, word));
	else
		fprintf(stderr, "quiesce: %s (see quiesce --help)\n", problem);
	return EXIT_OF_USAGE;
}

static int refuse_value(const char *option, const char *value, const char *wanted)
{
	char shown[TEXT_NAME_BYTES];

	fprintf(stderr, "quiesce: %s '%s': %s\n", option, text_word(shown, value), wanted);
	return EXIT_OF_USAGE;
}

static int print_and_exit(const char *text)
{
	if (fputs(text, stdout) >= 0 && fflush(stdout) == 0)
		return 0;
	fprintf(stderr, "quiesce: standard output: %s\n", strerror(errno));
	return EXIT_OF_TROUBLE;
}

static int print_version(void)
{
	char text[QS_NAME_SIZE];

	snprintf(text, sizeof(text), "quiesce %s\n", qs_version());
	return print_and_exit(text);
}

static uint32_t share_of(int resource, uint64_t ours, uint64_t per_job)
{
	struct rlimit limit;
	uint64_t jobs;

	if (getrlimit(resource, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
		return QS_WORKERS_MAX;
	jobs = limit.rlim_cur > ours ? (limit.rlim_cur - ours) / per_job : 0;
	return jobs > QS_WORKERS_MAX ? QS_WORKERS_MAX : (uint32_t)jobs;
}

/*
 * How many the system lets us have; 0 = there are too few open files for any.  The limit on processes counts the user's
 * others, too, and is none for root: an upper bound only, and no reason not to try one job.
 */
static uint32_t possible_jobs(void)
{
	const uint32_t by_files = share_of(RLIMIT_NOFILE, FILES_OF_OURS, FILES_PER_JOB);
	const uint32_t by_processes = share_of(RLIMIT_NPROC, 0, PROCESSES_PER_JOB);

	if (by_processes == 0)
		return by_files > 0 ? 1 : 0;
	return by_files < by_processes ? by_files : by_processes;
}

static bool parse_percent(const char *word, uint64_t *out)
{
	char digits[16];
	const size_t length = strlen(word);

	if (length < 2 || length > sizeof(digits) || word[length - 1] != '%')
		return false;
	memcpy(digits, word, length - 1);
	digits[length - 1] = '\0';
	return text_to_count(digits, PERCENT_MAX, out) && *out > 0;
}

static int parse_jobs(struct options *out, const char *word)
{
	uint64_t number;

	out->jobs_were_given = false;
	if (parse_percent(word, &number)) {
		number = ((uint64_t)qs_cpu_count() * number + 50) / 100;
		out->jobs = number > 0 ? (uint32_t)number : 1;
		return -1;
	}
	if (!text_to_count(word, QS_WORKERS_MAX, &number)) {
		char wanted[64];

		snprintf(wanted, sizeof(wanted), "not a number from 0 to %u, or a percentage", QS_WORKERS_MAX);
		return refuse_value("-j", word, wanted);
	}
	out->jobs = (uint32_t)number;
	out->jobs_were_given = number > 0;
	return -1;
}

static int parse_grace(struct options *out, const char *word)
{
	if (text_to_duration(word, &out->grace_ns))
		return -1;
	return refuse_value("--grace", word, "not a length of time such as 10, 2.5s, 500ms or 1m");
}

static int parse_progress(struct options *out, const char *word)
{
	if (strcmp(word, "auto") == 0)
		out->progress = PROGRESS_AUTO;
	else if (strcmp(word, "never") == 0)
		out->progress = PROGRESS_NEVER;
	else if (strcmp(word, "always") == 0)
		out->progress = PROGRESS_ALWAYS;
	else
		return refuse_value("--progress", word, "not auto, never or always");
	return -1;
}

static int parse_file(struct options *out, const char *word)
{
	if (out->file)
		return refuse("only one file of items is taken: a second", "-a");
	out->file = word;
	return -1;
}

static int take_option(struct options *out, int option)
{
	switch (option) {
	case 'j': return parse_jobs(out, optarg);
	case 'a': return parse_file(out, optarg);
	case '0': out->nul_separated = true; return -1;
	case 'u': out->straight = true; return -1;
	case OPTION_FAIL_FAST: out->fail_fast = true; return -1;
	case OPTION_GRACE: return parse_grace(out, optarg);
	case OPTION_PROGRESS: return parse_progress(out, optarg);
	case OPTION_HELP: return print_and_exit(help_text);
	case OPTION_VERSION: return print_version();
	default: return EXIT_OF_USAGE;
	}
}

static bool is_cut_short(const char *word, int index)
{
	return index >= 0 && strcspn(word + strlen("--"), "=") != strlen(long_options[index].name);
}

/* getopt's '?' and ':' in our words.  `word` is what it was looking at. */
static int refuse_option(int option, const char *word)
{
	const char letter[] = { '-', (char)optopt, '\0' };
	const bool is_long = strncmp(word, "--", 2) == 0;

	if (option == ':')
		return refuse("a value is missing after", is_long ? word : letter);
	if (is_long && optopt && strchr(word, '='))
		return refuse("no value belongs to", word);
	return refuse("unknown option", is_long ? word : letter);
}

static int take_options(struct options *out, int argc, char **argv)
{
	opterr = 0;
	for (;;) {
		const char *const word = optind < argc ? argv[optind] : "";
		int index = -1;
		const int option = getopt_long(argc, argv, "+:j:a:0u", long_options, &index);
		int status;

		if (option < 0)
			return -1;
		if (option == '?' || option == ':')
			return refuse_option(option, word);
		if (is_cut_short(word, index))
			return refuse("unknown option", word);
		status = take_option(out, option);
		if (status >= 0)
			return status;
	}
}

/* Splits what follows the options at `:::`. */
static int take_words(struct options *out, char **words, size_t count)
{
	out->command = words;
	for (size_t i = 0; i < count; i++) {
		if (strcmp(words[i], ":::") != 0) {
			out->command_count += !out->items;
			continue;
		}
		if (out->items)
			return refuse("only one list of items is taken: a second", ":::");
		out->items = &words[i + 1];
		out->item_count = count - i - 1;
	}
	if (!out->command_count)
		return refuse("no command", NULL);
	if (out->items && out->file)
		return refuse("items come from one place: ':::' or", "-a");
	if (out->items && out->nul_separated)
		return refuse("items after ':::' have no separator, so no", "-0");
	return -1;
}

static int fit_jobs(struct options *out)
{
	const uint32_t possible = possible_jobs();

	if (possible == 0) {
		fprintf(stderr, "quiesce: a job needs %d open files, more than the limit (ulimit -n) allows\n",
			FILES_OF_OURS + FILES_PER_JOB);
		return EXIT_OF_TROUBLE;
	}
	if (out->jobs <= possible && out->jobs > 0)
		return -1;
	if (out->jobs_were_given)
		fprintf(stderr, "quiesce: -j %u: %u at once, more would need more open files or processes (ulimit -n, -u)\n",
			out->jobs, possible);
	out->jobs = possible;
	return -1;
}

int options_parse(struct options *out, int argc, char **argv)
{
	int status;

	*out = (struct options){ .jobs = (uint32_t)qs_cpu_count(), .grace_ns = DEFAULT_GRACE_S * NS_PER_S };
	status = take_options(out, argc, argv);
	if (status < 0)
		status = take_words(out, argv + optind, (size_t)(argc - optind));
	if (status < 0)
		status = fit_jobs(out);
	return status;
}

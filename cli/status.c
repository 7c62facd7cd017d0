/* SPDX-License-Identifier: MIT */
/*
 * status.c - counts under one lock.  They are touched a few times per job, which costs nothing beside starting it.
 */
#include "status.h"

#include "options.h"

#include <inttypes.h>
#include <stdio.h>

void status_init(struct status *status)
{
	*status = (struct status){ 0 };
	pthread_mutex_init(&status->lock, NULL);
}

void status_fini(struct status *status)
{
	pthread_mutex_destroy(&status->lock);
}

void status_item_read(struct status *status)
{
	pthread_mutex_lock(&status->lock);
	status->counts.read++;
	pthread_mutex_unlock(&status->lock);
}

void status_total(struct status *status, uint64_t total)
{
	pthread_mutex_lock(&status->lock);
	if (!status->counts.is_total_known)
		status->counts.total = total;
	status->counts.is_total_known = true;
	pthread_mutex_unlock(&status->lock);
}

void status_all_read(struct status *status, uint64_t blank)
{
	pthread_mutex_lock(&status->lock);
	status->counts.total = status->counts.read;
	status->counts.is_total_known = true;
	status->counts.blank = blank;
	pthread_mutex_unlock(&status->lock);
}

void status_not_started(struct status *status)
{
	pthread_mutex_lock(&status->lock);
	status->counts.not_started++;
	pthread_mutex_unlock(&status->lock);
}

void status_job_starts(struct status *status)
{
	pthread_mutex_lock(&status->lock);
	status->counts.running++;
	pthread_mutex_unlock(&status->lock);
}

uint64_t status_job_ends(struct status *status, enum job_end end)
{
	struct counts *const counts = &status->counts;
	uint64_t ended;

	pthread_mutex_lock(&status->lock);
	counts->running--;
	counts->done += end == JOB_DONE;
	counts->failed += end == JOB_FAILED;
	counts->stopped += end == JOB_STOPPED;
	counts->not_started += end == JOB_NOT_STARTED;
	ended = counts->done + counts->failed + counts->stopped;
	pthread_mutex_unlock(&status->lock);
	return ended;
}

bool status_end(struct status *status, enum ending ending, int exit_code, const char *why)
{
	bool first;

	pthread_mutex_lock(&status->lock);
	first = status->ending == ENDING_PLAIN;
	if (first) {
		status->ending = ending;
		status->exit_code = exit_code;
		snprintf(status->ending_why, sizeof(status->ending_why), "%s", why ? why : "");
	}
	pthread_mutex_unlock(&status->lock);
	return first;
}

struct counts status_counts(struct status *status)
{
	struct counts counts;

	pthread_mutex_lock(&status->lock);
	counts = status->counts;
	pthread_mutex_unlock(&status->lock);
	return counts;
}

/* Text that grows in a buffer of fixed size, cut where that ends. */
struct sentence {
	char *text;
	size_t room;
	size_t length;
};

static void add(struct sentence *sentence, const char *before, uint64_t number, const char *after)
{
	const size_t left = sentence->room - sentence->length;
	const int length = snprintf(sentence->text + sentence->length, left, "%s%s%" PRIu64 " %s",
				    sentence->length ? ", " : "", before, number, after);

	sentence->length += (size_t)length < left ? (size_t)length : left - 1;
}

const char *status_sentence(const struct counts *counts, char *out, size_t room)
{
	struct sentence sentence = { out, room, 0 };
	const bool is_exact = counts->is_total_known;

	add(&sentence, "", counts->done, "done");
	if (counts->failed)
		add(&sentence, "", counts->failed, "failed");
	if (counts->running)
		add(&sentence, "", counts->running, "running");
	if (counts->stopped)
		add(&sentence, "", counts->stopped, "stopped");
	if (counts->not_started)
		add(&sentence, is_exact ? "" : "at least ", counts->not_started, "not started");
	if (counts->blank)
		add(&sentence, "", counts->blank, counts->blank == 1 ? "blank line skipped" : "blank lines skipped");
	return out;
}

int status_exit_code(const struct status *status)
{
	if (status->ending != ENDING_PLAIN)
		return status->exit_code;
	return status->counts.failed ? EXIT_OF_FAILURES : 0;
}

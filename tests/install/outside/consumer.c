/* SPDX-License-Identifier: MIT */
/*
 * consumer.c - a program outside the tree: runs one task on the installed library
 * and prints what came out.
 */
#include <quiesce.h>
#include <stdio.h>

static int answer(qs_task *task, void *arg)
{
	(void)task;
	return *(const int *)arg;
}

int main(void)
{
	qs_pool *pool;
	qs_future *future;
	int value = 42;
	int error = qs_pool_create(&pool, NULL);

	if (error < 0)
		goto out;
	error = qs_submit(&future, pool, answer, &value);
	if (error < 0)
		goto out_pool;
	error = qs_wait(future, qs_after_s(60), NULL);
	if (error == 0)
		printf("quiesce %s: %d\n", qs_version(), qs_future_value(future));
	qs_future_release(future);
out_pool:
	qs_pool_join(pool, QS_NEVER, NULL, NULL);
	qs_pool_destroy(pool);
out:
	if (error < 0)
		fprintf(stderr, "consumer: %s\n", qs_strerror(error));
	return error < 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * all.c - wait until all of several futures have ended.
 *
 * They are waited for one after the other, and only those that have not ended yet: while one is slept
 * for, many others end, and nobody is woken by these.  With a set (completed.c) each end is told and
 * counted, which costs as much as the task.
 */
#include "future.h"
#include "wait.h"

static bool is_too_late(qs_time deadline)
{
	return PyErr_ExceptionMatches(lookups.timeout_error) && qs_now() >= deadline;
}

enum news {
	ENDED,
	IN_HAND,	/* somebody has taken it from its pool: nobody knows when that ends */
	TOO_LATE,
	RAISED,
};

static enum news await_one(PyObject *item, qs_time deadline)
{
	if (!future_is_pooled(item))
		return IN_HAND;
	if (wait_for_future(((struct future *)item)->core, deadline) == 0)
		return future_is_pooled(item) ? ENDED : IN_HAND;
	if (!is_too_late(deadline))
		return RAISED;
	PyErr_Clear();
	return TOO_LATE;
}

/* Whether all have ended; -1 with an exception. */
static int await_each(PyObject *futures, qs_time deadline)
{
	PyObject *iterator = PyObject_GetIter(futures);
	PyObject *item;
	enum news news = ENDED;
	bool have_all = true;

	while (iterator != NULL && news < TOO_LATE && (item = PyIter_Next(iterator)) != NULL) {
		news = await_one(item, deadline);
		have_all = have_all && news == ENDED;
		Py_DECREF(item);
	}
	Py_XDECREF(iterator);
	return PyErr_Occurred() ? -1 : have_all;
}

PyDoc_STRVAR(await_all_doc,
	     "await_all($module, futures, timeout, /)\n--\n\n"
	     "Wait until all futures have ended, and return whether they have.  All are ones of our pools.");

static PyObject *await_all(PyObject *module, PyObject *args)
{
	PyObject *futures, *timeout;
	qs_time deadline;
	int have_all;

	(void)module;
	if (!PyArg_ParseTuple(args, "OO:await_all", &futures, &timeout) || deadline_of(timeout, &deadline) < 0)
		return NULL;
	have_all = await_each(futures, deadline);
	return have_all < 0 ? NULL : PyBool_FromLong(have_all);
}

static PyMethodDef functions[] = {
	{ "await_all", await_all, METH_VARARGS, await_all_doc },
	{ NULL, NULL, 0, NULL },
};

int add_await_all(PyObject *module)
{
	return PyModule_AddFunctions(module, functions);
}

/* SPDX-License-Identifier: MIT */
/*
 * executor.c - Executor's base: what is done for every task, and what the Python part cannot do.
 *
 *	closed -> open		_open()
 *	open -> shut		_close(); nothing more comes in
 *	shut -> joined		_join()
 *
 * A signal handler may submit and shut down at any instant: whatever it interrupts is between two
 * steps of Python's, and nothing here is half done then, nor is a lock held.  The one long step is the
 * start of a thread, inside qs_submit_by(), which may be entered again from there.
 *
 * In a forked child the first submit asks the Python part for a new house (_after_fork).
 */
#include <errno.h>

#include "house.h"
#include "wait.h"

struct executor {
	PyObject_HEAD
	struct house *house;	/* NULL = closed */
	bool is_shut;
	bool is_ended;		/* by the end of the interpreter */
};

/* --------------------------------------------------------------------------------------- submit */

static PyObject *refuse(const struct executor *self)
{
	if (self->house == NULL)
		PyErr_SetString(PyExc_RuntimeError, "the executor was not initialized");
	else if (self->house->broken != NULL)
		PyErr_SetObject(lookups.broken_error, self->house->broken);
	else if (self->is_ended)
		PyErr_SetString(PyExc_RuntimeError, "cannot schedule new futures after interpreter shutdown");
	else
		PyErr_SetString(PyExc_RuntimeError, "cannot schedule new futures after shutdown");
	return NULL;
}

static bool is_refused(const struct executor *self)
{
	return self->house == NULL || self->house->broken != NULL || self->is_shut;
}

static PyObject *tuple_of(PyObject *const *items, Py_ssize_t count)
{
	PyObject *tuple = PyTuple_New(count);

	for (Py_ssize_t i = 0; tuple != NULL && i < count; i++) {
		Py_INCREF(items[i]);
		if (PyTuple_SetItem(tuple, i, items[i]) < 0)
			Py_CLEAR(tuple);
	}
	return tuple;
}

/* *out NULL: there are none. */
static int dict_of(PyObject **out, PyObject *names, PyObject *const *values)
{
	const Py_ssize_t count = names != NULL ? PyTuple_Size(names) : 0;

	*out = NULL;
	if (count == 0)
		return 0;
	*out = PyDict_New();
	for (Py_ssize_t i = 0; *out != NULL && i < count; i++) {
		if (PyDict_SetItem(*out, PyTuple_GetItem(names, i), values[i]) < 0)
			Py_CLEAR(*out);
	}
	return *out != NULL ? 0 : -1;
}

/* items[0] is the function. */
static struct future *future_of(PyObject *const *items, Py_ssize_t count, PyObject *names)
{
	PyObject *args = tuple_of(items + 1, count - 1);
	PyObject *kwargs;

	if (args == NULL)
		return NULL;
	if (dict_of(&kwargs, names, items + count) < 0) {
		Py_DECREF(args);
		return NULL;
	}
	Py_INCREF(items[0]);
	return future_new(items[0], args, kwargs);
}

/* What a function is called, for messages about its task; new reference or NULL.  Not every callable has a name. */
static PyObject *name_of(PyObject *fn, const char **out)
{
	PyObject *name = PyObject_GetAttr(fn, lookups.words.qualname);

	*out = NULL;
	if (name != NULL && PyUnicode_Check(name))
		*out = PyUnicode_AsUTF8AndSize(name, NULL);
	PyErr_Clear();
	return name;
}

/* The pool's reference is there before it could be given back. */
static int enter(struct house *house, struct future *future)
{
	qs_task_options options = QS_TASK_OPTIONS_INIT;
	PyObject *name = name_of(future->fn, &options.name);
	int error;

	options.destroy = future_settle;
	Py_INCREF((PyObject *)future);
	house_add_pending(house, future);
	error = qs_submit_by(&future->core, house->pool, future_run, future, &options, QS_NOW, NULL);
	if (error != 0) {
		house_remove_pending(house, future);
		Py_DECREF(future);
	}
	Py_XDECREF(name);
	return error;
}

/* Workers that are there or on their way; none in a forked child. */
static size_t workers_of(const struct house *house)
{
	qs_stats stats = QS_STATS_INIT;

	return qs_pool_stats(house->pool, &stats) == 0 ? stats.workers : 0;
}

/* It is in; but what a handler has raised meanwhile goes on, and somebody must be there to run it. */
static int check_entered(struct house *house, struct future *future)
{
	if (PyErr_Occurred())
		return -1;
	if (workers_of(house) != 0 || qs_future_cancel(future->core) != 1)
		return 0;
	PyErr_SetString(PyExc_RuntimeError, "can't start new thread");
	return -1;
}

/* 0, or -1 with an exception.  Room is waited for; a forked child gets a house of its own. */
static int submit_patiently(struct executor *self, struct future *future)
{
	for (;;) {
		struct house *house = self->house;
		const int error = is_refused(self) ? -ESHUTDOWN : enter(house, future);

		if (error == 0)
			return check_entered(house, future);
		if (PyErr_Occurred())
			return -1;
		if (error == -QS_EFORKED) {
			PyObject *renewed = PyObject_CallMethod((PyObject *)self, "_after_fork", NULL);

			Py_XDECREF(renewed);
			if (renewed == NULL)
				return -1;
		} else if (error != -ETIMEDOUT && error != -EAGAIN) {
			(void)(error == -ESHUTDOWN || error == -ECANCELED ? refuse(self) : raise_code(error));
			return -1;
		} else if (resident_here() != NULL && resident_here()->house == house) {
			(void)raise_code(-EDEADLK);
			return -1;
		} else if (house_wait(house, QS_NEVER) < 0) {
			return -1;
		}
	}
}

PyDoc_STRVAR(submit_doc,
	     "submit($self, fn, /, *args, **kwargs)\n--\n\n"
	     "Have fn(*args, **kwargs) called by a worker, and return the Future of that.\n\n"
	     "With max_pending, waits until fewer tasks wait for a worker.  Raises RuntimeError after shutdown.");

static PyObject *executor_submit(struct executor *self, PyObject *const *items, Py_ssize_t count, PyObject *names)
{
	struct future *future;

	if (count < 1)
		return PyErr_Format(PyExc_TypeError, "submit expected at least 1 positional argument, got %zd", count);
	if (is_refused(self))
		return refuse(self);
	future = future_of(items, count, names);
	if (future == NULL)
		return NULL;
	if (submit_patiently(self, future) == 0)
		return (PyObject *)future;
	Py_DECREF(future);
	return NULL;
}

/* ---------------------------------------------------------------------------------------- life */

static PyObject *executor_open(struct executor *self, PyObject *args)
{
	unsigned workers;
	Py_ssize_t max_pending;
	PyObject *starter, *initializer, *initargs, *house, *old;

	if (!PyArg_ParseTuple(args, "InOOO!:_open", &workers, &max_pending, &starter, &initializer, &PyTuple_Type, &initargs))
		return NULL;
	house = house_new(workers, (size_t)max_pending, starter, initializer, initargs);
	if (house == NULL)
		return NULL;
	old = (PyObject *)self->house;
	self->house = (struct house *)house;
	self->is_shut = false;
	/* After fork the old one is the parent's: there is nothing to be given back here. */
	(void)old;
	Py_INCREF(house);
	return house;
}

static PyObject *executor_close(struct executor *self, PyObject *mode)
{
	const long way = PyLong_AsLong(mode);

	if (way == -1 && PyErr_Occurred())
		return NULL;
	self->is_shut = true;
	if (self->house != NULL) {
		(void)qs_pool_shutdown(self->house->pool, (qs_shutdown_mode)way);
		house_wake(self->house);
	}
	if (PyErr_Occurred())
		return NULL;
	Py_RETURN_NONE;
}

/* Somebody is there, or will come without this thread. */
static bool has_workers(const struct house *house)
{
	qs_stats stats = QS_STATS_INIT;

	if (qs_pool_stats(house->pool, &stats) != 0)
		return false;
	return house->residents != NULL || stats.workers > house_starts_here(house);
}

/* Until the last worker has left, which a handler may interrupt; whether that came before the time was over. */
static PyObject *executor_await_workers(struct executor *self, PyObject *timeout)
{
	struct house *house = self->house;
	qs_time deadline;
	int result = 1;

	if (deadline_of(timeout, &deadline) < 0)
		return NULL;
	if (resident_here() != NULL && resident_here()->house == house)
		return raise_code(-EDEADLK);
	while (house != NULL && result == 1 && has_workers(house))
		result = house_wait(house, deadline);
	return result < 0 ? NULL : PyBool_FromLong(result);
}

struct join {
	qs_pool *pool;
	qs_time deadline;
	qs_report report;
};

static int join_in_the_core(void *arg)
{
	struct join *join = arg;

	return qs_pool_join(join->pool, join->deadline, NULL, &join->report);
}

/* What is left when the time is over is left behind.  (whether all have ended, counts by end) */
static PyObject *executor_join(struct executor *self, PyObject *timeout)
{
	struct join join = { .report = QS_REPORT_INIT };
	int error;

	if (self->house == NULL || deadline_of(timeout, &join.deadline) < 0)
		return self->house == NULL ? refuse(self) : NULL;
	join.pool = self->house->pool;
	error = gil_wait(join_in_the_core, &join);
	if (error < 0 && error != -ETIMEDOUT)
		return raise_code(error);
	return Py_BuildValue("(NKKKKKK)", PyBool_FromLong(error == 0), join.report.submitted, join.report.ends[QS_DONE],
			     join.report.ends[QS_FAILED], join.report.ends[QS_STOPPED], join.report.ends[QS_CANCELLED],
			     join.report.ends[QS_ABANDONED]);
}

/* ---------------------------------------------------------------------------------- inspection */

static PyObject *executor_counts(struct executor *self, PyObject *ignored)
{
	qs_stats stats = QS_STATS_INIT;
	int error;

	(void)ignored;
	if (self->house == NULL)
		return refuse(self);
	error = qs_pool_stats(self->house->pool, &stats);
	if (error < 0)
		return raise_code(error);
	return Py_BuildValue("(IIIKKKKKKKK)", stats.workers, stats.idle, stats.workers_max, stats.submitted, stats.pending,
			     stats.running, stats.ends[QS_DONE], stats.ends[QS_FAILED], stats.ends[QS_STOPPED],
			     stats.ends[QS_CANCELLED], stats.ends[QS_ABANDONED]);
}

/* A list of (function, future, seconds), one per task that runs. */
static PyObject *executor_running(struct executor *self, PyObject *ignored)
{
	PyObject *list = PyList_New(0);
	const qs_time now = qs_now();

	(void)ignored;
	for (const struct resident *it = self->house != NULL ? self->house->residents : NULL; list != NULL && it != NULL;
	     it = it->next) {
		PyObject *entry;

		if (it->fn == NULL)
			continue;
		entry = Py_BuildValue("(OOd)", it->fn, it->running, (double)(now - it->begun) / 1e9);
		if (entry == NULL || PyList_Append(list, entry) < 0)
			Py_CLEAR(list);
		Py_XDECREF(entry);
	}
	return list;
}

/* The oldest pending task, which its pool will not run any more: (future, fn, args, kwargs); None if there is none. */
static PyObject *executor_take_pending(struct executor *self, PyObject *ignored)
{
	struct future *next = self->house != NULL ? self->house->oldest : NULL;

	(void)ignored;
	while (next != NULL) {
		struct future *future = next;
		PyObject *taken;

		next = future->newer;
		if (future->fn == NULL)
			continue;
		taken = Py_BuildValue("(OOOO)", future, future->fn, future->args,
				      future->kwargs != NULL ? future->kwargs : Py_None);
		if (taken == NULL || future_take_in_hand(future))
			return taken;
		Py_DECREF(taken);
	}
	Py_RETURN_NONE;
}

static PyObject *executor_pending(struct executor *self, PyObject *ignored)
{
	(void)ignored;
	return PyLong_FromSize_t(self->house != NULL ? self->house->pending : 0);
}

static PyObject *executor_end(struct executor *self, PyObject *ignored)
{
	(void)ignored;
	self->is_shut = self->is_ended = true;
	Py_RETURN_NONE;
}

static PyObject *get_is_shut(struct executor *self, void *closure)
{
	(void)closure;
	return PyBool_FromLong(self->is_shut);
}

static int set_is_shut(struct executor *self, PyObject *value, void *closure)
{
	const int truth = value != NULL ? PyObject_IsTrue(value) : 0;

	(void)closure;
	if (truth < 0)
		return -1;
	self->is_shut = truth == 1;
	return 0;
}

static PyObject *get_broken(struct executor *self, void *closure)
{
	PyObject *broken = self->house != NULL && self->house->broken != NULL ? self->house->broken : Py_False;

	(void)closure;
	Py_INCREF(broken);
	return broken;
}

static int executor_traverse(PyObject *object, visitproc visit, void *arg)
{
#if PY_VERSION_HEX >= 0x03090000
	Py_VISIT(Py_TYPE(object));
#endif
	Py_VISIT((PyObject *)((struct executor *)object)->house);
	return 0;
}

static void let_go_of_house(struct executor *self)
{
	struct house *house = self->house;

	self->house = NULL;
	if (house == NULL)
		return;
	/* What is pending is still run; the threads leave after it. */
	(void)qs_pool_shutdown(house->pool, QS_DRAIN);
	Py_DECREF(house);
}

static int executor_clear(PyObject *object)
{
	let_go_of_house((struct executor *)object);
	return 0;
}

static void executor_dealloc(PyObject *object)
{
	PyTypeObject *type = Py_TYPE(object);
	const freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);

	PyObject_GC_UnTrack(object);
	let_go_of_house((struct executor *)object);
	release(object);
	Py_DECREF(type);
}

static PyMethodDef methods[] = {
	{ "submit", (PyCFunction)(void (*)(void))executor_submit, METH_FASTCALL | METH_KEYWORDS, submit_doc },
	{ "_open", (PyCFunction)executor_open, METH_VARARGS, NULL },
	{ "_close", (PyCFunction)executor_close, METH_O, NULL },
	{ "_await_workers", (PyCFunction)executor_await_workers, METH_O, NULL },
	{ "_join", (PyCFunction)executor_join, METH_O, NULL },
	{ "_end", (PyCFunction)executor_end, METH_NOARGS, NULL },
	{ "_counts", (PyCFunction)executor_counts, METH_NOARGS, NULL },
	{ "_running", (PyCFunction)executor_running, METH_NOARGS, NULL },
	{ "_pending", (PyCFunction)executor_pending, METH_NOARGS, NULL },
	{ "_take_pending", (PyCFunction)executor_take_pending, METH_NOARGS, NULL },
	{ NULL, NULL, 0, NULL },
};

static PyGetSetDef properties[] = {
	{ "_shutdown", (getter)get_is_shut, (setter)set_is_shut, NULL, NULL },
	{ "_broken", (getter)get_broken, NULL, NULL, NULL },
	{ NULL, NULL, NULL, NULL, NULL },
};

int add_executor(PyObject *module)
{
	static PyType_Slot slots[] = {
		{ Py_tp_dealloc, executor_dealloc },
		{ Py_tp_traverse, executor_traverse },
		{ Py_tp_clear, executor_clear },
		{ Py_tp_methods, methods },
		{ Py_tp_getset, properties },
		{ 0, NULL },
	};
	static PyType_Spec spec = {
		"quiesce._core.Executor",
		sizeof(struct executor),
		0,
		Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
		slots,
	};
	PyObject *type = PyType_FromSpec(&spec);

	return type == NULL ? -1 : PyModule_AddObject(module, "Executor", type);
}

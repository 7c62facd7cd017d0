/* SPDX-License-Identifier: MIT */
/*
 * completed.c - pooled futures in the order in which they end.
 *
 * The set owns a reference to each future until it has handed it out, so that nobody is kept alive
 * by having been waited for.  One thread at a time.
 */
#include <errno.h>

#include "future.h"
#include "gil.h"
#include "wait.h"

struct completed {
	PyObject_HEAD
	qs_as_completed *set;
	PyObject *rest;		/* a set: the futures that were not handed out yet */
	bool is_busy;		/* somebody waits in next() */
};

static int add_all(struct completed *self, PyObject *futures)
{
	PyObject *iterator = PyObject_GetIter(futures);
	PyObject *item;
	int error = 0;

	if (iterator == NULL)
		return -1;
	while (error == 0 && (item = PyIter_Next(iterator)) != NULL) {
		if (future_is_pooled(item))
			error = qs_as_completed_add(self->set, ((struct future *)item)->core);
		else
			error = -EINVAL;
		error = error < 0 ? error : PySet_Add(self->rest, item);
		Py_DECREF(item);
	}
	Py_DECREF(iterator);
	if (error < 0 && !PyErr_Occurred())
		(void)raise_code(error);
	return PyErr_Occurred() ? -1 : 0;
}

static PyObject *completed_make(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
	const allocfunc alloc = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
	struct completed *self;
	PyObject *futures;
	int error;

	(void)kwargs;
	if (!PyArg_ParseTuple(args, "O:Completed", &futures))
		return NULL;
	self = (struct completed *)alloc(type, 0);
	if (self == NULL)
		return NULL;
	error = qs_as_completed_create(&self->set, NULL, 0);
	self->rest = PySet_New(NULL);
	if (error < 0)
		(void)raise_code(error);
	if (error < 0 || self->rest == NULL || add_all(self, futures) < 0)
		Py_CLEAR(self);
	return (PyObject *)self;
}

struct next {
	qs_as_completed *set;
	qs_future **out;
	qs_time deadline;
};

static int next_in_the_core(void *arg)
{
	const struct next *next = arg;

	return qs_as_completed_next(next->set, next->out, next->deadline, NULL);
}

/* As qs_as_completed_next(); -EINTR with an exception. */
static int next_interruptibly(struct next *next)
{
	const int fd = qs_as_completed_fd(next->set);
	int result = fd < 0 ? fd : -ETIMEDOUT;

	while (result == -ETIMEDOUT) {
		const int is_readable = wait_readable(fd, next->deadline);

		if (is_readable < 0)
			return -EINTR;
		result = qs_as_completed_next(next->set, next->out, QS_NOW, NULL);
		if (is_readable == 0)
			break;
	}
	return result;
}

static int next_ended(struct completed *self, qs_future **out, qs_time deadline)
{
	struct next next = { self->set, out, deadline };
	int result = qs_as_completed_next(self->set, out, QS_NOW, NULL);

	if (result != -ETIMEDOUT || deadline <= 0)
		return result;
	self->is_busy = true;
	result = resident_here() == NULL && is_main_thread() ? next_interruptibly(&next)
							     : gil_wait(next_in_the_core, &next);
	self->is_busy = false;
	return result;
}

PyDoc_STRVAR(next_doc,
	     "next($self, timeout, /)\n--\n\n"
	     "The next future that has ended; None after the last one.  Raises TimeoutError.");

static PyObject *completed_next(struct completed *self, PyObject *timeout)
{
	qs_future *core;
	PyObject *future;
	qs_time deadline;
	int result;

	if (deadline_of(timeout, &deadline) < 0)
		return NULL;
	if (self->is_busy)
		return PyErr_Format(PyExc_RuntimeError, "another thread waits for the same futures");
	result = next_ended(self, &core, deadline);
	if (result == 0)
		Py_RETURN_NONE;
	if (result < 0)
		return PyErr_Occurred() ? NULL : raise_code(result);
	future = qs_future_arg(core);
	Py_INCREF(future);
	if (PySet_Discard(self->rest, future) < 0)
		Py_CLEAR(future);
	return future;
}

static int completed_traverse(PyObject *object, visitproc visit, void *arg)
{
#if PY_VERSION_HEX >= 0x03090000
	Py_VISIT(Py_TYPE(object));
#endif
	Py_VISIT(((struct completed *)object)->rest);
	return 0;
}

static int completed_clear(PyObject *object)
{
	Py_CLEAR(((struct completed *)object)->rest);
	return 0;
}

static void completed_dealloc(PyObject *object)
{
	PyTypeObject *type = Py_TYPE(object);
	const freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);

	PyObject_GC_UnTrack(object);
	qs_as_completed_destroy(((struct completed *)object)->set);
	(void)completed_clear(object);
	release(object);
	Py_DECREF(type);
}

/* The futures that were not handed out. */
static PyObject *get_rest(struct completed *self, void *closure)
{
	(void)closure;
	return PySet_New(self->rest);
}

static PyMethodDef methods[] = {
	{ "next", (PyCFunction)completed_next, METH_O, next_doc },
	{ NULL, NULL, 0, NULL },
};

static PyGetSetDef properties[] = {
	{ "rest", (getter)get_rest, NULL, NULL, NULL },
	{ NULL, NULL, NULL, NULL, NULL },
};

/* is_pooled(object): one of ours whose pool says how it is. */
static PyObject *is_pooled(PyObject *module, PyObject *object)
{
	(void)module;
	return PyBool_FromLong(future_is_pooled(object));
}

static PyMethodDef functions[] = {
	{ "is_pooled", is_pooled, METH_O, NULL },
	{ NULL, NULL, 0, NULL },
};

int add_completed(PyObject *module)
{
	static PyType_Slot slots[] = {
		{ Py_tp_new, completed_make },
		{ Py_tp_dealloc, completed_dealloc },
		{ Py_tp_traverse, completed_traverse },
		{ Py_tp_clear, completed_clear },
		{ Py_tp_methods, methods },
		{ Py_tp_getset, properties },
		{ 0, NULL },
	};
	static PyType_Spec spec = {
		"quiesce._core.Completed",
		sizeof(struct completed),
		0,
		Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
		slots,
	};
	PyObject *type = PyType_FromSpec(&spec);

	if (type == NULL || PyModule_AddObject(module, "Completed", type) < 0)
		return -1;
	return PyModule_AddFunctions(module, functions);
}

/* SPDX-License-Identifier: MIT */
/*
 * stop.c - Stop: what a running task is told, and how it waits for that.
 *
 * Stop(None) is one that nobody asks: outside a task there is nobody to be told.  A callback is
 * owned by the library from add_callback() until it was called or removed.
 */
#include <errno.h>
#include <string.h>

#include "gil.h"
#include "wait.h"

PyTypeObject *stop_type;

struct stop {
	PyObject_HEAD
	qs_stop *token;		/* NULL = never asked */
	PyObject *callbacks;	/* a list of capsules, one per callback that was not removed */
};

static PyObject *stop_of(qs_stop *token)
{
	const allocfunc alloc = (allocfunc)PyType_GetSlot(stop_type, Py_tp_alloc);
	struct stop *self = (struct stop *)alloc(stop_type, 0);

	if (self == NULL)
		return NULL;
	self->token = qs_stop_retain(token);
	self->callbacks = PyList_New(0);
	if (self->callbacks == NULL)
		Py_CLEAR(self);
	return (PyObject *)self;
}

PyDoc_STRVAR(current_stop_doc,
	     "current_stop($module, /)\n--\n\n"
	     "The Stop of the task that runs here: asked when the task should end.\n\n"
	     "Outside a task, one that is never asked.");

static PyObject *current_stop(PyObject *module, PyObject *ignored)
{
	const struct resident *resident = resident_here();

	(void)module;
	(void)ignored;
	return stop_of(resident != NULL && resident->task != NULL ? qs_task_stop(resident->task) : NULL);
}

PyDoc_STRVAR(sleep_doc,
	     "sleep($module, seconds, /)\n--\n\n"
	     "Sleep; raise CancelledError as soon as the task that runs here is asked to stop.\n\n"
	     "Elsewhere it is time.sleep().");

static PyObject *sleep_here(PyObject *module, PyObject *seconds)
{
	const struct resident *resident = resident_here();
	qs_time deadline;
	int result;

	(void)module;
	if (deadline_of(seconds, &deadline) < 0)
		return NULL;
	result = wait_for_stop(resident != NULL && resident->task != NULL ? qs_task_stop(resident->task) : NULL, deadline);
	if (result == 1)
		PyErr_SetString(lookups.cancelled_error, "the task was asked to stop");
	if (result != 0)
		return NULL;
	Py_RETURN_NONE;
}

/* ------------------------------------------------------------------------------------ methods */

PyDoc_STRVAR(wait_doc,
	     "wait($self, /, timeout=None)\n--\n\n"
	     "Wait until the stop is asked: True; False after timeout seconds.");

static PyObject *stop_wait(struct stop *self, PyObject *args, PyObject *kwargs)
{
	static char *names[] = { "timeout", NULL };
	PyObject *timeout = NULL;
	qs_time deadline;
	int result;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|O:wait", names, &timeout) || deadline_of(timeout, &deadline) < 0)
		return NULL;
	if (qs_stop_is_asked(self->token) == 1)
		Py_RETURN_TRUE;
	result = wait_for_stop(self->token, deadline);
	return result < 0 ? NULL : PyBool_FromLong(result);
}

PyDoc_STRVAR(fileno_doc,
	     "fileno($self, /)\n--\n\n"
	     "A descriptor that is readable once the stop is asked, for select and the like.\n\n"
	     "It belongs to the stop: never read from it, never close it.");

static PyObject *stop_fileno(struct stop *self, PyObject *ignored)
{
	const int fd = self->token != NULL ? qs_stop_fd(self->token) : -ENOTSUP;

	(void)ignored;
	return fd < 0 ? raise_code(fd) : PyLong_FromLong(fd);
}

/* One function that waits for the stop. */
struct callback {
	PyObject *fn;
	qs_stop_callback *handle;
};

static void asked(void *arg)
{
	struct callback *callback = arg;
	struct grip grip;
	PyObject *result;

	if (!grip_begin(&grip))
		return;
	result = PyObject_CallObject(callback->fn, NULL);
	if (result == NULL)
		PyErr_WriteUnraisable(callback->fn);
	Py_XDECREF(result);
	grip_end(&grip);
}

static int remove_in_the_core(void *arg)
{
	struct callback *callback = arg;

	return qs_stop_callback_remove(callback->handle);
}

/* Waits until the function has returned, if it is being called in another thread. */
static void callback_free(PyObject *capsule)
{
	struct callback *callback = PyCapsule_GetPointer(capsule, NULL);

	if (callback->handle != NULL)
		(void)gil_wait(remove_in_the_core, callback);
	Py_DECREF(callback->fn);
	PyMem_Free(callback);
}

PyDoc_STRVAR(add_callback_doc,
	     "add_callback($self, fn, /)\n--\n\n"
	     "Have fn() called once when the stop is asked, in the thread that asks; at once if it was.\n\n"
	     "It is forgotten with this object.  Returns what remove_callback() takes.");

static PyObject *stop_add_callback(struct stop *self, PyObject *fn)
{
	struct callback *callback = PyMem_Malloc(sizeof(*callback));
	PyObject *capsule;
	int error = 0;

	if (callback == NULL)
		return PyErr_NoMemory();
	Py_INCREF(fn);
	*callback = (struct callback){ fn, NULL };
	capsule = PyCapsule_New(callback, NULL, callback_free);
	if (capsule == NULL) {
		Py_DECREF(fn);
		PyMem_Free(callback);
		return NULL;
	}
	if (self->token != NULL)
		error = qs_stop_callback_add(&callback->handle, self->token, asked, callback);
	if (error == 0 && PyList_Append(self->callbacks, capsule) == 0)
		return capsule;
	Py_DECREF(capsule);
	return error < 0 ? raise_code(error) : NULL;
}

PyDoc_STRVAR(remove_callback_doc,
	     "remove_callback($self, handle, /)\n--\n\n"
	     "Take back add_callback(); when this returns, the function is not being called and will not be.");

static PyObject *stop_remove_callback(struct stop *self, PyObject *handle)
{
	const Py_ssize_t count = PyList_Size(self->callbacks);

	for (Py_ssize_t i = 0; i < count; i++) {
		if (PyList_GetItem(self->callbacks, i) == handle)
			return PyList_SetSlice(self->callbacks, i, i + 1, NULL) < 0 ? NULL : Py_BuildValue("");
	}
	PyErr_SetString(PyExc_ValueError, "no callback of this stop");
	return NULL;
}

static PyObject *get_requested(struct stop *self, void *closure)
{
	(void)closure;
	return PyBool_FromLong(qs_stop_is_asked(self->token) == 1);
}

static PyObject *get_cause(struct stop *self, void *closure)
{
	qs_cause cause = QS_CAUSE_INIT;

	(void)closure;
	if (self->token == NULL || qs_stop_cause(self->token, &cause) != 1)
		Py_RETURN_NONE;
	return PyUnicode_DecodeUTF8(cause.text, (Py_ssize_t)strlen(cause.text), "replace");
}

static int stop_traverse(PyObject *object, visitproc visit, void *arg)
{
#if PY_VERSION_HEX >= 0x03090000
	Py_VISIT(Py_TYPE(object));
#endif
	Py_VISIT(((struct stop *)object)->callbacks);
	return 0;
}

static int stop_clear(PyObject *object)
{
	Py_CLEAR(((struct stop *)object)->callbacks);
	return 0;
}

static void stop_dealloc(PyObject *object)
{
	struct stop *self = (struct stop *)object;
	PyTypeObject *type = Py_TYPE(object);
	const freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);

	PyObject_GC_UnTrack(object);
	(void)stop_clear(object);
	qs_stop_release(self->token);
	release(object);
	Py_DECREF(type);
}

static PyMethodDef methods[] = {
	{ "wait", (PyCFunction)(void (*)(void))stop_wait, METH_VARARGS | METH_KEYWORDS, wait_doc },
	{ "fileno", (PyCFunction)stop_fileno, METH_NOARGS, fileno_doc },
	{ "add_callback", (PyCFunction)stop_add_callback, METH_O, add_callback_doc },
	{ "remove_callback", (PyCFunction)stop_remove_callback, METH_O, remove_callback_doc },
	{ NULL, NULL, 0, NULL },
};

static PyGetSetDef properties[] = {
	{ "requested", (getter)get_requested, NULL, "True once the stop was asked.", NULL },
	{ "cause", (getter)get_cause, NULL, "Why it was asked, in words; None before that.", NULL },
	{ NULL, NULL, NULL, NULL, NULL },
};

PyDoc_STRVAR(stop_doc, "What tells a task that it should end.  See current_stop().");

static PyMethodDef functions[] = {
	{ "current_stop", current_stop, METH_NOARGS, current_stop_doc },
	{ "sleep", sleep_here, METH_O, sleep_doc },
	{ NULL, NULL, 0, NULL },
};

int add_stop(PyObject *module)
{
	static PyType_Slot slots[] = {
		{ Py_tp_doc, (void *)stop_doc },
		{ Py_tp_new, refuse_new },
		{ Py_tp_dealloc, stop_dealloc },
		{ Py_tp_traverse, stop_traverse },
		{ Py_tp_clear, stop_clear },
		{ Py_tp_methods, methods },
		{ Py_tp_getset, properties },
		{ 0, NULL },
	};
	static PyType_Spec spec = {
		"quiesce.Stop",
		sizeof(struct stop),
		0,
		Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
		slots,
	};

	stop_type = (PyTypeObject *)PyType_FromSpec(&spec);
	if (stop_type == NULL)
		return -1;
	Py_INCREF((PyObject *)stop_type);
	if (PyModule_AddObject(module, "Stop", (PyObject *)stop_type) < 0)
		return -1;
	return PyModule_AddFunctions(module, functions);
}

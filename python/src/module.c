/* SPDX-License-Identifier: MIT */
/*
 * module.c - quiesce._core: what it looks up, and what its errors are called.
 *
 * One interpreter per process: its objects meet in one library, and a worker cannot be in two.
 * Any other interpreter gets an ImportError.
 */
#include <errno.h>

#include "core.h"
#include "gil.h"
#include "wait.h"

struct lookups lookups;

/* ------------------------------------------------------------------------------------- errors */

/* A wait that could never end: the library says which tasks wait for which. */
static PyObject *raise_deadlock(void)
{
	const struct resident *resident = resident_here();
	const char *words = resident != NULL && resident->task != NULL ? qs_task_deadlock(resident->task) : "";

	PyErr_SetString(lookups.deadlock_error, words[0] != '\0' ? words : "this would wait for itself");
	return NULL;
}

PyObject *raise_code(int code)
{
	switch (code) {
	case -EDEADLK:
		return raise_deadlock();
	case -ETIMEDOUT:
		PyErr_SetNone(lookups.timeout_error);
		return NULL;
	case -ECANCELED:
		PyErr_SetNone(lookups.cancelled_error);
		return NULL;
	case -ENOMEM:
		return PyErr_NoMemory();
	case -EINVAL:
		PyErr_SetString(PyExc_ValueError, qs_strerror(code));
		return NULL;
	case -QS_EFORKED:
		PyErr_SetString(PyExc_RuntimeError, qs_strerror(code));
		return NULL;
	default:
		errno = -code;
		return PyErr_SetFromErrno(PyExc_OSError);
	}
}

PyObject *take_exception(void)
{
	PyObject *type, *value, *traceback;

	PyErr_Fetch(&type, &value, &traceback);
	PyErr_NormalizeException(&type, &value, &traceback);
	if (traceback != NULL && value != NULL)
		(void)PyException_SetTraceback(value, traceback);
	Py_XDECREF(type);
	Py_XDECREF(traceback);
	return value;
}

PyObject *refuse_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
	(void)type;
	(void)args;
	(void)kwargs;
	PyErr_SetString(PyExc_TypeError, "objects of this type are not made by hand");
	return NULL;
}

/* ------------------------------------------------------------------------------------ look-ups */

static int make_words(struct words *words)
{
	words->pending = PyUnicode_InternFromString("PENDING");
	words->running = PyUnicode_InternFromString("RUNNING");
	words->cancelled = PyUnicode_InternFromString("CANCELLED");
	words->announced = PyUnicode_InternFromString("CANCELLED_AND_NOTIFIED");
	words->finished = PyUnicode_InternFromString("FINISHED");
	words->qualname = PyUnicode_InternFromString("__qualname__");
	return PyErr_Occurred() ? -1 : 0;
}

PyDoc_STRVAR(adopt_doc, "_adopt($module, /, **objects)\n--\n\nWhat the package gives its core, once, when it is imported.");

static PyObject *adopt(PyObject *module, PyObject *args, PyObject *kwargs)
{
	static char *names[] = { "future", "standard_future", "announce", "log_callback", "log_initializer", "condition",
				 "cancelled_error", "timeout_error", "deadlock_error", "broken_error", NULL };
	PyObject **const slots[] = { &lookups.future_type, &lookups.standard_future, &lookups.announce,
				     &lookups.log_callback, &lookups.log_initializer, &lookups.condition,
				     &lookups.cancelled_error, &lookups.timeout_error, &lookups.deadlock_error,
				     &lookups.broken_error };

	(void)module;
	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "$OOOOOOOOOO:_adopt", names, slots[0], slots[1], slots[2], slots[3],
					 slots[4], slots[5], slots[6], slots[7], slots[8], slots[9]))
		return NULL;
	for (size_t i = 0; i < sizeof(slots) / sizeof(slots[0]); i++)
		Py_INCREF(*slots[i]);
	Py_RETURN_NONE;
}

static PyObject *note_main(PyObject *module, PyObject *ident)
{
	const unsigned long number = PyLong_AsUnsignedLong(ident);

	(void)module;
	if (PyErr_Occurred())
		return NULL;
	note_main_thread(number);
	Py_RETURN_NONE;
}

static PyObject *forget_worker(PyObject *module, PyObject *ignored)
{
	(void)module;
	(void)ignored;
	resident_forget();
	Py_RETURN_NONE;
}

/* ------------------------------------------------------------------------------------- module */

static PyMethodDef functions[] = {
	{ "_adopt", (PyCFunction)(void (*)(void))adopt, METH_VARARGS | METH_KEYWORDS, adopt_doc },
	{ "_note_main_thread", note_main, METH_O, NULL },
	{ "_forget_worker", forget_worker, METH_NOARGS, NULL },
	{ NULL, NULL, 0, NULL },
};

static bool is_main_interpreter(void)
{
#if PY_VERSION_HEX >= 0x03090000
	return PyInterpreterState_GetID(PyInterpreterState_Get()) == 0;
#else
	return PyInterpreterState_GetID(PyThreadState_Get()->interp) == 0;
#endif
}

static int fill(PyObject *module)
{
	if (!is_main_interpreter()) {
		PyErr_SetString(PyExc_ImportError, "quiesce works in the main interpreter only");
		return -1;
	}
	if (make_words(&lookups.words) < 0 || add_future(module) < 0 || add_executor(module) < 0 || add_house(module) < 0 ||
	    add_completed(module) < 0 || add_await_all(module) < 0 || add_stop(module) < 0)
		return -1;
	return PyModule_AddStringConstant(module, "version", qs_version());
}

static PyModuleDef_Slot slots[] = {
	{ Py_mod_exec, fill },
	{ 0, NULL },
};

static PyModuleDef definition = {
	PyModuleDef_HEAD_INIT,
	.m_name = "quiesce._core",
	.m_doc = "What quiesce does for every task, on libquiesce.",
	.m_methods = functions,
	.m_slots = slots,
};

/* The one symbol that is exported; older headers do not say so themselves. */
QS_API PyMODINIT_FUNC PyInit__core(void);

PyMODINIT_FUNC PyInit__core(void)
{
	return PyModuleDef_Init(&definition);
}

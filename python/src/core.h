/* SPDX-License-Identifier: MIT */
/*
 * core.h - what every part of the extension needs: the interpreter, the library, and what the module
 * looks up once.
 *
 * The module lives in the main interpreter alone (module.c refuses others), so what it has looked up
 * is one struct of the process.  Everything in it is set before the first object is made and never
 * changed after that.
 */
#ifndef QUIESCE_PYTHON_CORE_H
#define QUIESCE_PYTHON_CORE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdbool.h>

#include "quiesce.h"

/* Words that an attribute may say, or be called by. */
struct words {
	PyObject *pending;
	PyObject *running;
	PyObject *cancelled;
	PyObject *announced;	/* CANCELLED_AND_NOTIFIED */
	PyObject *finished;
	PyObject *qualname;	/* what a function calls itself */
};

struct lookups {
	struct words words;
	/* Given by the Python part: module.c, adopt(). */
	PyObject *future_type;		/* the class of what submit() returns */
	PyObject *standard_future;	/* concurrent.futures.Future: what is done by hand */
	PyObject *announce;		/* tells the standard library's waiters */
	PyObject *log_callback;		/* a callback has raised */
	PyObject *log_initializer;
	PyObject *condition;		/* threading.Condition */
	PyObject *cancelled_error;
	PyObject *timeout_error;
	PyObject *deadlock_error;
	PyObject *broken_error;
};

extern struct lookups lookups;

/* Made in module.c, kept for the life of the process. */
extern PyTypeObject *house_type;
extern PyTypeObject *stop_type;

/* Each adds its types and functions to the module; -1 with an exception. */
int add_future(PyObject *module);
int add_executor(PyObject *module);
int add_house(PyObject *module);
int add_await_all(PyObject *module);
int add_completed(PyObject *module);
int add_stop(PyObject *module);

/* An exception for a code of the library's; NULL, for return. */
PyObject *raise_code(int code);

/* The tp_new of a type that only the core makes. */
PyObject *refuse_new(PyTypeObject *type, PyObject *args, PyObject *kwargs);

/* The exception that was raised, with its traceback; it is not set any more. */
PyObject *take_exception(void);

#endif

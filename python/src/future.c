/* SPDX-License-Identifier: MIT */
/*
 * future.c - Future's base: what a task has come to.
 *
 * Two lives, and one arrow between them:
 *
 *	pooled	`core` is the library's future, which says how it is.  The result or the exception is
 *		here from the moment when the core says that it has ended.
 *	by hand	Future(), or one on which set_result() and the like was called: the standard
 *		library's methods run on our slots.
 *
 *	pooled -> by hand	future_take_in_hand(), or the same while it runs: its pool finishes the
 *				task and tells nobody
 *
 * Order at the end of a task: the result is stored and the arguments are dropped (future_run), the
 * pool's reference goes (future_settle), the core ends, waiters wake, callbacks are called.  A task
 * that is cancelled ends first, then its callbacks are called, then it is settled.
 *
 * Everything is under the GIL.  No Python code runs while a future is half changed.
 */
#include "future.h"

#include <errno.h>

#include "gil.h"
#include "house.h"
#include "wait.h"

/* -------------------------------------------------------------------------------------- state */

static bool is_pooled(const struct future *self)
{
	return self->core != NULL && !self->is_by_hand;
}

bool future_is_pooled(PyObject *object)
{
	return PyObject_TypeCheck(object, (PyTypeObject *)lookups.future_type) && is_pooled((struct future *)object);
}

/* In a forked child the core says nothing; what had ended before is still here. */
static int core_state(const struct future *self)
{
	const int state = qs_future_state(self->core);

	if (state >= 0)
		return state;
	return self->result != NULL || self->exception != NULL ? QS_DONE : QS_PENDING;
}

/* It never ran because no worker could begin: that is a failure, not a cancellation. */
static bool is_broken(const struct future *self)
{
	qs_cause cause = QS_CAUSE_INIT;

	return qs_future_cause(self->core, &cause) == 1 && cause.code == -ENOTRECOVERABLE;
}

static bool is_ended(const struct future *self)
{
	return core_state(self) >= QS_DONE;
}

static bool is_cancelled(const struct future *self)
{
	switch (core_state(self)) {
	case QS_CANCELLED:
	case QS_TIMED_OUT:
	case QS_ABANDONED:
		return !is_broken(self);
	default:
		return false;
	}
}

static PyObject *state_word(const struct future *self)
{
	const int state = core_state(self);

	if (state == QS_PENDING)
		return lookups.words.pending;
	if (state == QS_RUNNING)
		return lookups.words.running;
	return is_cancelled(self) ? lookups.words.announced : lookups.words.finished;
}

/* What the standard library's class does, for one that is by hand. */
static PyObject *by_hand(struct future *self, const char *method, PyObject *arg)
{
	PyObject *function = PyObject_GetAttrString(lookups.standard_future, method);
	PyObject *result = NULL;

	if (function != NULL)
		result = PyObject_CallFunctionObjArgs(function, self, arg, NULL);
	Py_XDECREF(function);
	return result;
}

/* --------------------------------------------------------------------------------- its making */

struct future *future_new(PyObject *fn, PyObject *args, PyObject *kwargs)
{
	PyTypeObject *type = (PyTypeObject *)lookups.future_type;
	const allocfunc alloc = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
	struct future *self = (struct future *)alloc(type, 0);

	if (self == NULL) {
		Py_DECREF(fn);
		Py_DECREF(args);
		Py_XDECREF(kwargs);
		return NULL;
	}
	self->fn = fn;
	self->args = args;
	self->kwargs = kwargs;
	return self;
}

static PyObject *future_make(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
	const allocfunc alloc = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
	struct future *self = (struct future *)alloc(type, 0);

	(void)args;
	(void)kwargs;
	if (self == NULL)
		return NULL;
	self->is_by_hand = true;
	Py_INCREF(lookups.words.pending);
	self->state = lookups.words.pending;
	return (PyObject *)self;
}

static int future_init(PyObject *object, PyObject *args, PyObject *kwargs)
{
	(void)object;
	if (PyTuple_Size(args) != 0 || (kwargs != NULL && PyDict_Size(kwargs) != 0)) {
		PyErr_SetString(PyExc_TypeError, "Future() takes no arguments");
		return -1;
	}
	return 0;
}

static void drop_call(struct future *self)
{
	Py_CLEAR(self->fn);
	Py_CLEAR(self->args);
	Py_CLEAR(self->kwargs);
}

static int future_traverse(PyObject *object, visitproc visit, void *arg)
{
	struct future *self = (struct future *)object;

#if PY_VERSION_HEX >= 0x03090000
	Py_VISIT(Py_TYPE(object));
#endif
	Py_VISIT(self->fn);
	Py_VISIT(self->args);
	Py_VISIT(self->kwargs);
	Py_VISIT(self->result);
	Py_VISIT(self->exception);
	Py_VISIT(self->condition);
	Py_VISIT(self->waiters);
	Py_VISIT(self->callbacks);
	return 0;
}

static int future_clear(PyObject *object)
{
	struct future *self = (struct future *)object;

	drop_call(self);
	Py_CLEAR(self->result);
	Py_CLEAR(self->exception);
	Py_CLEAR(self->condition);
	Py_CLEAR(self->waiters);
	Py_CLEAR(self->callbacks);
	return 0;
}

/* Its pool has a reference while it is pending or runs; so the core has ended, or it never had one. */
static void future_dealloc(PyObject *object)
{
	struct future *self = (struct future *)object;
	PyTypeObject *type = Py_TYPE(object);
	const freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);

	PyObject_GC_UnTrack(object);
	(void)future_clear(object);
	Py_CLEAR(self->state);
	if (self->core != NULL)
		qs_future_release(self->core);
	release(object);
	Py_DECREF(type);
}

/* -------------------------------------------------------------------------------- in a worker */

/* The call, whose references are gone when it returns; new reference, or NULL with an exception. */
static PyObject *call(struct resident *resident, struct future *self)
{
	PyObject *const outer_fn = resident->fn;
	PyObject *fn = self->fn, *args = self->args, *kwargs = self->kwargs;
	PyObject *result;

	self->fn = self->args = self->kwargs = NULL;
	resident->fn = fn;
	result = PyObject_Call(fn, args, kwargs);
	resident->fn = outer_fn;
	Py_DECREF(fn);
	Py_DECREF(args);
	Py_XDECREF(kwargs);
	return result;
}

/* The task's end as the library is told it: one that gave up because it was asked is *stopped*. */
static int outcome_of(struct future *self, qs_task *task, PyObject *result)
{
	PyObject *exception = result == NULL ? take_exception() : NULL;
	int code = 0;

	if (exception != NULL) {
		const bool gave_up = PyObject_IsInstance(exception, lookups.cancelled_error) == 1;

		code = gave_up && qs_stop_is_asked(qs_task_stop(task)) == 1 ? -ECANCELED : -EIO;
	}
	if (self->is_by_hand) {
		Py_XDECREF(result);
		Py_XDECREF(exception);
		return code;
	}
	self->result = result;
	self->exception = exception;
	return code;
}

static int run_here(struct resident *resident, qs_task *task, struct future *self)
{
	qs_task *const outer_task = resident->task;
	PyObject *const outer_running = resident->running;
	const qs_time outer_begun = resident->begun;
	int code;

	house_remove_pending(resident->house, self);
	resident->task = task;
	resident->running = (PyObject *)self;
	resident->begun = qs_now();
	code = outcome_of(self, task, call(resident, self));
	resident->task = outer_task;
	resident->running = outer_running;
	resident->begun = outer_begun;
	return code;
}

int future_run(qs_task *task, void *arg)
{
	struct resident *resident = resident_here();
	struct grip grip;
	int code;

	gil_breathe(resident);
	if (!grip_begin(&grip))
		return -ECANCELED;
	code = run_here(resident, task, arg);
	grip_end(&grip);
	return code;
}

void future_settle(void *arg)
{
	struct future *self = arg;
	struct grip grip;

	if (!grip_begin(&grip))
		return;
	if (self->house != NULL)
		house_remove_pending(self->house, self);
	drop_call(self);
	Py_DECREF(self);
	grip_end(&grip);
}

/* ----------------------------------------------------------------------------------- callbacks */

/* Whom the end is told to. */
enum audience {
	EVERYBODY,	/* a function of the user's */
	FAILURES,	/* the same, if it has failed */
	STANDARD,	/* the standard library's waiters */
};

/* One function that waits for the end; the future and the function are owned. */
struct callback {
	struct future *future;
	PyObject *fn;		/* NULL for STANDARD */
	enum audience audience;
};

/* An exception is logged; what is no Exception goes to who called, if that is Python. */
static void call_back(const struct callback *callback)
{
	PyObject *result;

	if (callback->audience == FAILURES && callback->future->exception == NULL)
		return;
	result = PyObject_CallFunctionObjArgs(callback->fn != NULL ? callback->fn : lookups.announce, callback->future, NULL);
	if (result == NULL && PyErr_ExceptionMatches(PyExc_Exception)) {
		PyObject *exception = take_exception();

		result = PyObject_CallFunctionObjArgs(lookups.log_callback, callback->future, exception, NULL);
		Py_XDECREF(exception);
	}
	if (result == NULL && resident_here() != NULL)
		PyErr_WriteUnraisable(callback->fn);
	Py_XDECREF(result);
}

static bool is_finished_by_hand(const struct future *self)
{
	return self->state != lookups.words.pending && self->state != lookups.words.running;
}

/* Its pool has ended it, though somebody has taken it in hand, and may not have finished it. */
static void keep_for_later(const struct callback *callback)
{
	struct future *self = callback->future;

	if (self->callbacks == NULL)
		self->callbacks = PyList_New(0);
	if (self->callbacks == NULL || PyList_Append(self->callbacks, callback->fn) < 0)
		PyErr_WriteUnraisable(callback->fn);
}

static void callback_free(struct callback *callback)
{
	Py_DECREF(callback->future);
	Py_XDECREF(callback->fn);
	PyMem_Free(callback);
}

static void core_ended(qs_future *core, void *arg)
{
	struct callback *callback = arg;
	struct grip grip;
	PyObject *type, *value, *traceback;

	(void)core;
	if (!grip_begin(&grip))
		return;
	PyErr_Fetch(&type, &value, &traceback);
	if (!callback->future->is_by_hand || is_finished_by_hand(callback->future))
		call_back(callback);
	else if (callback->audience == EVERYBODY)
		keep_for_later(callback);
	callback_free(callback);
	if (type != NULL)
		PyErr_Restore(type, value, traceback);
	grip_end(&grip);
}

/* 0, or -1 with an exception, which may be the callback's own. */
static int add_callback(struct future *self, PyObject *fn, enum audience audience)
{
	struct callback *callback = PyMem_Malloc(sizeof(*callback));
	int error;

	if (callback == NULL) {
		(void)PyErr_NoMemory();
		return -1;
	}
	Py_INCREF((PyObject *)self);
	Py_XINCREF(fn);
	*callback = (struct callback){ self, fn, audience };
	error = qs_future_callback_add(self->core, core_ended, callback);
	if (error < 0) {
		callback_free(callback);
		(void)raise_code(error);
	}
	return PyErr_Occurred() ? -1 : 0;
}

/* ------------------------------------------------------------------------------ taken in hand */

/* The state as it is, for the standard library's code to go on from. */
static void become_by_hand(struct future *self)
{
	PyObject *old = self->state;

	self->state = state_word(self);
	Py_INCREF(self->state);
	Py_XDECREF(old);
	self->is_by_hand = true;
}

bool future_take_in_hand(struct future *self)
{
	if (core_state(self) != QS_PENDING)
		return false;
	become_by_hand(self);
	if (qs_future_cancel(self->core) == 1)
		return true;
	self->is_by_hand = false;
	return false;
}

/* By hand from now on, in whatever state it is. */
static void take_over(struct future *self)
{
	if (!is_pooled(self) || future_take_in_hand(self))
		return;
	become_by_hand(self);
}

/* ------------------------------------------------------------------------------------ methods */

PyDoc_STRVAR(cancel_doc,
	     "cancel($self, /)\n--\n\n"
	     "Cancel the task if it has not begun.\n\n"
	     "Returns True if it is cancelled: then it never runs, and everybody who waits for it is told at once.");

static PyObject *future_cancel(struct future *self, PyObject *ignored)
{
	(void)ignored;
	if (!is_pooled(self))
		return by_hand(self, "cancel", NULL);
	if (qs_future_cancel(self->core) == 1)
		return PyErr_Occurred() ? NULL : PyBool_FromLong(1);
	return PyBool_FromLong(is_cancelled(self));
}

PyDoc_STRVAR(cancelled_doc, "cancelled($self, /)\n--\n\nReturn True if the task was cancelled.");

static PyObject *future_cancelled(struct future *self, PyObject *ignored)
{
	(void)ignored;
	return is_pooled(self) ? PyBool_FromLong(is_cancelled(self)) : by_hand(self, "cancelled", NULL);
}

PyDoc_STRVAR(running_doc, "running($self, /)\n--\n\nReturn True if the task runs.");

static PyObject *future_running(struct future *self, PyObject *ignored)
{
	(void)ignored;
	return is_pooled(self) ? PyBool_FromLong(core_state(self) == QS_RUNNING) : by_hand(self, "running", NULL);
}

PyDoc_STRVAR(done_doc, "done($self, /)\n--\n\nReturn True if the task was cancelled or has ended.");

static PyObject *future_done(struct future *self, PyObject *ignored)
{
	(void)ignored;
	return is_pooled(self) ? PyBool_FromLong(is_ended(self)) : by_hand(self, "done", NULL);
}

static PyObject *raise_broken(void)
{
	PyErr_SetString(lookups.broken_error, HOUSE_BROKEN);
	return NULL;
}

/* It has ended: raises why there is no result. */
static PyObject *raise_end(struct future *self)
{
	if (self->exception != NULL) {
		PyObject *exception = self->exception;

		Py_INCREF(exception);
		PyErr_SetObject((PyObject *)Py_TYPE(exception), exception);
		Py_DECREF(exception);
	} else if (is_cancelled(self)) {
		PyErr_SetNone(lookups.cancelled_error);
	} else if (core_state(self) >= QS_DONE && is_broken(self)) {
		(void)raise_broken();
	} else {
		PyErr_SetString(PyExc_RuntimeError, "the task ended its thread instead of returning");
	}
	return NULL;
}

/* The one argument of result() and exception(), however it is given. */
static int parse_timeout(PyObject *args, PyObject *kwargs, const char *format, PyObject **out)
{
	static char *names[] = { "timeout", NULL };

	*out = NULL;
	return PyArg_ParseTupleAndKeywords(args, kwargs, format, names, out) ? 0 : -1;
}

/* Waits for the end of a pooled one: 0, or -1 with an exception. */
static int await_end(struct future *self, PyObject *timeout)
{
	qs_time deadline;

	if (is_ended(self))
		return 0;
	if (deadline_of(timeout, &deadline) < 0)
		return -1;
	return wait_for_future(self->core, deadline);
}

PyDoc_STRVAR(result_doc,
	     "result($self, /, timeout=None)\n--\n\n"
	     "Wait for the task and return what it returned, or raise what it raised.\n\n"
	     "timeout is in seconds; None waits without end, and TimeoutError says that it was not enough.\n"
	     "Raises CancelledError if the task was cancelled.  In a task of the same executor, one that has\n"
	     "not begun is run here; DeadlockError says that the two would wait for each other.");

static PyObject *future_result(struct future *self, PyObject *args, PyObject *kwargs)
{
	PyObject *timeout;

	if (parse_timeout(args, kwargs, "|O:result", &timeout) < 0)
		return NULL;
	if (is_pooled(self) && await_end(self, timeout) < 0)
		return NULL;
	if (!is_pooled(self))
		return by_hand(self, "result", timeout);
	if (self->result == NULL || is_cancelled(self))
		return raise_end(self);
	Py_INCREF(self->result);
	return self->result;
}

PyDoc_STRVAR(exception_doc,
	     "exception($self, /, timeout=None)\n--\n\n"
	     "Wait for the task and return what it raised, None if it returned.\n\n"
	     "As result() otherwise.");

static PyObject *future_exception(struct future *self, PyObject *args, PyObject *kwargs)
{
	PyObject *timeout;

	if (parse_timeout(args, kwargs, "|O:exception", &timeout) < 0)
		return NULL;
	if (is_pooled(self) && await_end(self, timeout) < 0)
		return NULL;
	if (!is_pooled(self))
		return by_hand(self, "exception", timeout);
	if (self->result != NULL && !is_cancelled(self))
		Py_RETURN_NONE;
	if (self->exception == NULL || is_cancelled(self)) {
		if (is_cancelled(self))
			return raise_end(self);
		(void)raise_end(self);
		return take_exception();
	}
	Py_INCREF(self->exception);
	return self->exception;
}

PyDoc_STRVAR(add_done_callback_doc,
	     "add_done_callback($self, /, fn)\n--\n\n"
	     "Have fn(future) called when the task has ended, or at once if it has.\n\n"
	     "In the order in which they were added, in the thread that ends the task.  What fn raises is logged.");

static PyObject *future_add_done_callback(struct future *self, PyObject *args, PyObject *kwargs)
{
	static char *names[] = { "fn", NULL };
	PyObject *fn;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O:add_done_callback", names, &fn))
		return NULL;
	if (!is_pooled(self))
		return by_hand(self, "add_done_callback", fn);
	if (add_callback(self, fn, EVERYBODY) < 0)
		return NULL;
	Py_RETURN_NONE;
}

/* For map: as add_done_callback(), but only a failure is told. */
static PyObject *future_on_failure(struct future *self, PyObject *fn)
{
	if (is_pooled(self) && add_callback(self, fn, FAILURES) < 0)
		return NULL;
	Py_RETURN_NONE;
}

PyDoc_STRVAR(stop_doc,
	     "stop($self, /, reason=None)\n--\n\n"
	     "Cancel the task if it has not begun, and tell it to stop if it runs.\n\n"
	     "Returns True if that changed something.  A running task hears of it by quiesce.current_stop().");

static PyObject *future_stop(struct future *self, PyObject *args, PyObject *kwargs)
{
	static char *names[] = { "reason", NULL };
	const char *reason = NULL;
	int result;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|z:stop", names, &reason))
		return NULL;
	if (!is_pooled(self))
		return by_hand(self, "cancel", NULL);
	result = qs_future_stop(self->core, 0, reason);
	if (PyErr_Occurred())
		return NULL;
	return result < 0 ? raise_code(result) : PyBool_FromLong(result == 1);
}

/* What a pool does to its futures, and tests and other pools by hand. */
static PyObject *future_set_running(struct future *self, PyObject *ignored)
{
	(void)ignored;
	take_over(self);
	return by_hand(self, "set_running_or_notify_cancel", NULL);
}

static PyObject *future_set_result(struct future *self, PyObject *result)
{
	take_over(self);
	return by_hand(self, "set_result", result);
}

static PyObject *future_set_exception(struct future *self, PyObject *exception)
{
	take_over(self);
	return by_hand(self, "set_exception", exception);
}

/* --------------------------------------------------- what the standard library's code looks at */

static PyObject *get_state(struct future *self, void *closure)
{
	PyObject *word = is_pooled(self) ? state_word(self) : self->state;

	(void)closure;
	Py_INCREF(word);
	return word;
}

static int refuse_deletion(PyObject *value)
{
	if (value == NULL)
		PyErr_SetString(PyExc_AttributeError, "a future's own attribute cannot be deleted");
	return value == NULL ? -1 : 0;
}

static int set_slot(PyObject **slot, PyObject *value)
{
	PyObject *old = *slot;

	if (refuse_deletion(value) < 0)
		return -1;
	Py_INCREF(value);
	*slot = value;
	Py_XDECREF(old);
	return 0;
}

/* The words are compared by identity here; the standard library's constants are the same ones. */
static int set_state(struct future *self, PyObject *value, void *closure)
{
	(void)closure;
	take_over(self);
	return set_slot(&self->state, value);
}

static PyObject *or_none(PyObject *value)
{
	if (value == NULL)
		Py_RETURN_NONE;
	Py_INCREF(value);
	return value;
}

static PyObject *get_result(struct future *self, void *closure)
{
	(void)closure;
	return or_none(self->result);
}

static int set_result(struct future *self, PyObject *value, void *closure)
{
	(void)closure;
	return set_slot(&self->result, value);
}

static PyObject *get_exception(struct future *self, void *closure)
{
	(void)closure;
	return or_none(self->exception);
}

/* None is no exception. */
static int set_exception(struct future *self, PyObject *value, void *closure)
{
	(void)closure;
	if (value != Py_None)
		return set_slot(&self->exception, value);
	Py_CLEAR(self->exception);
	return 0;
}

/* The first look at either makes both ends meet: from then on the end is announced there. */
static int look(struct future *self)
{
	if (self->condition != NULL)
		return 0;
	self->condition = PyObject_CallObject(lookups.condition, NULL);
	if (self->condition == NULL)
		return -1;
	return is_pooled(self) ? add_callback(self, NULL, STANDARD) : 0;
}

static PyObject *get_condition(struct future *self, void *closure)
{
	(void)closure;
	return look(self) < 0 ? NULL : or_none(self->condition);
}

static int set_condition(struct future *self, PyObject *value, void *closure)
{
	(void)closure;
	return set_slot(&self->condition, value);
}

static PyObject *get_list(PyObject **slot)
{
	if (*slot == NULL)
		*slot = PyList_New(0);
	return *slot == NULL ? NULL : or_none(*slot);
}

static PyObject *get_waiters(struct future *self, void *closure)
{
	(void)closure;
	return look(self) < 0 ? NULL : get_list(&self->waiters);
}

static int set_waiters(struct future *self, PyObject *value, void *closure)
{
	(void)closure;
	return set_slot(&self->waiters, value);
}

static PyObject *get_callbacks(struct future *self, void *closure)
{
	(void)closure;
	return get_list(&self->callbacks);
}

static int set_callbacks(struct future *self, PyObject *value, void *closure)
{
	(void)closure;
	return set_slot(&self->callbacks, value);
}

static PyGetSetDef properties[] = {
	{ "_state", (getter)get_state, (setter)set_state, NULL, NULL },
	{ "_result", (getter)get_result, (setter)set_result, NULL, NULL },
	{ "_exception", (getter)get_exception, (setter)set_exception, NULL, NULL },
	{ "_condition", (getter)get_condition, (setter)set_condition, NULL, NULL },
	{ "_waiters", (getter)get_waiters, (setter)set_waiters, NULL, NULL },
	{ "_done_callbacks", (getter)get_callbacks, (setter)set_callbacks, NULL, NULL },
	{ NULL, NULL, NULL, NULL, NULL },
};

static PyMethodDef methods[] = {
	{ "cancel", (PyCFunction)future_cancel, METH_NOARGS, cancel_doc },
	{ "cancelled", (PyCFunction)future_cancelled, METH_NOARGS, cancelled_doc },
	{ "running", (PyCFunction)future_running, METH_NOARGS, running_doc },
	{ "done", (PyCFunction)future_done, METH_NOARGS, done_doc },
	{ "result", (PyCFunction)(void (*)(void))future_result, METH_VARARGS | METH_KEYWORDS, result_doc },
	{ "exception", (PyCFunction)(void (*)(void))future_exception, METH_VARARGS | METH_KEYWORDS, exception_doc },
	{ "add_done_callback", (PyCFunction)(void (*)(void))future_add_done_callback, METH_VARARGS | METH_KEYWORDS,
	  add_done_callback_doc },
	{ "_on_failure", (PyCFunction)future_on_failure, METH_O, NULL },
	{ "stop", (PyCFunction)(void (*)(void))future_stop, METH_VARARGS | METH_KEYWORDS, stop_doc },
	{ "set_running_or_notify_cancel", (PyCFunction)future_set_running, METH_NOARGS, NULL },
	{ "set_result", (PyCFunction)future_set_result, METH_O, NULL },
	{ "set_exception", (PyCFunction)future_set_exception, METH_O, NULL },
	{ NULL, NULL, 0, NULL },
};

int add_future(PyObject *module)
{
	static PyType_Slot slots[] = {
		{ Py_tp_new, future_make },
		{ Py_tp_init, future_init },
		{ Py_tp_dealloc, future_dealloc },
		{ Py_tp_traverse, future_traverse },
		{ Py_tp_clear, future_clear },
		{ Py_tp_methods, methods },
		{ Py_tp_getset, properties },
		{ 0, NULL },
	};
	static PyType_Spec spec = {
		"quiesce._core.Future",
		sizeof(struct future),
		0,
		Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
		slots,
	};
	PyObject *type = PyType_FromSpec(&spec);

	return type == NULL ? -1 : PyModule_AddObject(module, "Future", type);
}

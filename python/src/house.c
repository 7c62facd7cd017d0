/* SPDX-License-Identifier: MIT */
/*
 * house.c - the pool behind an executor, and the threads that work in it.
 *
 * The references to a house are the executor's and one per thread, from before its start until it
 * has come back from qs_pool_work().  Who drops the last one frees the pool, in which nobody is left:
 * the main thread, the collector, or a thread that has just been a worker.  One that was abandoned
 * keeps its reference, so its pool stays.
 *
 * The line of pending futures is what `_work_queue` shows: the library's queue cannot be walked.
 */
#include "house.h"

#include <errno.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "wait.h"

PyTypeObject *house_type;

/* ---------------------------------------------------------------------------- pending, changes */

/* Somebody who waits for room in the queue, or for the workers to leave; on his stack. */
struct watcher {
	int fd;			/* an eventfd */
	bool is_woken;		/* and has not looked yet: each task's end may be a change */
	struct watcher *next;
};

void house_wake(struct house *house)
{
	const uint64_t one = 1;

	for (struct watcher *watcher = house->waiting; watcher != NULL; watcher = watcher->next) {
		if (!watcher->is_woken)
			(void)!write(watcher->fd, &one, sizeof(one));
		watcher->is_woken = true;
	}
}

void house_add_pending(struct house *house, struct future *future)
{
	future->house = house;
	future->older = house->newest;
	future->newer = NULL;
	if (house->newest != NULL)
		house->newest->newer = future;
	else
		house->oldest = future;
	house->newest = future;
	house->pending++;
}

void house_remove_pending(struct house *house, struct future *future)
{
	if (future->house == NULL)
		return;
	if (future->older != NULL)
		future->older->newer = future->newer;
	else
		house->oldest = future->newer;
	if (future->newer != NULL)
		future->newer->older = future->older;
	else
		house->newest = future->older;
	future->house = NULL;
	house->pending--;
	if (house->waiting != NULL)
		house_wake(house);
}

static void watcher_leave(struct house *house, struct watcher *watcher)
{
	struct watcher **link = &house->waiting;

	while (*link != watcher)
		link = &(*link)->next;
	*link = watcher->next;
}

int house_wait(struct house *house, qs_time deadline)
{
	struct watcher watcher = { eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), false, house->waiting };
	int result;

	if (watcher.fd < 0) {
		(void)PyErr_SetFromErrno(PyExc_OSError);
		return -1;
	}
	house->waiting = &watcher;
	result = wait_readable(watcher.fd, deadline);
	watcher_leave(house, &watcher);
	(void)close(watcher.fd);
	return result;
}

/* ------------------------------------------------------------------------------------- workers */

/* A thread that is being started; on the stack of who does.  A signal handler may come in between. */
struct start {
	unsigned long by;	/* the thread that starts it */
	struct start *next;
};

size_t house_starts_here(const struct house *house)
{
	const unsigned long here = PyThread_get_thread_ident();
	size_t count = 0;

	for (const struct start *it = house->starts; it != NULL; it = it->next)
		count += it->by == here;
	return count;
}

/* New reference, or NULL with an exception. */
static PyObject *call_starter(struct house *house)
{
	struct start start = { PyThread_get_thread_ident(), house->starts };
	struct start **link = &house->starts;
	PyObject *started;

	house->starts = &start;
	started = PyObject_CallFunctionObjArgs(house->starter, house, NULL);
	while (*link != &start)
		link = &(*link)->next;
	*link = start.next;
	return started;
}

#define STARTS_MAX 3

/*
 * What a signal handler raises meanwhile (a KeyboardInterrupt) says nothing of the thread, which may
 * be there or not.  One more is started then; if the first one comes after all, it takes a free place
 * or leaves.  The exception stays set, for who submits.
 */
static bool start_in_spite_of_handlers(struct house *house)
{
	PyObject *type = NULL, *value = NULL, *traceback = NULL;
	PyObject *started = NULL;

	for (int i = 0; i < STARTS_MAX && started == NULL; i++) {
		started = call_starter(house);
		if (started != NULL)
			continue;
		if (PyErr_ExceptionMatches(PyExc_Exception)) {
			PyErr_Clear();
			break;
		}
		Py_CLEAR(type);
		Py_CLEAR(value);
		Py_CLEAR(traceback);
		PyErr_Fetch(&type, &value, &traceback);
	}
	Py_XDECREF(started);
	if (type != NULL)
		PyErr_Restore(type, value, traceback);
	return started != NULL;
}

/* qs_pool_options.start. */
static int start_thread(qs_pool *pool, void *arg)
{
	struct house *house = arg;
	struct grip grip;
	bool is_started;

	(void)pool;
	if (!grip_begin(&grip))
		return -EAGAIN;
	is_started = start_in_spite_of_handlers(house);
	grip_end(&grip);
	return is_started ? 0 : -EAGAIN;
}

/* The pool is of no use, and says so to whoever submits and to those who wait. */
static int break_house(struct house *house)
{
	PyObject *exception = take_exception();
	PyObject *logged;

	if (house->broken == NULL)
		house->broken = PyUnicode_FromString(HOUSE_BROKEN);
	logged = PyObject_CallFunctionObjArgs(lookups.log_initializer, exception, NULL);
	Py_XDECREF(logged);
	Py_XDECREF(exception);
	PyErr_Clear();
	return -ENOTRECOVERABLE;
}

/* qs_pool_options.init. */
static int begin(void **out_data, void *arg)
{
	struct house *house = arg;
	struct grip grip;
	PyObject *returned;
	int error = 0;

	*out_data = resident_here();
	if (house->initializer == NULL)
		return 0;
	if (!grip_begin(&grip))
		return -ENOTRECOVERABLE;
	returned = PyObject_Call(house->initializer, house->initargs, NULL);
	if (returned == NULL)
		error = break_house(house);
	Py_XDECREF(returned);
	grip_end(&grip);
	return error;
}

/* qs_pool_options.idle. */
static void go_idle(void *data, void *arg)
{
	(void)arg;
	gil_let_go(data);
}

static void join_residents(struct house *house, struct resident *resident)
{
	resident->next = house->residents;
	house->residents = resident;
}

static void leave_residents(struct house *house, struct resident *resident)
{
	struct resident **link = &house->residents;

	while (*link != resident)
		link = &(*link)->next;
	*link = resident->next;
	house_wake(house);
}

PyDoc_STRVAR(work_doc, "work($module, house, /)\n--\n\nBe a worker until there is nothing more to do.");

static PyObject *work(PyObject *module, PyObject *object)
{
	struct house *house = (struct house *)object;
	struct resident resident;

	(void)module;
	if (!PyObject_TypeCheck(object, house_type))
		return PyErr_Format(PyExc_TypeError, "work() takes a house");
	resident_enter(&resident, house);
	join_residents(house, &resident);
	gil_let_go(&resident);
	(void)qs_pool_work(house->pool);
	resident_leave(&resident);
	leave_residents(house, &resident);
	Py_RETURN_NONE;
}

/* ------------------------------------------------------------------------------ making, freeing */

PyObject *house_new(uint32_t workers, size_t max_pending, PyObject *starter, PyObject *initializer, PyObject *initargs)
{
	const allocfunc alloc = (allocfunc)PyType_GetSlot(house_type, Py_tp_alloc);
	struct house *house = (struct house *)alloc(house_type, 0);
	qs_pool_options options = QS_POOL_OPTIONS_INIT;
	int error;

	if (house == NULL)
		return NULL;
	Py_INCREF(starter);
	house->starter = starter;
	if (initializer != Py_None) {
		Py_INCREF(initializer);
		Py_INCREF(initargs);
		house->initializer = initializer;
		house->initargs = initargs;
	}
	options.flags = QS_POOL_LAZY;
	options.workers = workers;
	options.max_pending = max_pending;
	options.start = start_thread;
	options.start_arg = house;
	options.init = begin;
	options.idle = go_idle;
	options.worker_arg = house;
	error = qs_pool_create(&house->pool, &options);
	if (error == 0)
		return (PyObject *)house;
	Py_DECREF(house);
	return raise_code(error);
}

static int house_traverse(PyObject *object, visitproc visit, void *arg)
{
	struct house *house = (struct house *)object;

#if PY_VERSION_HEX >= 0x03090000
	Py_VISIT(Py_TYPE(object));
#endif
	Py_VISIT(house->starter);
	Py_VISIT(house->initializer);
	Py_VISIT(house->initargs);
	return 0;
}

static int house_clear(PyObject *object)
{
	struct house *house = (struct house *)object;

	Py_CLEAR(house->starter);
	Py_CLEAR(house->initializer);
	Py_CLEAR(house->initargs);
	return 0;
}

static int free_pool(void *arg)
{
	qs_pool *pool = arg;

	(void)qs_pool_shutdown(pool, QS_CANCEL);
	(void)qs_pool_join(pool, QS_NEVER, NULL, NULL);
	return qs_pool_destroy(pool);
}

static void house_dealloc(PyObject *object)
{
	struct house *house = (struct house *)object;
	PyTypeObject *type = Py_TYPE(object);
	const freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);

	PyObject_GC_UnTrack(object);
	if (house->pool != NULL)
		(void)gil_wait(free_pool, house->pool);
	(void)house_clear(object);
	Py_CLEAR(house->broken);
	release(object);
	Py_DECREF(type);
}

static PyMethodDef functions[] = {
	{ "work", work, METH_O, work_doc },
	{ NULL, NULL, 0, NULL },
};

int add_house(PyObject *module)
{
	static PyType_Slot slots[] = {
		{ Py_tp_new, refuse_new },
		{ Py_tp_dealloc, house_dealloc },
		{ Py_tp_traverse, house_traverse },
		{ Py_tp_clear, house_clear },
		{ 0, NULL },
	};
	static PyType_Spec spec = {
		"quiesce._core.House",
		sizeof(struct house),
		0,
		Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
		slots,
	};

	house_type = (PyTypeObject *)PyType_FromSpec(&spec);
	if (house_type == NULL)
		return -1;
	return PyModule_AddFunctions(module, functions);
}

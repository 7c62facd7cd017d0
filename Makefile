# SPDX-License-Identifier: MIT
#
# The short way to the presets of CMakePresets.json.  `make help` lists what there is.
#
# Honoured, from the command line or the environment: CC CXX CPPFLAGS CFLAGS LDFLAGS PREFIX LIBDIR DESTDIR DEVELOPER=1 JOBS,
# and PYTHONS, the Pythons that the module is for.  What is given stays in force in build/ until something else is given, or
# until `make clean`; but PREFIX, LIBDIR and DESTDIR are install's, PYTHONS is the module's, PLOT and BENCH (further words for
# bench/python/beside.py) are bench-python's, and hold for that once.

MAKEFLAGS += --no-print-directory
BUILD = build
JOBS ?= $(shell getconf _NPROCESSORS_ONLN)
SOAK ?= 200
BASE = bookworm
PRESET = release

given = $(filter-out default undefined,$(origin $(1)))
settings = $(strip \
	$(if $(call given,CC),-DCMAKE_C_COMPILER='$(CC)') \
	$(if $(call given,CXX),-DCMAKE_CXX_COMPILER='$(CXX)') \
	$(if $(CPPFLAGS)$(CFLAGS),-DCMAKE_BUILD_TYPE=None -DCMAKE_C_FLAGS='$(strip $(CPPFLAGS) $(CFLAGS))') \
	$(if $(LDFLAGS),-DCMAKE_EXE_LINKER_FLAGS='$(LDFLAGS)' -DCMAKE_SHARED_LINKER_FLAGS='$(LDFLAGS)') \
	$(if $(DEVELOPER),-DQS_DEVELOPER=$(if $(filter 0,$(DEVELOPER)),OFF,ON)))
place = -DCMAKE_INSTALL_PREFIX='$(or $(PREFIX),/usr/local)' \
	$(if $(LIBDIR),-DCMAKE_INSTALL_LIBDIR='$(LIBDIR)',-UCMAKE_INSTALL_LIBDIR)
# Under `make -j` the inner make takes its share of the outer one's jobs.
parallel = $(if $(findstring -j,$(MAKEFLAGS)),,--parallel $(JOBS))

.PHONY: all help run python check check-quick check-asan check-ubsan check-tsan check-memcheck check-sim check-posix \
	check-musl check-python check-all check-includes check-pairs check-man check-fresh soak bench bench-python install uninstall format \
	clean dist configure

all: configure	## into build/: program, libraries, manual, examples (default)
	+@cmake --build $(BUILD) $(parallel) --target artifacts

# Once configured, CMake looks after itself; only new settings need it again.
configured = $(wildcard $(BUILD)/Makefile $(BUILD)/build.ninja)
configure:
	$(if $(configured),$(if $(settings),@,@: ),@)cmake --preset release $(settings) >/dev/null

help:		## this list
	@sed -n 's/^\([a-z-]*\):[^#]*##/\1/p' Makefile | awk '{ name = $$1; $$1 = ""; printf "%-16s%s\n", name, $$0 }'

run:		## the main job on real files: ./run
	@exec ./run

python:		## the Python module, for each Python found, in build/python/
	@tools/setup python
	@cmake --preset release -DQS_PYTHON=ON -DQS_PYTHONS='$(PYTHONS)' $(settings) >/dev/null
	+@cmake --build $(BUILD) $(parallel) --target python

check:		## what a change must pass: ./check
	@./check

check-quick:	## the core of the tests, two minutes
	@tools/setup test && tools/run-tests -L core release

check-asan:	## the tests under the address, leak and UB sanitizers
	@tools/setup test && tools/run-tests asan

check-ubsan:	## the tests under the undefined behaviour sanitizer alone
	@tools/setup test && tools/run-tests ubsan

check-tsan:	## the tests under the thread sanitizer
	@tools/setup test && tools/run-tests tsan

check-memcheck:	## the tests under valgrind's memcheck
	@tools/setup memcheck && tools/memcheck

check-sim:	## the simulator, one preemption deeper: twenty minutes
	@tools/setup test && tools/run-tests sim

check-posix:	## the tests on the platform layer of plain POSIX
	@tools/setup test && tools/run-tests posix

check-musl:	## the tests with musl for a libc
	@tools/setup test musl && tools/run-tests musl

check-python:	## the Python module's tests, under each of them (PRESET=asan)
	@tools/setup python && tools/check-python $(PRESET)

check-all: check-includes check-pairs check-man	## everything, under every preset: before an issue is finished
	@tools/setup memcheck musl && tools/run-tests release debug asan ubsan tsan sim posix musl && tools/memcheck

check-includes:	## a folder of src/ includes only what its .may_include allows
	@tools/check-includes

check-pairs:	## each atomic operation names the one that it pairs with
	@tools/check-pairs

check-man: all	## a page per function; examples compile, references resolve
	@tools/setup test && tools/check-man $(BUILD)

check-fresh:	## ./run and ./check in a bare Debian (root; BASE=bookworm)
	@tools/setup fresh && tests/setup/fresh $(BASE)

soak:		## the long tests, then all SOAK=200 times, until one fails
	@tools/setup test && tools/run-tests --soak release && tools/run-tests --repeat $(SOAK) release

bench: configure	## the measurements
	+@cmake --build $(BUILD) $(parallel) --target bench_programs examples_control_c
	@for program in $(BUILD)/bench/* bench/*.py; do if [ -f "$$program" ]; then "$$program" || exit; fi; done

bench-python: python	## the module beside concurrent.futures (PLOT=FILE.png)
	@tools/setup bench $(if $(PLOT),plot)
	@PYTHONS="$$(tools/find-pythons | cut -f 1)" PYTHONPATH='$(CURDIR)/$(BUILD)/python' PYTHONDONTWRITEBYTECODE=1 \
		python3 bench/python/beside.py $(if $(PLOT),--plot '$(PLOT)') $(BENCH)

install: all	## under PREFIX (/usr/local), inside DESTDIR
	@cmake --preset release $(place) >/dev/null
	@DESTDIR='$(DESTDIR)' cmake --install $(BUILD)

uninstall:	## what install put there
	@DESTDIR='$(DESTDIR)' cmake -D BUILD=$(BUILD) -P cmake/uninstall.cmake

format:		## lay the C files out by .clang-format
	@tools/setup format && tools/format

clean:		## remove build/
	rm -rf $(BUILD)

dist:		## build/quiesce-VERSION.tar.gz, the sources
	@tools/dist $(BUILD)

# SPDX-License-Identifier: MIT
#
# find_package(quiesce) gives quiesce::quiesce (shared) and quiesce::quiesce_static.

include(CMakeFindDependencyMacro)
set(THREADS_PREFER_PTHREAD_FLAG OFF)
find_dependency(Threads)
include("${CMAKE_CURRENT_LIST_DIR}/quiesce-targets.cmake")

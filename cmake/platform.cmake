# SPDX-License-Identifier: MIT
#
# Which files fulfil the contracts of src/platform/*.h.
#
#	QS_PLATFORM_SOURCES	what both systems share (real/), and the chosen folder's
#	QS_PLATFORM_FOLDERS	where atomic_ops.h and spawn_calls.h are found
#	QS_PLATFORM_OPTIONS	how the library's own files are compiled

include(CheckSymbolExists)

if(NOT QS_PLATFORM MATCHES "^(linux|posix)$")
	message(FATAL_ERROR "QS_PLATFORM is linux or posix, not ${QS_PLATFORM}")
endif()

set(QS_PLATFORM_FOLDERS ${PROJECT_SOURCE_DIR}/src/platform/real ${PROJECT_SOURCE_DIR}/src/platform/${QS_PLATFORM})
file(GLOB QS_PLATFORM_SOURCES CONFIGURE_DEPENDS src/platform/real/*.c src/platform/${QS_PLATFORM}/*.c)

# Linux with another libc than glibc: what that lacks is done as on any POSIX system.
function(replace_if_missing file function header)
	set(CMAKE_REQUIRED_DEFINITIONS -D_GNU_SOURCE)
	check_symbol_exists(${function} ${header} QS_HAS_${function})
	if(NOT QS_HAS_${function})
		list(TRANSFORM QS_PLATFORM_SOURCES REPLACE "platform/linux/${file}$" "platform/posix/${file}")
		set(QS_PLATFORM_SOURCES ${QS_PLATFORM_SOURCES} PARENT_SCOPE)
	endif()
endfunction()

if(QS_PLATFORM STREQUAL linux)
	replace_if_missing(thread_join.c pthread_clockjoin_np pthread.h)
	replace_if_missing(errno_words.c strerrordesc_np string.h)
else()
	# The library keeps to the standard, and the compiler sees to it.  (XSI, for <sys/resource.h> and SA_ONSTACK.)
	set(QS_PLATFORM_OPTIONS -U_GNU_SOURCE -D_XOPEN_SOURCE=700)
endif()

# SPDX-License-Identifier: MIT
#
# quiesce_options: how every file of ours is compiled, the tests included.  An installed target never carries any of it.

include(CheckCCompilerFlag)
include(CheckLanguage)

add_library(quiesce_options INTERFACE)
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_CXX_STANDARD 17)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

target_include_directories(quiesce_options INTERFACE ${PROJECT_SOURCE_DIR}/include)
# Empty, as a source file that says so itself would write it; a C++ compiler says it by itself.
target_compile_definitions(quiesce_options INTERFACE $<$<COMPILE_LANGUAGE:C>:_GNU_SOURCE=>)
target_compile_options(quiesce_options INTERFACE -Wall -Wextra)
target_link_libraries(quiesce_options INTERFACE Threads::Threads)

# Lists whose head lives on the stack are emptied before their function returns, which gcc 12 cannot see.
check_c_compiler_flag(-Wdangling-pointer QS_HAS_DANGLING_POINTER)
if(QS_HAS_DANGLING_POINTER)
	target_compile_options(quiesce_options INTERFACE $<$<COMPILE_LANGUAGE:C>:-Wno-dangling-pointer>)
endif()

# C++ is for an example and some tests.  It is looked for again each time, for a compiler may have come.  One of another kind
# than the C compiler is as good, but brings another sanitizer.
if(NOT CMAKE_CXX_COMPILER)
	unset(CMAKE_CXX_COMPILER CACHE)
endif()
if(NOT QS_LIBC_ALONE)
	check_language(CXX)
endif()
if(CMAKE_CXX_COMPILER)
	enable_language(CXX)
endif()
set(QS_HAS_CXX OFF)
if(CMAKE_CXX_COMPILER AND (NOT QS_SANITIZE OR CMAKE_CXX_COMPILER_ID STREQUAL CMAKE_C_COMPILER_ID))
	set(QS_HAS_CXX ON)
endif()

# A body may end its thread, or let an exception pass: then ours, which is C, has to be cleaned up on the way.
target_compile_options(quiesce_options INTERFACE $<$<COMPILE_LANGUAGE:C>:-fexceptions>)

if(QS_DEBUG)
	target_compile_definitions(quiesce_options INTERFACE QS_DEBUG=1)
endif()

if(QS_DEVELOPER)
	target_compile_options(quiesce_options INTERFACE
		-Werror -Wshadow -Wundef -Wvla -Wpointer-arith -Wwrite-strings -Wformat=2
		-Wimplicit-fallthrough
		$<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes$<SEMICOLON>-Wmissing-prototypes$<SEMICOLON>-Wold-style-definition>)
endif()

if(QS_SANITIZE)
	set(sanitize -fsanitize=${QS_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
	target_compile_options(quiesce_options INTERFACE ${sanitize})
	# The libraries are linked without quiesce_options, their users may be, too.
	add_link_options(${sanitize})
endif()

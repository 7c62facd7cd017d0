# SPDX-License-Identifier: MIT
#
# quiesce_options: how every file of ours is compiled, the tests included.  An installed target never carries any of it.

include(CheckCCompilerFlag)

add_library(quiesce_options INTERFACE)
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

target_include_directories(quiesce_options INTERFACE ${PROJECT_SOURCE_DIR}/include)
# Empty, as a source file that says so itself would write it.
target_compile_definitions(quiesce_options INTERFACE _GNU_SOURCE=)
target_compile_options(quiesce_options INTERFACE -Wall -Wextra)
target_link_libraries(quiesce_options INTERFACE Threads::Threads)

# Lists whose head lives on the stack are emptied before their function returns, which gcc 12 cannot see.
check_c_compiler_flag(-Wdangling-pointer QS_HAS_DANGLING_POINTER)
if(QS_HAS_DANGLING_POINTER)
	target_compile_options(quiesce_options INTERFACE -Wno-dangling-pointer)
endif()

# A body may end its thread, or let an exception pass: then ours, which is C, has to be cleaned up on the way.
target_compile_options(quiesce_options INTERFACE $<$<COMPILE_LANGUAGE:C>:-fexceptions>)

if(QS_DEBUG)
	target_compile_definitions(quiesce_options INTERFACE QS_DEBUG=1)
endif()

if(QS_DEVELOPER)
	target_compile_options(quiesce_options INTERFACE
		-Werror -Wshadow -Wundef -Wvla -Wpointer-arith -Wwrite-strings -Wformat=2
		-Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wimplicit-fallthrough)
endif()

if(QS_SANITIZE)
	set(sanitize -fsanitize=${QS_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
	target_compile_options(quiesce_options INTERFACE ${sanitize})
	# The libraries are linked without quiesce_options, their users may be, too.
	add_link_options(${sanitize})
endif()

# SPDX-License-Identifier: MIT
#
# cmake -D BUILD=folder -P uninstall.cmake: takes away what the last `install` of that build put under $DESTDIR, and those
# folders that it made, if they are empty.

if(NOT EXISTS "${BUILD}/install_manifest.txt")
	message(FATAL_ERROR "nothing was installed from ${BUILD}")
endif()

set(removed OFF)
file(STRINGS "${BUILD}/install_manifest.txt" files)
foreach(file IN LISTS files)
	cmake_path(SET path NORMALIZE "$ENV{DESTDIR}${file}")
	if(EXISTS "${path}" OR IS_SYMLINK "${path}")
		file(REMOVE "${path}")
		message(STATUS "Removed: ${path}")
		set(removed ON)
	endif()
endforeach()

if(EXISTS "${BUILD}/install_folders.txt")
	file(STRINGS "${BUILD}/install_folders.txt" folders)
	list(SORT folders ORDER DESCENDING)	# what lies deeper comes first
	foreach(folder IN LISTS folders)
		cmake_path(NORMAL_PATH folder)
		file(GLOB content "${folder}/*" "${folder}/.*")
		list(FILTER content EXCLUDE REGEX "/\\.\\.?$")
		if(IS_DIRECTORY "${folder}" AND NOT content)
			file(REMOVE_RECURSE "${folder}")
			message(STATUS "Removed: ${folder}")
			set(removed ON)
		endif()
	endforeach()
	file(REMOVE "${BUILD}/install_folders.txt")
endif()

if(NOT removed)
	message(STATUS "Nothing left to remove")
endif()

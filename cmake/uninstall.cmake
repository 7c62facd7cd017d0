# SPDX-License-Identifier: MIT
#
# cmake -D BUILD=folder -P uninstall.cmake: takes away what the last `install` of that build put under $DESTDIR, and those
# folders that it made, if they are empty.

if(NOT EXISTS "${BUILD}/install_manifest.txt")
	message(FATAL_ERROR "nothing was installed from ${BUILD}")
endif()

file(STRINGS "${BUILD}/install_manifest.txt" files)
foreach(file IN LISTS files)
	set(path "$ENV{DESTDIR}${file}")
	if(EXISTS "${path}" OR IS_SYMLINK "${path}")
		file(REMOVE "${path}")
		message("-- Removed: ${path}")
	endif()
endforeach()

if(EXISTS "${BUILD}/install_folders.txt")
	file(STRINGS "${BUILD}/install_folders.txt" folders)
	list(SORT folders ORDER DESCENDING)	# what lies deeper comes first
	foreach(folder IN LISTS folders)
		file(GLOB content "${folder}/*" "${folder}/.*")
		list(FILTER content EXCLUDE REGEX "/\\.\\.?$")
		if(IS_DIRECTORY "${folder}" AND NOT content)
			file(REMOVE_RECURSE "${folder}")
			message("-- Removed: ${folder}")
		endif()
	endforeach()
	file(REMOVE "${BUILD}/install_folders.txt")
endif()

# SPDX-License-Identifier: MIT
#
# Runs at the beginning of an installation.  Adds to QS_NOTE those of QS_FOLDERS, and of the folders above them, that are
# not there yet, one a line.

set(made "")
foreach(folder IN LISTS QS_FOLDERS)
	set(path "$ENV{DESTDIR}${folder}")
	while(NOT EXISTS "${path}")
		list(APPEND made "${path}")
		get_filename_component(path "${path}" DIRECTORY)
	endwhile()
endforeach()
list(REMOVE_DUPLICATES made)
foreach(path IN LISTS made)
	file(APPEND "${QS_NOTE}" "${path}\n")
endforeach()

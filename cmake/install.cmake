# SPDX-License-Identifier: MIT
#
# What `install` puts where, and how other projects find it: quiesce.pc, and find_package(quiesce).

include(CMakePackageConfigHelpers)

# First of all, note which folders are not there yet: uninstall takes away those, and no others.
install(CODE "set(QS_NOTE \"${PROJECT_BINARY_DIR}/install_folders.txt\")")
install(CODE "set(QS_FOLDERS \"${CMAKE_INSTALL_FULL_BINDIR};${CMAKE_INSTALL_FULL_INCLUDEDIR};\
${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig;${CMAKE_INSTALL_FULL_LIBDIR}/cmake/quiesce;\
${CMAKE_INSTALL_FULL_MANDIR}/man1;${CMAKE_INSTALL_FULL_MANDIR}/man3\")")
install(SCRIPT ${PROJECT_SOURCE_DIR}/cmake/note_folders.cmake)

install(TARGETS quiesce_shared quiesce_static EXPORT quiesce
	LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
	ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(TARGETS quiesce_program RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES include/quiesce.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY ${PROJECT_BINARY_DIR}/man/ DESTINATION ${CMAKE_INSTALL_MANDIR})

configure_file(quiesce.pc.in quiesce.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/quiesce.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

# 0.x may break from one minor version to the next, so another one is not a match.
set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/quiesce)
write_basic_package_version_file(quiesce-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES cmake/quiesce-config.cmake ${PROJECT_BINARY_DIR}/quiesce-config-version.cmake
	DESTINATION ${package_folder})
install(EXPORT quiesce NAMESPACE quiesce:: FILE quiesce-targets.cmake DESTINATION ${package_folder})

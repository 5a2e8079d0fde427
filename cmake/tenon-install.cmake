include(CMakePackageConfigHelpers)
set(tenon_package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/tenon")
install(TARGETS tenon tenon_compiled EXPORT tenon-targets FILE_SET HEADERS FILE_SET fragments)
if(TARGET tenon_tool)
  install(TARGETS tenon_tool)
endif()
install(EXPORT tenon-targets NAMESPACE tenon:: DESTINATION "${tenon_package_dir}")
configure_package_config_file(cmake/tenon-config.cmake.in
  "${CMAKE_CURRENT_BINARY_DIR}/tenon-config.cmake" INSTALL_DESTINATION "${tenon_package_dir}")
write_basic_package_version_file("${CMAKE_CURRENT_BINARY_DIR}/tenon-config-version.cmake"
  COMPATIBILITY SameMinorVersion)
install(FILES cmake/tenon-dependencies.cmake
  "${CMAKE_CURRENT_BINARY_DIR}/tenon-config.cmake"
  "${CMAKE_CURRENT_BINARY_DIR}/tenon-config-version.cmake"
  DESTINATION "${tenon_package_dir}")

# Imported targets of what the headers need; used by the build and by the installed package.
include(CMakeFindDependencyMacro)
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)

function(tenon_header_only_dependency name header package)
  if(TARGET tenon::${name})
    return()
  endif()
  find_path(TENON_${name}_INCLUDE_DIR "${header}" PATH_SUFFIXES ${ARGN})
  mark_as_advanced(TENON_${name}_INCLUDE_DIR)
  if(NOT TENON_${name}_INCLUDE_DIR)
    message(FATAL_ERROR "tenon: ${header} not found; install ${package} "
      "or set TENON_${name}_INCLUDE_DIR to the folder that holds it")
  endif()
  add_library(tenon::${name} INTERFACE IMPORTED GLOBAL)
  target_include_directories(tenon::${name} SYSTEM INTERFACE "${TENON_${name}_INCLUDE_DIR}")
endfunction()

tenon_header_only_dependency(eigen Eigen/Core libeigen3-dev eigen3)
tenon_header_only_dependency(protozero protozero/pbf_reader.hpp libprotozero-dev)

# Installs the build into a folder of its own, then builds and runs the consumer as a package user and as a
# subdirectory user. Called by ctest with SOURCE, BUILD, COMPILER and LAUNCHER.
set(work "${BUILD}/consumer")
set(compiler "-DCMAKE_CXX_COMPILER=${COMPILER}" "-DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER}" -GNinja
  -DCMAKE_BUILD_TYPE=Release "-DCMAKE_CXX_FLAGS_RELEASE=-O0")
file(REMOVE_RECURSE "${work}/prefix")

function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status)
  if(NOT status EQUAL 0)
    list(JOIN ARGN " " text)
    message(FATAL_ERROR "consumer: status ${status}: ${text}")
  endif()
endfunction()

run("${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${work}/prefix")
run("${CMAKE_COMMAND}" -S "${SOURCE}/tests/consumer" -B "${work}/package" ${compiler}
  "-DCMAKE_PREFIX_PATH=${work}/prefix")
run("${CMAKE_COMMAND}" --build "${work}/package" -j 2)
run("${CMAKE_COMMAND}" -S "${SOURCE}/tests/consumer" -B "${work}/subdirectory" ${compiler}
  "-DTENON_SOURCE=${SOURCE}")
# The library was built once already: a subdirectory user only configures a program that links it, which asks for the
# target and its sources, and compiles one unit.
run("${CMAKE_COMMAND}" --build "${work}/subdirectory" -j 2 --target with_subdirectory
  tenon/CMakeFiles/tenon_compiled.dir/compiled/runtime_host.cpp.o)
foreach(program package/with_compiled package/with_headers package/with_implementation
    package/with_no_exceptions
    package/graph_with_headers
    subdirectory/with_subdirectory)
  run("${work}/${program}")
endforeach()
if(EXISTS "${work}/package/with_mixed_march")  # on x86-64 alone
  run("${work}/package/with_mixed_march")
endif()

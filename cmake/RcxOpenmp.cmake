# OpenMP::OpenMP_C, and RCX_OPENMP_IS_STATIC: libgomp is a part of the program. Then cli/main.c can
# say how its threads wait before libgomp reads its environment; with a shared libgomp, which starts
# before anything of the program, the program has to start itself once more.
find_package(OpenMP REQUIRED COMPONENTS C)
set(RCX_OPENMP_IS_STATIC OFF)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU" AND NOT RCX_SANITIZE)
  execute_process(COMMAND "${CMAKE_C_COMPILER}" -print-file-name=libgomp.a
                  OUTPUT_VARIABLE libgomp OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(IS_ABSOLUTE "${libgomp}" AND EXISTS "${libgomp}") # else the bare name: there is none
    set(RCX_OPENMP_IS_STATIC ON)
    set_property(TARGET OpenMP::OpenMP_C PROPERTY INTERFACE_LINK_LIBRARIES "${libgomp}" pthread)
  endif()
endif()

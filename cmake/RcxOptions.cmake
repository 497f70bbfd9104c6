# Language level, warnings, optimisation, sanitizers.
set(CMAKE_C_STANDARD 17)
set(CMAKE_C_EXTENSIONS ON)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_CXX_STANDARD 17)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE OFF)

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()

option(RCX_TESTS "Build the tests" ON)
option(RCX_WERROR "Treat warnings as errors" OFF)
option(RCX_COVERAGE "Instrument for coverage" OFF)
option(RCX_FUZZ "Build the libFuzzer targets (clang only)" OFF)
set(RCX_SANITIZE "" CACHE STRING "Sanitizers, for instance address,undefined")

set(RCX_COMPILE_OPTIONS
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wvla -Wundef -Wcast-qual
    -Wformat=2 -Wswitch-enum -ffp-contract=off -fno-math-errno)
set(RCX_C_OPTIONS -Wstrict-prototypes -Wmissing-prototypes)
set(RCX_LINK_OPTIONS "")
# 128-bit integers are part of the design (exact money); ISO C has no name for them.
list(APPEND RCX_COMPILE_OPTIONS -Wno-pedantic)
if(RCX_WERROR)
  list(APPEND RCX_COMPILE_OPTIONS -Werror)
endif()
if(RCX_SANITIZE)
  list(APPEND RCX_COMPILE_OPTIONS -fsanitize=${RCX_SANITIZE} -fno-sanitize-recover=all
       -fno-omit-frame-pointer)
  list(APPEND RCX_LINK_OPTIONS -fsanitize=${RCX_SANITIZE})
endif()
if(RCX_COVERAGE)
  # Threads count in the same places.
  list(APPEND RCX_COMPILE_OPTIONS --coverage -fprofile-update=atomic)
  list(APPEND RCX_LINK_OPTIONS --coverage)
endif()

set(CMAKE_C_FLAGS_RELEASE "-O2 -g1 -DNDEBUG")
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1 -DNDEBUG")
set(RCX_DEBUG_FLAGS "-Og -g" CACHE STRING "Optimisation of the build type Debug")
set(CMAKE_C_FLAGS_DEBUG "${RCX_DEBUG_FLAGS}")
set(CMAKE_CXX_FLAGS_DEBUG "${RCX_DEBUG_FLAGS}")

# Compiler settings of every target: language level, warnings as errors, hardening, sanitizers.
# GCC 12 miscompiles coroutines (docs/decisions/002-clang-19.md), so only clang is accepted.

if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang" OR CMAKE_CXX_COMPILER_VERSION VERSION_LESS 19)
  message(FATAL_ERROR "kansoku needs clang 19 or newer, found ${CMAKE_CXX_COMPILER_ID} "
                      "${CMAKE_CXX_COMPILER_VERSION}; use a preset of CMakePresets.json or ./dev build")
endif()

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
# One code model for libraries and programs, so that they share the precompiled header.
add_compile_options(-fPIE)
add_link_options(-pie)
set(CMAKE_CXX_FLAGS_RELEASE "-O3 -g1")
set(CMAKE_C_FLAGS_RELEASE "-O3 -g1")
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O1 -g1")
set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g")

add_compile_options(
  $<$<COMPILE_LANGUAGE:CXX>:-Wall> $<$<COMPILE_LANGUAGE:CXX>:-Wextra>
  $<$<COMPILE_LANGUAGE:CXX>:-Wconversion> $<$<COMPILE_LANGUAGE:CXX>:-Wno-sign-conversion>
  $<$<COMPILE_LANGUAGE:CXX>:-Wshadow> $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor>
  $<$<COMPILE_LANGUAGE:CXX>:-Werror>
  # Described structs are filled with designated initialisers; members left out have defaults.
  $<$<COMPILE_LANGUAGE:CXX>:-Wno-missing-field-initializers>
  $<$<COMPILE_LANGUAGE:CXX>:-Wno-missing-designated-field-initializers>
  # Answers have the same bits on every processor: no fused multiplications (ARM64's default).
  -ffp-contract=off
  -fno-omit-frame-pointer -ffile-prefix-map=${CMAKE_SOURCE_DIR}/=)
if(CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64")
  add_compile_options(-march=x86-64-v2)
endif()

if(KANSOKU_SANITIZE)
  add_compile_options(-fsanitize=${KANSOKU_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${KANSOKU_SANITIZE})
  if(KANSOKU_SANITIZE MATCHES "undefined")
    # nghttp2 and SQLite call back through C prototypes.
    add_compile_options(-fno-sanitize=function)
  endif()
else()
  add_compile_options(-fstack-protector-strong)
  add_compile_definitions($<$<CONFIG:Release>:_FORTIFY_SOURCE=2> $<$<CONFIG:Release>:_GLIBCXX_ASSERTIONS>)
  add_link_options($<$<CONFIG:Release>:-Wl,--gc-sections>)
  add_compile_options($<$<CONFIG:Release>:-ffunction-sections> $<$<CONFIG:Release>:-fdata-sections>)
endif()
if(KANSOKU_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
add_link_options(-fuse-ld=lld-19 -Wl,-z,relro,-z,now)

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

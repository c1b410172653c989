# The four kinds of thing we build, and the one set of flags they share.
#
#   porter_library(NAME SOURCES … [USES lib …] [EXTERNAL target …])
#   porter_service(NAME SOURCES … [USES lib …])
#   porter_test(NAME SOURCES … [USES lib …])     a cmocka program, run by ctest
#   porter_fuzz(NAME SOURCES … [USES lib …])     a libFuzzer program (preset fuzz); elsewhere it
#                                                replays tests/fuzz/corpus/NAME and regression/NAME
#
# A library uses only the libraries it names in USES, and its EXTERNAL library is included by no
# other folder (tests/contract/include_rules.py checks both).

set(PORTER_SANITIZE "" CACHE STRING "Comma list for -fsanitize=")
option(PORTER_FUZZ "Build the fuzzers with libFuzzer" OFF)

set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS ON)
# Asserts stay on in what is deployed: no -DNDEBUG.
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g")
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(THREADS_PREFER_PTHREAD_FLAG ON)

include(CheckPIESupported)
check_pie_supported(LANGUAGES C)

find_package(Threads REQUIRED)
find_package(OpenSSL 3 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(LIBPQ REQUIRED IMPORTED_TARGET libpq)
pkg_check_modules(HIREDIS REQUIRED IMPORTED_TARGET hiredis)
pkg_check_modules(RDKAFKA REQUIRED IMPORTED_TARGET rdkafka)
pkg_check_modules(PROTOBUFC REQUIRED IMPORTED_TARGET libprotobuf-c)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)
pkg_check_modules(CURL REQUIRED IMPORTED_TARGET libcurl)
pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET cmocka)

add_library(porter_flags INTERFACE)
target_compile_definitions(porter_flags INTERFACE _GNU_SOURCE
    $<$<CONFIG:Debug>:PORTER_CRASH_POINTS>
    $<$<NOT:$<CONFIG:Debug>>:_FORTIFY_SOURCE=2>)
target_compile_options(porter_flags INTERFACE
    -Wall -Wextra -Wpedantic -Werror -Wshadow -Wconversion -Wstrict-prototypes
    -Wmissing-prototypes -Wswitch-enum -Wformat=2 -Wvla -Wundef -Wpointer-arith
    -Wframe-larger-than=4096 -fstack-protector-strong -fno-omit-frame-pointer)
target_link_options(porter_flags INTERFACE -Wl,-z,relro,-z,now)
if(PORTER_SANITIZE)
    # Instrumented frames are larger than the ones we ship.
    target_compile_options(porter_flags INTERFACE -fsanitize=${PORTER_SANITIZE}
        -fno-sanitize-recover=all -Wframe-larger-than=65536)
    target_link_options(porter_flags INTERFACE -fsanitize=${PORTER_SANITIZE})
endif()
if(PORTER_FUZZ)
    # Coverage everywhere, or libFuzzer would be blind; its main only in the fuzzers.
    target_compile_options(porter_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

function(porter_target_setup target)
    cmake_parse_arguments(ARG "" "" "USES;EXTERNAL" ${ARGN})
    target_include_directories(${target} PUBLIC ${CMAKE_SOURCE_DIR}/libs)
    target_link_libraries(${target} PRIVATE porter_flags)
    foreach(lib IN LISTS ARG_USES)
        target_link_libraries(${target} PUBLIC porter_${lib})
    endforeach()
    foreach(lib IN LISTS ARG_EXTERNAL)
        target_link_libraries(${target} PRIVATE ${lib})
    endforeach()
endfunction()

function(porter_library name)
    cmake_parse_arguments(ARG "" "" "SOURCES;USES;EXTERNAL" ${ARGN})
    add_library(porter_${name} STATIC ${ARG_SOURCES})
    porter_target_setup(porter_${name} USES ${ARG_USES} EXTERNAL ${ARG_EXTERNAL})
endfunction()

function(porter_service name)
    cmake_parse_arguments(ARG "" "" "SOURCES;USES" ${ARGN})
    add_executable(${name} ${ARG_SOURCES})
    porter_target_setup(${name} USES ${ARG_USES})
    target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/services)
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
    target_link_libraries(${name} PRIVATE Threads::Threads)
endfunction()

function(porter_test name)
    cmake_parse_arguments(ARG "" "" "SOURCES;USES" ${ARGN})
    add_executable(${name} ${ARG_SOURCES})
    porter_target_setup(${name} USES ${ARG_USES} EXTERNAL PkgConfig::CMOCKA)
    target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/services ${CMAKE_SOURCE_DIR}/tests)
    target_link_libraries(${name} PRIVATE Threads::Threads)
    add_test(NAME ${name} COMMAND ${name})
    set_tests_properties(${name} PROPERTIES TIMEOUT 300 LABELS unit)
endfunction()

function(porter_fuzz name)
    cmake_parse_arguments(ARG "" "" "SOURCES;USES" ${ARGN})
    if(PORTER_FUZZ)
        add_executable(${name} ${ARG_SOURCES})
        porter_target_setup(${name} USES ${ARG_USES})
        target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    else()
        add_executable(${name} ${ARG_SOURCES} ${CMAKE_SOURCE_DIR}/tests/fuzz/replay.c)
        porter_target_setup(${name} USES ${ARG_USES})
        add_test(NAME ${name} COMMAND ${name} ${CMAKE_SOURCE_DIR}/tests/fuzz/corpus/${name}
                 ${CMAKE_SOURCE_DIR}/tests/fuzz/regression/${name})
        set_tests_properties(${name} PROPERTIES TIMEOUT 120 LABELS fuzz)
    endif()
    target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/services)
endfunction()

# proto/**/*.proto -> the protobuf-c target porter_proto (generated headers: "porter/v1/….pb-c.h").
find_program(PROTOC_C protoc-c REQUIRED)
file(GLOB_RECURSE PORTER_PROTOS CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/proto/*.proto)
set(generated "")
foreach(proto IN LISTS PORTER_PROTOS)
    file(RELATIVE_PATH rel ${CMAKE_SOURCE_DIR}/proto ${proto})
    string(REGEX REPLACE "\\.proto$" "" stem ${rel})
    set(out ${CMAKE_BINARY_DIR}/proto/${stem})
    add_custom_command(
        OUTPUT ${out}.pb-c.c ${out}.pb-c.h
        COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/proto
        COMMAND ${PROTOC_C} -I${CMAKE_SOURCE_DIR}/proto -I/usr/include
                --c_out=${CMAKE_BINARY_DIR}/proto ${proto}
        DEPENDS ${PORTER_PROTOS} VERBATIM)
    list(APPEND generated ${out}.pb-c.c ${out}.pb-c.h)
endforeach()
# The well-known types that Debian's libprotobuf-c carries no C code for.
foreach(known timestamp wrappers)
    set(out ${CMAKE_BINARY_DIR}/proto/google/protobuf/${known})
    add_custom_command(
        OUTPUT ${out}.pb-c.c ${out}.pb-c.h
        COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/proto
        COMMAND ${PROTOC_C} -I/usr/include --c_out=${CMAKE_BINARY_DIR}/proto
                /usr/include/google/protobuf/${known}.proto
        VERBATIM)
    list(APPEND generated ${out}.pb-c.c ${out}.pb-c.h)
endforeach()

add_library(porter_proto STATIC ${generated})
target_include_directories(porter_proto SYSTEM PUBLIC ${CMAKE_BINARY_DIR}/proto)
target_link_libraries(porter_proto PUBLIC PkgConfig::PROTOBUFC)

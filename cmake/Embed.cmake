# Turns text files into C at build time.
#
#   porter_embed_sql(TARGET NAME DIR)   every DIR/*.sql -> NAME_sql.[ch]: one
#                                       `const struct sql sql_<statement>` per "-- name:" and the
#                                       table `NAME_statements`
#   porter_embed_text(TARGET NAME FILES …)  -> NAME_text.[ch]: `NAME_texts[]` of {name, text}
#   porter_embed_comments(TARGET NAME FILES …)  .proto files -> NAME_comments.[ch]:
#                                       `NAME_comments[]` of {type, field, text}
set(PORTER_EMBED ${CMAKE_SOURCE_DIR}/cmake/embed.py)
find_package(Python3 REQUIRED COMPONENTS Interpreter)

function(porter_embed_sql target name dir)
    file(GLOB files CONFIGURE_DEPENDS ${dir}/*.sql)
    set(out ${CMAKE_BINARY_DIR}/embed/${name}_sql)
    add_custom_command(OUTPUT ${out}.c ${out}.h
        COMMAND ${Python3_EXECUTABLE} ${PORTER_EMBED} sql ${name} ${out} ${files}
        DEPENDS ${PORTER_EMBED} ${files} VERBATIM)
    target_sources(${target} PRIVATE ${out}.c ${out}.h)
    target_include_directories(${target} PUBLIC ${CMAKE_BINARY_DIR}/embed)
endfunction()

function(porter_embed_text target name)
    set(out ${CMAKE_BINARY_DIR}/embed/${name}_text)
    add_custom_command(OUTPUT ${out}.c ${out}.h
        COMMAND ${Python3_EXECUTABLE} ${PORTER_EMBED} text ${name} ${out} ${ARGN}
        DEPENDS ${PORTER_EMBED} ${ARGN} VERBATIM)
    target_sources(${target} PRIVATE ${out}.c ${out}.h)
    target_include_directories(${target} PUBLIC ${CMAKE_BINARY_DIR}/embed)
endfunction()

function(porter_embed_comments target name)
    set(out ${CMAKE_BINARY_DIR}/embed/${name}_comments)
    add_custom_command(OUTPUT ${out}.c ${out}.h
        COMMAND ${Python3_EXECUTABLE} ${PORTER_EMBED} comments ${name} ${out} ${ARGN}
        DEPENDS ${PORTER_EMBED} ${ARGN} VERBATIM)
    target_sources(${target} PRIVATE ${out}.c ${out}.h)
    target_include_directories(${target} PUBLIC ${CMAKE_BINARY_DIR}/embed)
endfunction()

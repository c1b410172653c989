# The dashboard (services/dashboard) into a program: porter_embed_dashboard(TARGET) makes
# dashboard_files.[ch]. scripts/install-dashboard fetches the packages that it is made with.
set(PORTER_DASHBOARD ${CMAKE_SOURCE_DIR}/services/dashboard)
set(PORTER_DASHBOARD_PACKAGES ${CMAKE_SOURCE_DIR}/.deps/dashboard)
find_program(BROTLI brotli REQUIRED)
foreach(package preact htm uplot uqr)
    if(NOT EXISTS "${PORTER_DASHBOARD_PACKAGES}/node_modules/${package}/package.json")
        message(FATAL_ERROR "the dashboard's package ${package} is missing: run scripts/install-dashboard")
    endif()
endforeach()

function(porter_embed_dashboard target)
    set(made ${CMAKE_SOURCE_DIR}/cmake/dashboard.py)
    set(out ${CMAKE_BINARY_DIR}/embed/dashboard_files)
    file(GLOB_RECURSE files CONFIGURE_DEPENDS ${PORTER_DASHBOARD}/app/*)
    add_custom_command(OUTPUT ${out}.c ${out}.h
        COMMAND ${Python3_EXECUTABLE} ${made} ${PORTER_DASHBOARD}/app
                ${PORTER_DASHBOARD_PACKAGES}/node_modules embed ${out}
        DEPENDS ${made} ${files} ${PORTER_DASHBOARD_PACKAGES}/package-lock.json VERBATIM)
    target_sources(${target} PRIVATE ${out}.c ${out}.h)
    target_include_directories(${target} PUBLIC ${CMAKE_BINARY_DIR}/embed)
endfunction()

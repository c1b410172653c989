# The imported target `civetweb`: the static library that scripts/install-civetweb builds.
# Never a system package: Debian 12's 1.15 stops the process on the first HTTPS request.
#
# Looked for in $CIVETWEB_DIR, else where it was found last time (or -DCIVETWEB_DIR
# says), else in .deps/civetweb; remembered only once it was found.
if(DEFINED ENV{CIVETWEB_DIR})
    set(civetweb_dir "$ENV{CIVETWEB_DIR}")
elseif(CIVETWEB_DIR)
    set(civetweb_dir "${CIVETWEB_DIR}")
else()
    set(civetweb_dir "${CMAKE_SOURCE_DIR}/.deps/civetweb")
endif()

foreach(file include/civetweb.h lib/libcivetweb.a stamp)
    if(NOT EXISTS "${civetweb_dir}/${file}")
        message(FATAL_ERROR "civetweb is not in ${civetweb_dir}: run scripts/install-civetweb")
    endif()
endforeach()
set(CIVETWEB_DIR "${civetweb_dir}" CACHE PATH "Where scripts/install-civetweb put civetweb" FORCE)

add_library(civetweb STATIC IMPORTED GLOBAL)
set_target_properties(civetweb PROPERTIES
    IMPORTED_LOCATION "${CIVETWEB_DIR}/lib/libcivetweb.a"
    INTERFACE_INCLUDE_DIRECTORIES "${CIVETWEB_DIR}/include"
    INTERFACE_COMPILE_DEFINITIONS "OPENSSL_API_3_0;NO_SSL_DL"
    INTERFACE_LINK_LIBRARIES "OpenSSL::SSL;OpenSSL::Crypto;Threads::Threads;${CMAKE_DL_LIBS}")

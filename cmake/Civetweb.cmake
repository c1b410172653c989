# The imported target `civetweb`: the static library that scripts/install-civetweb builds.
# Never a system package: Debian 12's 1.15 stops the process on the first HTTPS request.
if(DEFINED ENV{PORTER_CIVETWEB_DIR})
    set(civetweb_default "$ENV{PORTER_CIVETWEB_DIR}")
else()
    set(civetweb_default "${CMAKE_SOURCE_DIR}/.deps/civetweb")
endif()
set(PORTER_CIVETWEB_DIR "${civetweb_default}" CACHE PATH "Where scripts/install-civetweb put civetweb")

foreach(file include/civetweb.h lib/libcivetweb.a stamp)
    if(NOT EXISTS "${PORTER_CIVETWEB_DIR}/${file}")
        message(FATAL_ERROR "civetweb is not in ${PORTER_CIVETWEB_DIR}: run scripts/install-civetweb")
    endif()
endforeach()

add_library(civetweb STATIC IMPORTED GLOBAL)
set_target_properties(civetweb PROPERTIES
    IMPORTED_LOCATION "${PORTER_CIVETWEB_DIR}/lib/libcivetweb.a"
    INTERFACE_INCLUDE_DIRECTORIES "${PORTER_CIVETWEB_DIR}/include"
    INTERFACE_COMPILE_DEFINITIONS "OPENSSL_API_3_0;NO_SSL_DL"
    INTERFACE_LINK_LIBRARIES "OpenSSL::SSL;OpenSSL::Crypto;Threads::Threads;${CMAKE_DL_LIBS}")

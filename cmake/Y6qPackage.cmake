# ./run package: what cmake --install makes, as an archive that may be unpacked anywhere and as a Debian package (below
# /usr, CPack's default).
set(CPACK_PACKAGE_NAME yolov6q)
set(CPACK_PACKAGE_VENDOR "The yolov6q project")
set(CPACK_PACKAGE_CONTACT "The yolov6q project <yolov6q@localhost>")
set(CPACK_PACKAGE_FILE_NAME "yolov6q-${PROJECT_VERSION}-linux-x86_64")
set(CPACK_GENERATOR TZST DEB)
set(CPACK_THREADS 0)
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGE_CHECKSUM SHA256)
# Debian 12's, which it is built on: all else is in the package.
set(CPACK_DEBIAN_PACKAGE_DEPENDS "libc6 (>= 2.36)")
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_COMPRESSION_TYPE zstd)
set(CPACK_DEBIAN_FILE_NAME "yolov6q_${PROJECT_VERSION}_amd64.deb")
include(CPack)

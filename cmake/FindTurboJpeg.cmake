# libjpeg-turbo's own interface. Debian's CMake package of it asks for libraries of another package (libjpeg.a) as well.
find_path(TurboJpeg_INCLUDE_DIR turbojpeg.h)
find_library(TurboJpeg_LIBRARY turbojpeg)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(TurboJpeg REQUIRED_VARS TurboJpeg_LIBRARY TurboJpeg_INCLUDE_DIR)
if(NOT TARGET TurboJpeg::turbojpeg)
  add_library(TurboJpeg::turbojpeg UNKNOWN IMPORTED)
  set_target_properties(TurboJpeg::turbojpeg PROPERTIES
    IMPORTED_LOCATION "${TurboJpeg_LIBRARY}" INTERFACE_INCLUDE_DIRECTORIES "${TurboJpeg_INCLUDE_DIR}")
endif()

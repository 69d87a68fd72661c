# OpenCV's core, imgproc (and videoio) by header and library name: without libopencv-dev,
# which pulls in a hundred packages, Debian has neither OpenCVConfig.cmake nor a pkg-config file.
find_path(OPENCV_INCLUDE_DIR opencv2/imgproc.hpp PATH_SUFFIXES opencv4)
find_path(OPENCV_ARCH_INCLUDE_DIR opencv2/opencv_modules.hpp PATH_SUFFIXES opencv4)
set(parts core imgproc)
if(Y6Q_VIDEO)
  list(APPEND parts videoio)
endif()
set(required OPENCV_INCLUDE_DIR OPENCV_ARCH_INCLUDE_DIR)
foreach(part ${parts})
  find_library(OPENCV_${part}_LIBRARY opencv_${part})
  list(APPEND required OPENCV_${part}_LIBRARY)
endforeach()
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(OpenCvParts REQUIRED_VARS ${required})
foreach(part ${parts})
  if(NOT TARGET OpenCv::${part})
    add_library(OpenCv::${part} UNKNOWN IMPORTED)
    set_target_properties(OpenCv::${part} PROPERTIES
      IMPORTED_LOCATION "${OPENCV_${part}_LIBRARY}"
      INTERFACE_INCLUDE_DIRECTORIES "${OPENCV_INCLUDE_DIR};${OPENCV_ARCH_INCLUDE_DIR}")
  endif()
endforeach()

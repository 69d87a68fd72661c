# cmake --install build/release [--strip] --prefix P: the two libraries that other programs embed, as the CMake
# package `yolov6q` with y6q::detector and y6q::coco. See docs/guide/embed.md.
include(CMakePackageConfigHelpers)
set(package_folder "${CMAKE_INSTALL_LIBDIR}/cmake/yolov6q")

# y6q::detector: one shared library, its two headers, and the OpenVINO it runs on.
install(TARGETS yolov6q_detector EXPORT yolov6q LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}")
install(FILES src/embed/yolov6q.h src/embed/detector.h DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/yolov6q")
if(Y6Q_OPENVINO)
  get_filename_component(openvino_libraries "${OpenVINO_DIR}/../libs" ABSOLUTE)
  file(GLOB openvino_files "${openvino_libraries}/libopenvino.so*" "${openvino_libraries}/libtbb.so*" "${openvino_libraries}/libtbbbind*.so*"
       "${openvino_libraries}/libopenvino_onnx_frontend.so*" "${openvino_libraries}/libopenvino_intel_cpu_plugin.so"
       "${openvino_libraries}/libhwloc.so*")
  install(FILES ${openvino_files} DESTINATION "${CMAKE_INSTALL_LIBDIR}/yolov6q")
endif()

# y6q::coco: static libraries and the headers below src/ that they show.
install(TARGETS y6q_coco y6q_detect y6q_base EXPORT yolov6q
  ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/yolov6q")

install(EXPORT yolov6q NAMESPACE y6q:: FILE yolov6qTargets.cmake DESTINATION "${package_folder}")
configure_package_config_file(cmake/yolov6qConfig.cmake.in "${CMAKE_BINARY_DIR}/yolov6qConfig.cmake"
  INSTALL_DESTINATION "${package_folder}")
write_basic_package_version_file("${CMAKE_BINARY_DIR}/yolov6qConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${CMAKE_BINARY_DIR}/yolov6qConfig.cmake" "${CMAKE_BINARY_DIR}/yolov6qConfigVersion.cmake"
  DESTINATION "${package_folder}")
install(FILES LICENSE THIRD_PARTY.md DESTINATION "${CMAKE_INSTALL_DATADIR}/doc/yolov6q")

# cmake --install build/release [--strip] --prefix P: a tree that may be moved and that needs nothing of the machine but
# glibc. Component `library`: what other programs embed, as the CMake package `yolov6q` with y6q::detector and y6q::coco
# (docs/guide/embed.md). Component `programs`: the commands, with every library that they load.
include(CMakePackageConfigHelpers)
set(package_folder "${CMAKE_INSTALL_LIBDIR}/cmake/yolov6q")
set(private_libraries "${CMAKE_INSTALL_LIBDIR}/yolov6q")
set(shared_folder "${CMAKE_INSTALL_DATADIR}/yolov6q")

# y6q::detector: one shared library, its two headers, and the OpenVINO it runs on. Front ends and the CPU's plug-in are
# loaded by name while it runs, so nothing but this list knows of them.
install(TARGETS yolov6q_detector EXPORT yolov6q LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT library)
install(FILES src/embed/yolov6q.h src/embed/detector.h DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/yolov6q" COMPONENT library)
if(Y6Q_OPENVINO)
  get_filename_component(openvino_libraries "${OpenVINO_DIR}/../libs" ABSOLUTE)
  file(GLOB openvino_files "${openvino_libraries}/libopenvino.so*" "${openvino_libraries}/libtbb.so*" "${openvino_libraries}/libtbbbind*.so*"
       "${openvino_libraries}/libopenvino_onnx_frontend.so*" "${openvino_libraries}/libopenvino_ir_frontend.so*"
       "${openvino_libraries}/libopenvino_intel_cpu_plugin.so" "${openvino_libraries}/libhwloc.so*")
  install(FILES ${openvino_files} DESTINATION "${private_libraries}" COMPONENT library)
endif()

# y6q::coco: static libraries and the headers below src/ that they show.
install(TARGETS y6q_coco y6q_detect y6q_base EXPORT yolov6q
  ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT library
  FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/yolov6q" COMPONENT library)

install(EXPORT yolov6q NAMESPACE y6q:: FILE yolov6qTargets.cmake DESTINATION "${package_folder}" COMPONENT library)
configure_package_config_file(cmake/yolov6qConfig.cmake.in "${CMAKE_BINARY_DIR}/yolov6qConfig.cmake"
  INSTALL_DESTINATION "${package_folder}")
write_basic_package_version_file("${CMAKE_BINARY_DIR}/yolov6qConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${CMAKE_BINARY_DIR}/yolov6qConfig.cmake" "${CMAKE_BINARY_DIR}/yolov6qConfigVersion.cmake"
  DESTINATION "${package_folder}" COMPONENT library)
install(FILES LICENSE THIRD_PARTY.md DESTINATION "${shared_folder}" COMPONENT library)

# The programs. Their libraries are those that they load here, Debian's too; of another distribution's they would not find
# the same versions. glibc is the machine's own: its loader and its parts belong together.
set(programs yolov6q yolov6q-engine)
if(Y6Q_TORCH)
  list(APPEND programs yolov6q-torch)
endif()
set_target_properties(${programs} PROPERTIES INSTALL_RPATH "$ORIGIN/../${private_libraries}")
install(TARGETS ${programs} RUNTIME_DEPENDENCY_SET loaded
  RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT programs)
install(RUNTIME_DEPENDENCY_SET loaded
  PRE_EXCLUDE_REGEXES "^(ld-linux-x86-64|lib(c|m|dl|rt|util|pthread|resolv|mvec|anl))\\.so\\.[0-9]+$"
  LIBRARY DESTINATION "${private_libraries}" COMPONENT programs)
install(FILES LICENSE DESTINATION "${CMAKE_INSTALL_DATADIR}/doc/yolov6q" RENAME copyright COMPONENT programs)
install(FILES README.md CHANGELOG.md ARCHITECTURE.md DESTINATION "${shared_folder}" COMPONENT programs)
install(DIRECTORY docs recipes examples DESTINATION "${shared_folder}" COMPONENT programs)
install(CODE "set(wheels \"${Y6Q_DEPS}\")\nset(libraries \"${private_libraries}\")\nset(licences \"${shared_folder}/licences\")"
  COMPONENT programs)
install(SCRIPT cmake/install_licences.cmake COMPONENT programs)
# cmake --install --strip leaves alone what it has copied from wheels; LibTorch has 90 MB of names of its own functions.
install(CODE [[
  if(CMAKE_INSTALL_DO_STRIP)
    file(GLOB files "$ENV{DESTDIR}${CMAKE_INSTALL_PREFIX}/${libraries}/*.so*")
    list(FILTER files EXCLUDE REGEX "libcu[dp]") # NVIDIA's terms allow their files as they are
    execute_process(COMMAND strip --strip-unneeded ${files} COMMAND_ERROR_IS_FATAL ANY)
  endif()]] COMPONENT programs)

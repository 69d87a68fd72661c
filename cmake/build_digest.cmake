# Writes OUT, which defines formats::build_digest(): a digest over the sources of src/, tests left out.
#
#   cmake -D SOURCE_DIR=src -D OUT=build_digest.cpp -P cmake/build_digest.cmake
file(GLOB_RECURSE sources RELATIVE "${SOURCE_DIR}" "${SOURCE_DIR}/*.h" "${SOURCE_DIR}/*.cpp")
list(FILTER sources EXCLUDE REGEX "_test\\.cpp$")
list(SORT sources)
set(all "")
foreach(source ${sources})
  file(SHA256 "${SOURCE_DIR}/${source}" digest)
  string(APPEND all "${source} ${digest}\n")
endforeach()
string(SHA256 digest "${all}")
string(SUBSTRING "${digest}" 0 12 digest)
file(CONFIGURE OUTPUT "${OUT}" @ONLY CONTENT
"#include \"formats/provenance.h\"\n\nstd::string y6q::formats::build_digest() { return \"@digest@\"; }\n")

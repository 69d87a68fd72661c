#!/usr/bin/env bash
# What others install: an archive and a Debian package, neither of which needs a compiler or Debian's libraries.
set -euo pipefail
source scripts/shell.sh

if wants_help "$@"; then
  cat <<'TEXT'
usage: ./run package

Builds the program and puts it, with every library that it loads, licences, recipes and documents, into
  build/package/yolov6q-VERSION-linux-x86_64.tar.zst    unpack it anywhere; bin/yolov6q
  build/package/yolov6q_VERSION_amd64.deb              apt-get install ./FILE; yolov6q is on PATH
both with their SHA-256 beside them. They run on x86-64 Linux with glibc 2.36 or later (Debian 12, Ubuntu 24.04).
Containerfile makes an image of the first (docs/guide/install.md).
TEXT
  exit 0
fi
(($# == 0)) || die 2 "no arguments are accepted; got: $*"
scripts/setup.sh
[[ ! -e .deps/site/torch/lib/libtorch_cuda.so ]] || say "LibTorch's CUDA part is left out: packages are for CPUs"
build_preset release product
say "packing; a few minutes"
mkdir -p build/package
cpack --config build/release/CPackConfig.cmake -B build/package >build/package/cpack.log 2>&1 || {
  tail -n 20 build/package/cpack.log >&2; die 4 "cpack failed (log: build/package/cpack.log)"; }
rm -rf build/package/_CPack_Packages
ls -lh build/package/*.tar.zst build/package/*.deb

#!/usr/bin/env bash
set -euo pipefail
source scripts/shell.sh

if wants_help "$@"; then
  cat <<'TEXT'
usage: ./run build [preset]

Configures and builds build/<preset>; the program is build/<preset>/bin/yolov6q. Presets (CMakePresets.json):
TEXT
  sed -n 's/.*"displayName": "\(.*\)".*/  \1/p' CMakePresets.json
  exit 0
fi
(($# <= 1)) || die 2 "one preset at a time; got: $*"
scripts/setup.sh
build_preset "${1:-release}"

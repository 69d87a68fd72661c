#!/usr/bin/env bash
set -euo pipefail
source scripts/shell.sh

if wants_help "$@"; then
  cat <<'TEXT'
usage: ./run build [preset]

Without a preset: builds the program, build/release/bin/yolov6q, and the libraries for programs of others
(docs/guide/embed.md). With one: all of build/<preset>, tests included. Presets (CMakePresets.json):
TEXT
  sed -n 's/.*"displayName": "\(.*\)".*/  \1/p' CMakePresets.json
  exit 0
fi
(($# <= 1)) || die 2 "one preset at a time; got: $*"
scripts/setup.sh
if (($# == 0)); then build_preset release product; else build_preset "$1"; fi

#!/usr/bin/env bash
# The whole chain on generated data: nothing is downloaded, everything lands in runs/demo.
set -euo pipefail
source scripts/shell.sh

out=runs/demo
synth=(--out "$out/data" --seed 1)
pipeline=(--data "$out/data/data.yaml" --model yolov6n --img-size 256 --recipe recipes/demo.yaml --out "$out/run")

if wants_help "$@"; then
  cat <<TEXT
usage: ./run demo

Builds the program, then runs
  yolov6q synth ${synth[*]}
  yolov6q pipeline ${pipeline[*]}
It can be stopped with Ctrl-C; the same command goes on where it was. The table is printed at the end, the page is $out/run/report.html.
TEXT
  exit 0
fi
(($# == 0)) || die 2 "no arguments are accepted; got: $*"
scripts/setup.sh
build_preset release
program=build/release/bin/yolov6q
[[ -e $out/data/data.yaml ]] || { say "yolov6q synth ${synth[*]}"; "$program" synth "${synth[@]}"; }
say "yolov6q pipeline ${pipeline[*]}"
"$program" pipeline "${pipeline[@]}"

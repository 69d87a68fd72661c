#!/usr/bin/env bash
# The whole chain on generated data: nothing is downloaded, everything lands in runs/demo.
set -euo pipefail
source scripts/shell.sh

out=runs/demo
synth=(--out "$out/data" --img-size 128 --classes 3 --seed 1)
pipeline=(--data "$out/data/data.yaml" --model yolov6n --img-size 128 --recipe recipes/demo.yaml --out "$out/run")

if wants_help "$@"; then
  cat <<TEXT
usage: ./run demo

Builds the program, then runs
  yolov6q synth ${synth[*]}
  yolov6q pipeline ${pipeline[*]}
Ctrl-C stops it; the same command resumes. The table is printed at the end; the page is $out/run/report.html.
TEXT
  exit 0
fi
(($# == 0)) || die 2 "no arguments are accepted; got: $*"
cat >&2 <<'TEXT'
What is going to happen, and about how long it takes on two cores that have nothing else to do:
  set-up    Debian packages and pinned libraries           2 min, once
  build     the program, without its tests                 5 min, once
  data      600 pictures of shapes, 128 pixels             seconds
  pipeline  the tutorial, each step with its own progress  6 to 10 min
              search for RepOptimizer's scales (10 epochs), train (60), calibrate, measure each layer's sensitivity,
              train with quantizers (QAT, 3 epochs), export, build, evaluate, bench, report
Ctrl-C stops it, and ./run demo goes on where it was.
TEXT
scripts/setup.sh
build_preset release yolov6q
program=build/release/bin/yolov6q
[[ -e $out/data/data.yaml ]] || { say "yolov6q synth ${synth[*]}"; "$program" synth "${synth[@]}"; }
say "yolov6q pipeline ${pipeline[*]}"
"$program" pipeline "${pipeline[@]}"

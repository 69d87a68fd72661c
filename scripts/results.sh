#!/usr/bin/env bash
# The runs behind docs/results.md: a network a mode, several seeds, judged on test once.
set -euo pipefail
source scripts/shell.sh

out=runs/results
if wants_help "$@"; then
  cat <<TEXT
usage: ./run results [--seeds N] [MODE …]

Runs the pipeline for each MODE (default: repopt repvgg) with the seeds 0 to N-1 (default 3), on a generated set with
2,000 images to validate and 2,000 to test, by recipes/results.yaml, and averages their tables: runs/results/MODE.txt
for val, MODE.test.txt for test. A run takes about 15 minutes on two cores. Ctrl-C stops it, and the same command goes on.
TEXT
  exit 0
fi
seeds=3
if [[ ${1:-} == --seeds ]]; then
  [[ ${2:-} =~ ^[1-9][0-9]?$ ]] || die 2 "--seeds takes a number from 1 to 99; got: ${2:-nothing}"
  seeds=$2
  shift 2
fi
modes=("$@")
((${#modes[@]})) || modes=(repopt repvgg)

scripts/setup.sh
build_preset release yolov6q
program=build/release/bin/yolov6q
[[ -e $out/data/data.yaml ]] ||
  "$program" synth --out "$out/data" --img-size 128 --classes 4 --train 1000 --val 2000 --test 2000 --seed 11
for ((seed = 0; seed < seeds; ++seed)); do
  for mode in "${modes[@]}"; do
    run=(--data "$out/data/data.yaml" --mode "$mode" --img-size 128 --recipe recipes/results.yaml --seed "$seed"
         --out "$out/$mode/seed$seed")
    say "yolov6q pipeline ${run[*]}"
    "$program" pipeline "${run[@]}"
    "$program" pipeline "${run[@]}" --final
  done
done
for mode in "${modes[@]}"; do
  runs=()
  for ((seed = 0; seed < seeds; ++seed)); do runs+=("$out/$mode/seed$seed"); done
  "$program" summarize "${runs[@]}" | tee "$out/$mode.txt"
  "$program" summarize --final "${runs[@]}" | tee "$out/$mode.test.txt"
done

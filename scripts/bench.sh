#!/usr/bin/env bash
set -euo pipefail
source scripts/shell.sh

if wants_help "$@"; then
  cat <<'TEXT'
usage: ./run bench [Google Benchmark arguments]

Builds the preset bench and runs every program in build/bench/benchmarks; the results land in build/bench/*.json too.
  ./run bench --benchmark_filter=Nms
TEXT
  exit 0
fi
scripts/setup.sh
build_preset bench
programs=(build/bench/benchmarks/*_bench)
[[ -x ${programs[0]} ]] || die 4 "no benchmark was built in build/bench/benchmarks"
for program in "${programs[@]}"; do
  say "$(basename "$program")"
  "$program" --benchmark_out="build/bench/$(basename "$program").json" --benchmark_out_format=json "$@"
done

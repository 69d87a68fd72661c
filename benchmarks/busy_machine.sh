#!/usr/bin/env bash
# Training speed of N, 320 pixels, batch 8, in images/s: alone, beside one busy core, in a container of half the cores.
#   benchmarks/busy_machine.sh [environment …]     e.g. GOMP_SPINCOUNT=10000, OMP_WAIT_POLICY=PASSIVE
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."
program=build/release/bin/yolov6q
environment=("$@")
folder=$(mktemp -d)
group=/sys/fs/cgroup/yolov6q_bench.$$
trap 'kill "${busy:-}" 2>/dev/null || true; rmdir "$group" 2>/dev/null || true; rm -rf "$folder"' EXIT
images=64

seconds() {  # EPOCHS COMMAND-PREFIX …
  local epochs=$1 start=$EPOCHREALTIME
  shift
  env "${environment[@]}" "$@" "$program" train --data "$folder/data/data.yaml" --model yolov6n --mode repvgg --img-size 320 \
    --batch-size 8 --epochs "$epochs" --workers 1 --out "$folder/out.$RANDOM" >/dev/null 2>"$folder/log" ||
    { cat "$folder/log" >&2; exit 1; }
  awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN {print b - a}'
}

# The difference of two runs: what both do once (start, reading the data, the last evaluation) is not in it.
images_per_s() {  # TITLE COMMAND-PREFIX …
  local title=$1 short long
  shift
  short=$(seconds 1 "$@")
  long=$(seconds 4 "$@")
  awk -v t="$title" -v n=$((3 * images)) -v s="$short" -v l="$long" 'BEGIN {printf "%-44s %6.1f images/s\n", t, n / (l - s)}'
}

"$program" synth --out "$folder/data" --train "$images" --val 1 --test 1 --img-size 320 >/dev/null
echo "$(sed -n '/^model name/{s/.*: //p;q}' /proc/cpuinfo), $(nproc) cores, load $(cut -d' ' -f1 /proc/loadavg) before; ${environment[*]:-as the program sets it}"
images_per_s "alone" env
(while :; do :; done) & busy=$!
images_per_s "beside one busy core" env
kill "$busy"; wait "$busy" 2>/dev/null || true

half=$((($(nproc) + 1) / 2))
if grep -qw cpu /sys/fs/cgroup/cgroup.controllers 2>/dev/null && echo +cpu 2>/dev/null >/sys/fs/cgroup/cgroup.subtree_control && mkdir "$group" 2>/dev/null; then
  echo "$((half * 100000)) 100000" >"$group/cpu.max"
  images_per_s "in a cgroup with a quota of $half" bash -c "echo \$\$ >$group/cgroup.procs; exec \"\$@\"" --
else
  images_per_s "bound to $half by taskset (no cgroup v2 here)" taskset -c "0-$((half - 1))"
fi

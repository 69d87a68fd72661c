#!/usr/bin/env bash
# Opening a data set of COCO's size for the first time and again: seconds, also of all processors together, and the
# process' largest memory.
#   benchmarks/big_set.sh FOLDER [IMAGES BOXES]     FOLDER is made when it is missing (2 GB, 10 minutes), and stays
# The images are distinct and small, 64 pixels: reading them costs less than COCO's would; everything else is as large.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."
folder=$(realpath -m "${1:?the folder of the data set is missing}") images=${2:-118000} boxes=${3:-860000}
program=build/bench/bin/yolov6q bench=build/bench/benchmarks/y6q_open_bench
index=$(mktemp -d)
trap 'rm -rf "$index"' EXIT
export Y6Q_BENCH_DATA Y6Q_BENCH_VERIFY Y6Q_BENCH_INDEX=$index

if [[ ! -e $folder/big.yaml ]]; then
  "$program" synth --out "$folder" --train "$images" --val 1 --test 1 --img-size 64
  python3 benchmarks/make_big_set.py "$folder" "$boxes"
fi
opening() {  # TITLE
  "$bench" --benchmark_filter=Opening --benchmark_format=json 2>/dev/null | python3 -c '
import json, sys
run = json.load(sys.stdin)["benchmarks"][0]
print("%-16s %6.2f s, %6.2f s of processors, %4.0f MB; %d images, %d boxes, %s" % (
    sys.argv[1], run["real_time"], run["cpu_time"], run["peak_MB"], run["images"], run["boxes"], run["label"]))' "$1"
}
echo "$(sed -n '/^model name/{s/.*: //p;q}' /proc/cpuinfo), $(nproc) cores, load $(cut -d' ' -f1 /proc/loadavg) before"
for data in big.yaml annotations/instances_train.json; do
  Y6Q_BENCH_DATA=$folder/$data
  echo "$data"
  Y6Q_BENCH_VERIFY='' opening "  first"
  Y6Q_BENCH_VERIFY='' opening "  later"
  Y6Q_BENCH_VERIFY=1 opening "  with --verify"
done

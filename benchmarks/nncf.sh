#!/usr/bin/env bash
# INT8 in OpenVINO: our files against the one that NNCF makes of the same trained network, in turns.
#   benchmarks/nncf.sh FLOAT.safetensors PTQ.safetensors DATA.yaml
# Y6Q_NNCF_PYTHON is an interpreter with nncf 3.4 and openvino 2026.4.1; THREADS (1), ROUNDS (10), SECONDS (2) of a turn.
# NNCF gets 300 images of the training split and decodes in float, as `decoded` does; `raw` leaves decoding to the
# program and takes bytes, as our programs do.
set -euo pipefail
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
program=$here/../build/release/bin/yolov6q
float=${1:?the float model is missing} ptq=${2:?the calibrated model of scheme cpu is missing} data=${3:?the data set is missing}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

size=$("$program" inspect --weights "$float" --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["image_size"][0])')
"$program" export --weights "$float" --out "$folder/float.onnx" >/dev/null
"$program" export --weights "$ptq" --target openvino --out "$folder/decoded" >/dev/null
"$program" export --weights "$ptq" --target openvino --raw-head --images bytes --out "$folder/raw" >/dev/null
"$program" eval --inputs "$folder/images" --split train --batch-size 1 --img-size "$size" --data "$data" >/dev/null
echo "$(sed -n '/^model name/{s/.*: //p;q}' /proc/cpuinfo), $(nproc) cores, load $(cut -d' ' -f1 /proc/loadavg) before, $("$program" doctor --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["isa"])')"
"${Y6Q_NNCF_PYTHON:?names an interpreter with nncf and openvino}" "$here/nncf_in_turns.py" "$folder/float.onnx" "$folder/images" \
  "decoded=$folder/decoded/model.xml" "raw=$folder/raw/model.xml"

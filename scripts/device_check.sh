#!/usr/bin/env bash
# What a machine with a GPU and PyTorch 2.11, but without network and compiler, can tell in a few minutes.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."
source scripts/shell.sh

check=build/device_check
limit_mib=60

usage() {
  cat <<TEXT
usage: scripts/device_check.sh prepare
       scripts/device_check.sh run [FOLDER]

prepare  builds programs, tests and benchmarks a second time, against LibTorch 2.11 (fetched into .deps, 530 MB), and puts
         them with Debian's libraries that they need into $check, at most $limit_mib MiB. Any machine.
run      on the machine with the GPU, which needs this repository with $check and a python3 that has torch 2.11:
         tests, benchmarks in turns with plain PyTorch, the chain of commands, two processes on one GPU,
         compute-sanitizer; about 7 minutes.
         Writes device.json, logs and traces into FOLDER (default: device_results). Y6Q_STEPS is a regular expression
         of the steps to run (default: all). Y6Q_DEVICE=cpu tries the script itself.
TEXT
}

fetch_torch() {
  [[ -e .deps/torch-2.11/torch/lib/libtorch_cpu.so ]] && return
  say "fetching LibTorch 2.11"
  python3 -m pip download --quiet --no-deps --require-hashes --only-binary=:all: --implementation cp --python-version 3.12 \
    --abi cp312 --platform manylinux_2_28_x86_64 -d .deps/torch-2.11 -r <(cat <<'TEXT'
torch==2.11.0 --hash=sha256:0f68f4ac6d95d12e896c3b7a912b5871619542ec54d3649cf48cc1edd4dd2756
TEXT
    ) || die 4 "pip could not fetch torch 2.11.0"
  python3 - <<'TEXT'
import glob, zipfile
wheel = zipfile.ZipFile(glob.glob(".deps/torch-2.11/*.whl")[0])
for name in wheel.namelist():
    if name.startswith(("torch/include/", "torch/lib/libtorch_cpu.so", "torch/lib/libc10.so", "torch/lib/libgomp")):
        wheel.extract(name, ".deps/torch-2.11")
TEXT
  rm -f .deps/torch-2.11/*.whl
  ln -sfn ../site/nvidia .deps/torch-2.11/nvidia  # the libraries that libtorch_cpu.so names, for the linker
}

# Debian's libraries of a program: those that a machine with PyTorch may lack.
libraries_of() {
  ldd "$1" | awk '$3 ~ "^/(usr/)?lib/" {print $3}' |
    grep -vE '/(libc|libm|libdl|librt|libpthread|libstdc\+\+|libgcc_s|libresolv|ld-linux[^/]*)\.so'
}

prepare() {
  scripts/setup.sh
  fetch_torch
  say "configure and build against LibTorch 2.11"
  mkdir -p build/device
  cmake -S . -B build/device -G Ninja -DY6Q_LIBTORCH="$PWD/.deps/torch-2.11/torch" -DY6Q_OPENVINO=OFF -DY6Q_UNITY=ON \
    -DY6Q_TESTS=ON -DY6Q_BENCHMARKS=ON >build/device/configure.log
  cmake --build build/device --parallel "$(job_count)" --target yolov6q y6q_device_test y6q_device_bench >&2
  rm -rf "$check"
  mkdir -p "$check/bin" "$check/lib"
  cp build/device/bin/yolov6q* build/device/bin/y6q_device_test build/device/benchmarks/y6q_device_bench "$check/bin"
  strip "$check"/bin/*
  for program in "$check"/bin/*; do libraries_of "$program"; done | sort -u | xargs cp -Lt "$check/lib"
  rm -f "$check"/lib/lib{cudart,cupti,gomp}*
  [[ ! -d ../shared/peers ]] || cp ../shared/peers/{torch_device_step,repopt_net}.py "$check"
  local size
  size=$(du -sm "$check" | cut -f1)
  ((size <= limit_mib)) || die 1 "$check has $size MiB; $limit_mib are wanted"
  say "$check: $size MiB"
}

# step NAME SECONDS COMMAND…: runs it, notes in steps.jsonl how it ended; the log has its output.
step() {
  local name=$1 seconds=$2 start=$SECONDS status=0
  [[ $name =~ ${Y6Q_STEPS:-.} ]] || return 0
  shift 2
  say "$name"
  timeout "$seconds" "$@" >"$out/$name.log" 2>&1 || status=$?
  printf '{"step": "%s", "exit": %d, "seconds": %d}\n' "$name" "$status" "$((SECONDS - start))" >>"$out/steps.jsonl"
  tail -n 3 "$out/$name.log" >&2
}

run() {
  out=${1:-device_results}
  mkdir -p "$out"
  : >"$out/steps.jsonl"
  export Y6Q_DEVICE=${Y6Q_DEVICE:-cuda}
  local torch site bin=$check/bin
  torch=$(python3 -c 'import os, torch; print(os.path.dirname(torch.__file__))') || die 4 "python3 has no torch"
  site=$(dirname "$torch")
  export LD_LIBRARY_PATH=$PWD/$check/lib:$torch/lib:$(find "$site/nvidia" -maxdepth 3 -name lib -type d 2>/dev/null | paste -sd:)
  python3 -c 'import json, torch; c = torch.cuda.is_available(); print(json.dumps({"torch": torch.__version__, "device": torch.cuda.get_device_name() if c else "cpu"}))' >"$out/machine.json"
  step tests 120 "$bin/y6q_device_test" --gtest_output="json:$out/tests.json"
  local network side precision kind
  for network in n s; do
    for side in 320 640; do
      for precision in bf16 tf32 fp32; do
        step "ours_${network}_${side}_$precision" 60 "$bin/y6q_device_bench" --benchmark_min_time=1 \
          --benchmark_filter="^Float/yolov6$network/$precision/$side/" --benchmark_format=json
        [[ ! -e $check/torch_device_step.py ]] ||
          step "torch_${network}_${side}_$precision" 60 python3 "$check/torch_device_step.py" $network $side \
            "${Y6Q_BATCH:-32}" "${Y6Q_DEVICE%%:*}" $precision 20
      done
      step "qat_${network}_$side" 60 "$bin/y6q_device_bench" --benchmark_min_time=1 \
        --benchmark_filter="^Qat/yolov6$network/bf16/$side/" --benchmark_format=json
      [[ ! -e $check/repopt_net.py ]] ||
        step "torch_qat_${network}_$side" 60 env PYTHONPATH="$check" python3 benchmarks/torch_device_qat_step.py $network $side \
          "${Y6Q_BATCH:-32}" "${Y6Q_DEVICE%%:*}" bf16 20
    done
  done
  for network in n_320 s_640; do
    for kind in Float Qat; do
      step "trace_${network}_$kind" 60 env Y6Q_TRACE="$out/trace_${network}_$kind.json" "$bin/y6q_device_bench" \
        --benchmark_min_time=0.1 --benchmark_filter="^$kind/yolov6${network%_*}/bf16/${network#*_}/"
    done
  done
  gzip -f "$out"/trace_*.json 2>/dev/null || true
  step synth 60 "$bin/yolov6q" synth --out "$out/set" --train 64 --val 16 --test 1 --img-size 320
  local command=("$bin/yolov6q" train --data "$out/set/data.yaml" --model yolov6n --mode repvgg --img-size 320 --epochs 2 --batch-size 16)
  step train 90 "${command[@]}" --device "$Y6Q_DEVICE" --out "$out/one"
  local on=(--data "$out/set/data.yaml" --device "$Y6Q_DEVICE")
  step calibrate 60 "$bin/yolov6q" calibrate --weights "$out/one/best.safetensors" --out "$out/ptq.safetensors" "${on[@]}"
  step qat 90 "$bin/yolov6q" qat --weights "$out/ptq.safetensors" --teacher "$out/one/best.safetensors" --epochs 2 \
    --batch-size 16 --out "$out/qat" "${on[@]}"
  step eval 60 "$bin/yolov6q" eval --weights "$out/qat/best.safetensors" "${on[@]}"
  step train_two 90 "${command[@]}" --device "${Y6Q_DEVICE/#cuda/0,0}" --processes 2 --out "$out/two"
  if command -v compute-sanitizer >/dev/null; then
    step sanitizer 150 compute-sanitizer --error-exitcode 9 "$bin/y6q_device_test" --gtest_filter='DeviceLearner*'
  fi
  python3 - "$out" <<'TEXT'
import json, os, re, sys
out = sys.argv[1]
result = json.load(open(f"{out}/machine.json"))
result["steps"] = [json.loads(line) for line in open(f"{out}/steps.jsonl")]
result["figures"] = {}
for step in result["steps"]:
    text = open(f"{out}/{step['step']}.log").read()
    if step["step"].startswith(("ours_", "qat_")):
        found = step["exit"] == 0 and re.search(r"\{\s*\"context\".*", text, re.S)
        for row in json.loads(found.group())["benchmarks"] if found else []:
            result["figures"][step["step"]] = {k: row[k] for k in ("images/s", "peak_MB", "waits") if k in row}
    if found := re.search(r": ([0-9.]+) images/s, peak (\S+) MiB", text):
        result["figures"][step["step"]] = {"images/s": float(found[1]), "peak_MB": float(found[2])}
json.dump(result, open(f"{out}/device.json", "w"), indent=1)
print(json.dumps(result["figures"], indent=1))
TEXT
  rm -rf "$out"/{set,one,two,qat,ptq.safetensors}
  say "$out/device.json"
  ! grep -qv '"exit": 0' "$out/steps.jsonl"
}

case "${1:-}" in
  prepare) prepare ;;
  run) run "${2:-}" ;;
  -h|--help) usage ;;
  *) usage >&2; exit 2 ;;
esac

# Sourced by every script here, from the repository's root.
say() { printf '\033[1m== %s\033[0m\n' "$*" >&2; }
[[ -t 2 ]] || say() { printf '== %s\n' "$*" >&2; }
# die CODE MESSAGE: the exit codes of yolov6q (2 wrong usage, 4 the machine lacks something).
die() { printf '%s: %s\n' "$(basename "$0" .sh)" "$2" >&2; exit "$1"; }
wants_help() { [[ "${1:-}" == -h || "${1:-}" == --help ]]; }

# Parallel compilers: one a core, but 2 GiB each (a file that includes LibTorch takes 1.5).
job_count() {
  local cores memory_gib
  cores=$(nproc)
  memory_gib=$(awk '/MemAvailable/ {print int($2 / 1048576)}' /proc/meminfo)
  local by_memory=$((memory_gib / 2))
  ((by_memory >= 1)) || by_memory=1
  echo $((cores < by_memory ? cores : by_memory))
}

configure_preset() {  # PRESET
  local log="build/$1/configure.log"
  mkdir -p "build/$1"
  cmake --preset "$1" >"$log" 2>&1 || { cat "$log" >&2; die 4 "cmake --preset $1 failed (log: $log)"; }
}

build_preset() {  # PRESET [target …]
  local preset=$1
  shift
  say "configure and build: preset $preset, $(job_count) jobs"
  configure_preset "$preset"
  cmake --build "build/$preset" --parallel "$(job_count)" ${1:+--target "$@"} >&2
}

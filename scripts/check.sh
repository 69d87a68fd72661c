#!/usr/bin/env bash
set -euo pipefail
source scripts/shell.sh

if wants_help "$@"; then
  cat <<'TEXT'
usage: ./run check [--all | --quick]

clang-format, layers of src/, headers that compile alone, links between documents, clang-tidy on what changed since
the upstream branch (or the last commit). --all: clang-tidy on everything; --quick: only format, layers and links.
TEXT
  exit 0
fi
mode=${1:-changed}
case $mode in changed|--all|--quick) ;; *) die 2 "unknown argument '$mode'; accepted: --all, --quick, --help" ;; esac

format() { git ls-files 'src/*.h' 'src/*.cpp' 'tests/*.h' 'tests/*.cpp' 'fuzz/*.cpp' 'benchmarks/*.cpp' ':!tests/layers/cases' | xargs -r clang-format --dry-run -Werror; }

changed_sources() {
  local base
  base=$(git merge-base HEAD '@{upstream}' 2>/dev/null || git rev-parse -q --verify HEAD~1 || git rev-parse HEAD)
  git diff --name-only --diff-filter=d "$base" -- 'src/*.cpp' 'src/*.h' | sed 's/\.h$/.cpp/' | sort -u
}

# A configuration of its own: clang cannot read g++'s precompiled headers.
tidy() {
  local sources
  if [[ $mode == --all ]]; then sources=$(git ls-files 'src/*.cpp'); else sources=$(changed_sources); fi
  sources=$(for source in $sources; do [[ ! -e $source ]] || echo "$source"; done)
  [[ -n $sources ]] || { echo "no C++ source has changed"; return 0; }
  configure_preset tidy
  # Generated headers first.
  ninja -C build/tidy -t targets all | sed -n 's/\(.*\.pb\.h\): .*/\1/p' | xargs -r ninja -C build/tidy >&2 || return 1
  # Only what this configuration compiles.
  sources=$(for source in $sources; do ! grep -qF "$PWD/$source\"" build/tidy/compile_commands.json || echo "$source"; done)
  xargs -r -P "$(job_count)" -n 1 clang-tidy --quiet -p build/tidy <<<"$sources"
}

failed=()
step() {  # TITLE COMMAND …
  say "$1"
  "${@:2}" || failed+=("$1")
}

scripts/setup.sh
command -v clang-format >/dev/null && command -v clang-tidy >/dev/null || die 4 "clang-format or clang-tidy is missing; call ./run setup --dev"
step "format" format
step "links" scripts/check_links.sh
configure_preset release
step "layers" cmake -D SOURCE_DIR=src -D LAYERS=build/release/layers.cmake -P tests/layers/check.cmake
if [[ $mode != --quick ]]; then
  step "headers" build_preset release all_verify_interface_header_sets
  step "tidy" tidy
fi
((${#failed[@]} == 0)) || { echo "check: failed: ${failed[*]}"; exit 1; }
echo "check: clean"

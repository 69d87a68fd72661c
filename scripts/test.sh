#!/usr/bin/env bash
# One ctest run over two build trees (release, and the torch-free folders under sanitizers): one honest summary.
set -euo pipefail
source scripts/shell.sh

if wants_help "$@"; then
  cat <<'TEXT'
usage: ./run test [ctest arguments]

Builds the presets release and asan (torch-free folders under AddressSanitizer and UBSan) and runs the tests of both.
Those under sanitizers are named asan.… For instance:

  ./run test -L unit          only the unit tests (labels: unit golden pipeline referee hostile consumer layers)
  ./run test -R Nms           by name
  ./run test -E asan          without sanitizers

Golden tests read recorded numbers from ../shared/golden. Where that folder exists, a skipped golden test is a failure.
TEXT
  exit 0
fi

# Prints the golden tests that a JUnit file of ctest reports as not run.
skipped_golden() {  # tree junit
  comm -12 <(ctest --test-dir "$1" -L golden -N | sed -n 's/^ *Test *#[0-9]*: //p' | sort -u) \
    <(sed -n 's/.*<testcase name="\([^"]*\)".*status="notrun".*/\1/p' "$2" |
      sed 's/&quot;/"/g; s/&lt;/</g; s/&gt;/>/g; s/&amp;/\&/g' | sort -u)
}

# One line on the CPU: what of its arithmetic a run has tried.
cpu_line() {
  local flag found=()
  local flags=" $(sed -n '/^flags/{s/.*://p;q}' /proc/cpuinfo) "
  for flag in avx2 avx512f avx512_vnni avx_vnni avx512_bf16 amx_int8 amx_bf16; do
    [[ $flags != *" $flag "* ]] || found+=("$flag")
  done
  echo "CPU: $(sed -n '/^model name/{s/.*: //p;q}' /proc/cpuinfo), $(nproc) cores: ${found[*]:-none of the vector extensions that matter here}"
}

main() {
  scripts/setup.sh
  build_preset release
  build_preset asan

  local tree=build/test status=0 skipped summary
  mkdir -p "$tree"
  printf 'subdirs("%s" "%s")\n' "$PWD/build/release" "$PWD/build/asan" >"$tree/CTestTestfile.cmake"
  say "running the tests (log: $tree/log.txt)"
  ctest --test-dir "$tree" --parallel "$(nproc)" --output-on-failure --no-tests=error \
    --output-junit "$PWD/$tree/junit.xml" "$@" 2>&1 | tee "$tree/log.txt" || status=$?

  if [[ -d ../shared/golden ]]; then
    skipped=$(skipped_golden "$tree" "$tree/junit.xml")
    if [[ -n $skipped ]]; then
      printf 'golden tests were skipped although ../shared/golden exists:\n%s\n' "$skipped"
      exit 1
    fi
  fi
  cpu_line
  summary=$(grep -E '^[0-9]+% tests passed' "$tree/log.txt" || true)
  echo "$summary"
  exit "$status"
}
main "$@"

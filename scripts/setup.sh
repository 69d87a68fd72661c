#!/usr/bin/env bash
# Packages from Debian, libraries that Debian lacks from hash-pinned wheels in .deps/.
set -euo pipefail
source scripts/shell.sh

# The home folder's cache is read where there is one; only a cache that was asked for is written to.
home_cache() {
  local base=${XDG_CACHE_HOME:-${HOME:+$HOME/.cache}}
  [[ -z $base ]] || echo "$base/yolov6q/wheels"
}
cache=${Y6Q_CACHE-$(home_cache)}
lists=(scripts/wheels.txt) parts=(scripts/wheel_parts.txt)  # of what was asked for, now or before
pinned() { grep -hv '^#' "${lists[@]}"; }
packages() {  # packages [optional group …]
  awk -v wanted=" $* " '!/^#/ && ($1 !~ /^(dev|video)$/ || index(wanted, " " $1 " ")) { for (i = 2; i <= NF; ++i) print $i }' scripts/packages.txt
}
group() { awk -v group="$1" '$1 == group { for (i = 2; i <= NF; ++i) print $i }' scripts/packages.txt | xargs; }
apt_line() { echo "apt-get install --no-install-recommends" $(packages); }

usage() {
  cat <<TEXT
usage: ./run setup [--dev] [--video] [--cuda]

Brings a Debian 12 machine to the point where ./run build works:
  1. Debian packages, only those that are missing (needs root). Without root, have someone run

       $(apt_line)

     --dev adds what developers of yolov6q use: $(group dev)
     --video adds what builds with -DY6Q_VIDEO=ON need: $(group video)
  2. LibTorch, OpenVINO and ONNX's schema as hash-checked wheels, 620 MB: into .deps/wheels, unpacked to .deps/site.
     pip fetches them, as it is configured on this machine.
     --cuda adds what --device cuda needs: LibTorch's CUDA part and NVIDIA's libraries, 1.9 GB more (3.5 GB on disk);
     the driver is the machine's own. The program need not be built again.

Wheels that are already in .deps/wheels, or in the folder Y6Q_CACHE (now: ${cache:-none}; empty: none), are not fetched again.
They are written nowhere else, unless you set Y6Q_CACHE: then that folder is filled with them.
TEXT
}

install_packages() {
  command -v dpkg-query >/dev/null ||
    die 4 "this is not Debian: install what matches scripts/packages.txt, see ./run setup --help"
  local missing
  missing=$(comm -23 <(packages "$@" | sort) \
    <(packages "$@" | xargs dpkg-query -W -f '${Package} ${db:Status-Status}\n' 2>/dev/null | awk '$2 == "installed" {print $1}' | sort -u))
  [[ -n $missing ]] || return 0
  missing=$(xargs <<<"$missing")
  ((EUID == 0)) || die 4 "packages are missing and only root can install them; have someone run
  apt-get install --no-install-recommends $missing
then call ./run setup again"
  say "installing $(wc -w <<<"$missing") Debian packages: $missing"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq || die 4 "apt-get update failed: is the network up?"
  # shellcheck disable=SC2086
  apt-get install -y -qq --no-install-recommends $missing >.deps/apt.log 2>&1 || {
    tail -n 20 .deps/apt.log >&2; die 4 "apt-get install failed (log: .deps/apt.log)"; }
}

# Prints "hash path" of the wheels in a folder.
hashes() { [[ -d $1 ]] && find "$1" -maxdepth 1 -name '*.whl' -exec sha256sum {} + || true; }

# The pinned lines whose file is not among .deps/wheels.
missing_wheels() {
  local have
  have=$(hashes .deps/wheels | cut -d' ' -f1)
  pinned | while read -r line; do
    grep -qxF "${line##*sha256:}" <<<"$have" || echo "$line"
  done
}

take_from_cache() {
  [[ -n $cache && -d $cache ]] || return 0
  local found hash path
  found=$(hashes "$cache")
  while read -r hash path; do
    grep -q "sha256:$hash\$" <<<"$1" || continue
    say "taking $(basename "$path") from $cache"
    cp --link "$path" .deps/wheels/ 2>/dev/null || cp "$path" .deps/wheels/
  done <<<"$found"
}

fetch_wheels() {
  mkdir -p .deps/wheels
  local missing
  missing=$(missing_wheels)
  [[ -z $missing ]] || { take_from_cache "$missing"; missing=$(missing_wheels); }
  [[ -n $missing ]] || return 0
  say "fetching $(wc -l <<<"$missing") wheels: $(cut -d' ' -f1 <<<"$missing" | xargs)"
  # The same files whatever Python runs pip: no Python code of theirs is ever used.
  rm -rf .deps/fetch
  python3 -m pip download --quiet --no-cache-dir --no-deps --require-hashes --only-binary=:all: \
    --implementation cp --python-version 3.11 --abi cp311 --abi none \
    --platform manylinux_2_28_x86_64 --platform manylinux_2_27_x86_64 --platform manylinux_2_18_x86_64 --platform manylinux_2_25_x86_64 --platform manylinux2014_x86_64 \
    -d .deps/fetch -r <(echo "$missing") || die 4 "pip could not fetch the wheels: network, disk or index; try again"
  mv .deps/fetch/*.whl .deps/wheels/
  rm -rf .deps/fetch
  missing=$(missing_wheels)
  [[ -z $missing ]] || die 4 "still missing after the download: $missing"
}

fill_cache() {
  [[ -n ${Y6Q_CACHE-} ]] && mkdir -p "$cache" 2>/dev/null || return 0
  local hash path
  while read -r hash path; do
    pinned | grep -q "sha256:$hash\$" || continue
    [[ -e $cache/$(basename "$path") ]] || cp --link "$path" "$cache/" 2>/dev/null || cp "$path" "$cache/" || true
  done < <(hashes .deps/wheels)
}

unpack_wheels() {
  say "unpacking to .deps/site"
  rm -rf .deps/unpack .deps/site.part
  mkdir -p .deps/unpack .deps/site.part
  local hash path part
  while read -r hash path; do
    pinned | grep -q "sha256:$hash\$" || continue
    python3 -m zipfile -e "$path" .deps/unpack || die 4 "cannot unpack $path: is the disk full? (2.5 GB are needed, with --cuda 8 GB)"
  done < <(hashes .deps/wheels)
  while read -r part; do
    for path in .deps/unpack/$part; do
      [[ -e $path ]] || die 70 "scripts/wheel_parts.txt: $part is in no wheel"
      mkdir -p ".deps/site.part/$(dirname "${path#.deps/unpack/}")"
      mv "$path" ".deps/site.part/${path#.deps/unpack/}"
    done
  done < <(grep -hv '^#' "${parts[@]}")
  rm -rf .deps/unpack .deps/site
  echo "$1" >.deps/site.part/stamp
  mv .deps/site.part .deps/site
}

main() {
  local optional=() argument cuda=
  for argument in "$@"; do
    case $argument in
      --dev|--video) optional+=("${argument#--}") ;;
      --cuda) cuda=1 ;;
      -h|--help) usage; exit 0 ;;
      *) die 2 "unknown argument '$argument'; accepted: --dev, --video, --cuda, --help" ;;
    esac
  done
  [[ $(uname -m) == x86_64 ]] || die 4 "this machine is $(uname -m); the pinned libraries are for x86_64"
  mkdir -p .deps
  exec 9>.deps/lock
  flock 9
  install_packages ${optional[@]+"${optional[@]}"}
  if [[ -n $cuda || -e .deps/site/torch/lib/libtorch_cuda.so ]]; then
    lists+=(scripts/wheels_cuda.txt) parts+=(scripts/wheel_parts_cuda.txt)
  fi
  local stamp
  stamp=$(cat "${lists[@]}" "${parts[@]}" | sha256sum | cut -d' ' -f1)
  if [[ $(cat .deps/site/stamp 2>/dev/null) != "$stamp" ]]; then
    fetch_wheels
    unpack_wheels "$stamp"
    fill_cache
  fi
  say "set-up is complete"
}
main "$@"

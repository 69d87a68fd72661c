#!/usr/bin/env bash
# The documents as a small static site.
set -euo pipefail
source scripts/shell.sh

version=9.8.1  # of mkdocs-material
if wants_help "$@"; then
  cat <<TEXT
usage: ./run docs

Makes build/docs/site/index.html and what belongs to it: README, guide, reference and decisions with a search, readable
without a server and without a network. The generator is mkdocs-material $version, which pip fetches into .deps/docs.
TEXT
  exit 0
fi
(($# == 0)) || die 2 "no arguments are accepted; got: $*"
if [[ $(cat .deps/docs/version 2>/dev/null) != "$version" ]]; then
  say "fetching mkdocs-material $version"
  rm -rf .deps/docs
  python3 -m pip install --quiet --disable-pip-version-check --no-warn-conflicts --root-user-action=ignore --target .deps/docs "mkdocs-material==$version" ||
    die 4 "pip could not fetch mkdocs-material: network, disk or index; try again"
  echo "$version" >.deps/docs/version
fi
# Links between documents are those of the tree, so the pages lie as they do there.
rm -rf build/docs
mkdir -p build/docs/source
git ls-files '*.md' LICENSE 'docs/*' 'recipes/*' 'examples/*' | xargs cp --parents -t build/docs/source
NO_MKDOCS_2_WARNING=1 PYTHONPATH=.deps/docs python3 -m mkdocs build --quiet --strict
say "build/docs/site/index.html"

#!/usr/bin/env bash
# Links between documents: every relative target in a tracked Markdown file must exist.
set -euo pipefail

dead=0
while IFS= read -r document; do
  while IFS= read -r target; do
    path=${target%%#*}
    [[ -z $path || $path == *:* ]] && continue
    [[ -e $(dirname "$document")/$path ]] || { echo "$document: dead link to $target"; dead=1; }
  done < <(sed 's/`[^`]*`//g' "$document" | grep -oE '\]\([^) ]+' | sed 's/^](//' || true)
done < <(git ls-files '*.md')
exit "$dead"

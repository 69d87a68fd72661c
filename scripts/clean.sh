#!/usr/bin/env bash
set -euo pipefail
source scripts/shell.sh

case "${1:-}" in
  "") rm -rf build ;;
  --all) rm -rf build .deps ;;
  -h|--help) printf 'usage: ./run clean [--all]\n\nRemoves build/; with --all also .deps/ (packages of Debian stay). runs/ is never touched.\n' ;;
  *) die 2 "unknown argument '$1'; accepted: --all, --help" ;;
esac

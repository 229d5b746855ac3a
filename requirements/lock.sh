#!/bin/sh
# Rewrites the hash-locked requirement files: every platform, Python 3.11 and newer, no registry address in them.
# Needs uv (pip install uv); nothing else in the project does. Arguments go to uv, e.g. --upgrade.
set -eu
cd "$(dirname "$0")"
for name in run embedded test lint; do
  uv pip compile "$name.in" --universal --python-version 3.11 --generate-hashes \
    --no-emit-index-url --no-emit-find-links --no-annotate --no-header --quiet --output-file "$name.txt" "$@"
done
# ./dev check compares these: was an input, or a lock, changed since they were made together?
if command -v sha256sum >/dev/null; then sum=sha256sum; else sum="shasum -a 256"; fi
$sum ./*.in ./*.txt >lock.sha256

#!/usr/bin/env bash
# Print the newest Python here of those that the package is made for, but for the oldest; nothing where there is none.
set -euo pipefail

found() { "$1" -c 'import sys, venv, ensurepip; print(sys.executable)' 2>/dev/null; }

for version in 3.13 3.12; do
    found "python$version" && exit
    # Of pyenv's Pythons only those are found by their names that were chosen for all folders.
    command -v pyenv >/dev/null || continue
    full="$(pyenv versions --bare 2>/dev/null | grep -E "^$version\.[0-9]+\$" | sort -V | tail -n 1)" || continue
    found "$(PYENV_VERSION="$full" pyenv which python)" && exit
done
exit 0

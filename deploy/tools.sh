#!/usr/bin/env bash
# Installs what building or testing needs and this machine lacks, from the system's own packages.
# Usage: tools.sh build|test
set -euo pipefail

missing=()
need() { # need COMMAND PACKAGE PATTERN: notes the package where neither the command nor a file like PATTERN is there
  command -v "$1" >/dev/null 2>&1 || [ -n "$(compgen -G "$3")" ] || missing+=("$2")
}

case "${1:-}" in
  build)
    command -v cargo >/dev/null 2>&1 || { echo "Rust is needed: install it from https://rustup.rs, then run make again" >&2; exit 2; }
    # librdkafka is built by its own configure and make, in C and C++; OpenSSL by perl and make.
    need cc build-essential -
    need c++ build-essential -
    need make build-essential -
    need perl perl -
    ;;
  test)
    if [ -z "${FAULTLINE_TEST_POSTGRES:-}" ]; then need initdb postgresql '/usr/lib/postgresql/*/bin/initdb'; fi
    if [ -z "${FAULTLINE_TEST_KAFKA:-}" ]; then
      need java default-jre-headless -
      need mvn maven -
    fi
    need promtool prometheus -
    need prometheus-alertmanager prometheus-alertmanager -
    need aiosmtpd python3-aiosmtpd -
    need openssl openssl -
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

# Tests start servers of their own, on their own ports. A package would start its service too, now and at every boot, on
# the default port: while these packages are installed, their services are not started and no database cluster is made.
# Both files are removed again, and a policy that the system has already is left alone.
policy=/usr/sbin/policy-rc.d
cluster=/etc/postgresql-common/createcluster.d/faultline-tools.conf
placed=()
clean_up() { [ ${#placed[@]} -eq 0 ] || "${sudo[@]}" rm -f "${placed[@]}"; }
trap clean_up EXIT
place() { # place FILE MODE: writes standard input there, until this script ends
  placed+=("$1")
  "${sudo[@]}" mkdir -p "$(dirname "$1")"
  "${sudo[@]}" tee "$1" >/dev/null
  "${sudo[@]}" chmod "$2" "$1"
}

installs() { [[ " ${missing[*]} " == *" $1 "* ]]; }
if { installs postgresql || installs prometheus || installs prometheus-alertmanager; } && [ ! -e "$policy" ]; then
  # 101: this action is forbidden.
  place "$policy" 755 <<'END'
#!/bin/sh
case "$1" in postgresql*|prometheus*) exit 101 ;; esac
END
fi
if installs postgresql; then place "$cluster" 644 <<<'create_main_cluster = false'; fi

"${sudo[@]}" apt-get update -qq
"${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
for service in prometheus prometheus-alertmanager; do
  if installs "$service" && [ -d /run/systemd/system ]; then "${sudo[@]}" systemctl disable --quiet "$service"; fi
done

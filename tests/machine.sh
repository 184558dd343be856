#!/bin/sh
# Installs what the tests need beside Python: a browser, PostgreSQL, Redis and nginx. Does nothing when they are there.
set -eu

missing=""
command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null ||
    missing="$missing chromium"
command -v redis-server >/dev/null || missing="$missing redis-server"
command -v nginx >/dev/null || [ -x /usr/sbin/nginx ] || missing="$missing nginx-light"
command -v openssl >/dev/null || missing="$missing openssl"
command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$missing postgresql"
[ -z "$missing" ] && exit 0

if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    echo "Installing for the tests:$missing …"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    # shellcheck disable=SC2086 -- one word a package
    apt-get install -y -qq --no-install-recommends $missing >/dev/null
elif command -v apt-get >/dev/null; then
    echo "The tests need:$missing. Please run: sudo apt-get install$missing" >&2
    exit 2
elif command -v brew >/dev/null; then
    echo "The tests need:$missing. Please run: brew install redis postgresql@15 nginx && brew install --cask chromium" >&2
    exit 2
else
    echo "The tests need:$missing. Please install them with your system's package manager." >&2
    exit 2
fi

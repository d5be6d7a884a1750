#!/bin/sh
# usage: need_npm.sh
#
# Installs the npm packages that web/package.json names for the page and its tests, at the
# versions of web/package-lock.json, into web/node_modules; does nothing where they are
# there.  What the npm package itself needs is nothing: they are for development.
set -eu

cd "$(dirname "$0")/../web"
stamp=node_modules/.installed
cmp -s package-lock.json "$stamp" && exit 0
command -v npm >/dev/null || ../tools/need.sh npm

echo "Installing with npm what web/package-lock.json names"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! npm ci --no-audit --no-fund --ignore-scripts >"$log" 2>&1; then
	cat "$log"
	echo "That failed.  The page has no terminal without them, and its tests are skipped."
	exit 0
fi
cp package-lock.json "$stamp"

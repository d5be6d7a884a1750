#!/bin/sh
# usage: install.sh BUILD PREFIX
#
# Installs what BUILD made below $DESTDIR/PREFIX.
set -eu

if [ "$(meson introspect --buildoptions "$1" |
	python3 -c 'import json, sys
print(next(o["value"] for o in json.load(sys.stdin) if o["name"] == "prefix"))')" != "$2" ]; then
	meson configure "$1" -Dprefix="$2"
	ninja -C "$1" --quiet >"$1/prefix.log" || { cat "$1/prefix.log" && exit 1; }
fi
meson install -C "$1" --no-rebuild --quiet
echo "installed in ${DESTDIR:-}$2"

# The loader must hear of a new library; of no use in a staging directory.
if [ -z "${DESTDIR:-}" ] && [ "$(id -u)" -eq 0 ]; then
	ldconfig
fi

#!/bin/sh
# usage: stage_web.sh FROM TO
#
# Makes the package for browsers and Node in TO from what the build left in FROM,
# and says how large it is: each file as it is, and gzipped as servers send it.
set -eu

from=$1
to=$2
rm -rf "$to"
mkdir -p "$to"
cp "$from"/* "$to/"
chmod 644 "$to"/*
printf '%-20s %9s %9s\n' "$to" bytes gzipped
for path in "$to"/*; do
	[ -f "$path" ] || continue
	printf '%-20s %9d %9d\n' "${path##*/}" "$(wc -c <"$path")" "$(gzip -9 -c "$path" | wc -c)"
done

#!/bin/sh
# usage: stage.sh BUILD STAGE
#
# Shows what BUILD made where people look for it: commands in STAGE/bin,
# libraries in STAGE/lib, as links.
set -eu

build=$(cd "$1" && pwd)
mkdir -p "$2/bin" "$2/lib"
for name in rump; do
	[ -x "$build/$name" ] && ln -sf "$build/$name" "$2/bin/"
done
for path in "$build"/librump.a "$build"/librump.so*; do
	[ -f "$path" ] && ln -sf "$path" "$2/lib/"
done
exit 0

#!/bin/sh
# usage: stage.sh BUILD STAGE
#
# Shows what BUILD made where people look for it, as links: commands in
# STAGE/bin, libraries in STAGE/lib, public headers in STAGE/include/rump, the
# reference page of the system calls in STAGE/doc.
set -eu

build=$(cd "$1" && pwd)
stage=$2
mkdir -p "$stage/bin" "$stage/lib" "$stage/include/rump" "$stage/doc"

link() {
	[ ! -f "$1" ] || ln -sf "$1" "$stage/$2/"
}

link "$build/rump" bin
link "$build/docs/syscalls.md" doc
for path in "$build"/librump.a "$build"/librump.so*; do
	link "$path" lib
done
for path in "$PWD"/include/rump/*.h "$build"/include/rump/*.h; do
	link "$path" include/rump
done

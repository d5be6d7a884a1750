#!/bin/sh
# usage: bench.sh BUILD [NAME]
#
# Runs the benchmarks that bench/meson.build names, or the one called NAME,
# one after the other: side by side they would measure each other.
set -eu

build=$1
found=
for name in $(cat "$build/benches.list"); do
	[ -z "${2:-}" ] || [ "$2" = "$name" ] || continue
	found=yes
	echo "== $name"
	SOURCE_ROOT=$PWD BUILD_ROOT=$PWD/$build "$build/bench_$name"
done
if [ -z "$found" ] && [ -n "${2:-}" ]; then
	echo "no benchmark '$2'; there are: $(tr '\n' ' ' <"$build/benches.list")" >&2
	exit 1
fi

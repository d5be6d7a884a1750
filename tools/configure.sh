#!/bin/sh
# usage: configure.sh VARIANT [OPTION...]
#
# Sets up build/VARIANT with Meson, or again when its options have changed.
#
#   gcc    what is installed; the gates read its archives; the WebAssembly module
#   clang  the second compiler's warnings
#   asan   AddressSanitizer and UndefinedBehaviorSanitizer, fuzz targets
#   tsan   ThreadSanitizer
#   fuzz   fuzz targets at full speed, without sanitizers, for long runs
#
# or for another machine, one of tools/cross/*.ini.
set -eu

cd "$(dirname "$0")/.."
variant=$1
shift
build=build/$variant

checks="-Dlock_checks=true -Doptimization=1"
case $variant in
gcc) CC=gcc flags="" ;;
clang) CC=clang flags="" ;;
asan) CC=clang flags="$checks -Db_sanitize=address,undefined -Dfuzz=true" ;;
fuzz) CC=clang flags="-Doptimization=2 -Dfuzz=true" ;;
tsan) CC=clang flags="$checks -Db_sanitize=thread" ;;
*)
	CC=gcc flags="--cross-file tools/cross/$variant.ini"
	flags="$flags --cross-file build/sysroot/$variant/here.ini -Dtests=true"
	if [ ! -f "tools/cross/$variant.ini" ]; then
		echo "configure.sh: no variant '$variant': gcc, clang, asan, tsan, fuzz or one of:" >&2
		ls tools/cross | sed -n 's/\.ini$//p' >&2
		exit 2
	fi
	tools/cross/sysroot.sh "$variant"
	;;
esac
export CC

if pkg-config --exists cmocka; then
	flags="$flags -Dtests=true"
fi
flags="$flags $*"

again=
if [ -f "$build/build.ninja" ]; then
	[ "$(cat "$build/configured" 2>/dev/null)" = "$flags" ] && exit 0
	again=--reconfigure
fi
mkdir -p build
# shellcheck disable=SC2086 # flags are words
if ! meson setup $again "$build" $flags >"build/$variant.log" 2>&1; then
	cat "build/$variant.log"
	exit 1
fi
echo "$flags" >"$build/configured"

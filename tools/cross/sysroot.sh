#!/bin/sh
# usage: sysroot.sh ARCH
#
# Puts what tests need beyond the C library below build/sysroot/ARCH: cmocka
# and nettle's SHA-2, compiled for ARCH (one of tools/cross/*.ini) from Debian's
# source packages.  Debian has no binaries of them for every ARCH, and those it
# has would want the developer's system to take in a foreign architecture.
#
# The sources are fetched once, by apt with a list of its own: the system's own
# lists, which may lack source packages, are only read.
# shellcheck disable=SC2086 # flags and lists of files are meant to split
set -eu

cd "$(dirname "$0")/../.."
arch=$1
description=tools/cross/$arch.ini
cc=$(sed -n "s/^c = '\(.*\)'/\1/p" "$description")
ar=$(sed -n "s/^ar = '\(.*\)'/\1/p" "$description")
sysroot=$PWD/build/sysroot/$arch
sources=$PWD/build/sysroot/source
keys=/usr/share/keyrings/debian-archive-keyring.gpg

# The Debian archives that the system uses, one "URI SUITE COMPONENT" a line.
archives() {
	apt-get indextargets 'Created-By: Packages' 'Origin: Debian' \
		--format '$(REPO_URI) $(RELEASE) $(COMPONENT)'
}

# fetch PACKAGE...: unpack source packages below $sources
fetch() (
	root=
	[ "$(id -u)" -eq 0 ] || root=sudo
	[ -n "$(archives)" ] || $root apt-get update
	rm -rf "$sources"
	mkdir -p "$sources/lists/partial"
	archives | sed "s|^|deb-src [signed-by=$keys] |" >"$sources/list"
	apt="apt-get -q -o APT::Sandbox::User=root -o Dir::Etc::sourcelist=$sources/list
		-o Dir::Etc::sourceparts=- -o Dir::State::lists=$sources/lists
		-o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache="
	cd "$sources"
	$apt update
	$apt source "$@"
	rm -rf lists
	touch done
)

# library PACKAGE NAME FLAGS HEADERS FILES: compile FILES of a source package
# into libNAME.a, and copy HEADERS to where pkg-config will say they are
library() (
	cd "$sources/$1"-*/
	mkdir -p "$sysroot/lib/pkgconfig" "$sysroot/include/$1" "$sysroot/object"
	cp $4 "$sysroot/include/$1"
	for file in $5; do
		$cc -O2 $3 -I. -Iinclude -c -o "$sysroot/object/$(basename "$file" .c).o" "$file"
	done
	rm -f "$sysroot/lib/lib$2.a"
	$ar rcs "$sysroot/lib/lib$2.a" "$sysroot"/object/*.o
	rm -r "$sysroot/object"
	cat >"$sysroot/lib/pkgconfig/$1.pc" <<-END
		Name: $1
		Description: $1 from Debian's source package
		Version: ${PWD##*-}
		Cflags: -I$sysroot/include -I$sysroot/include/$1
		Libs: -L$sysroot/lib -l$2
	END
)

[ ! -f "$sysroot/done" ] || [ "$0" -nt "$sysroot/done" ] || exit 0
[ -f "$sources/done" ] || fetch cmocka nettle
rm -rf "$sysroot"

library cmocka cmocka "-DHAVE_INTTYPES_H -DHAVE_SIGNAL_H -DHAVE_STRINGS_H -DHAVE_MALLOC_H
	-DHAVE_STRUCT_TIMESPEC -DHAVE_CLOCK_GETTIME -DHAVE_CLOCK_REALTIME -DHAVE_SIGLONGJMP
	-DHAVE_STRSIGNAL -DHAVE_GCC_THREAD_LOCAL_STORAGE" "include/cmocka.h" "src/cmocka.c"

library nettle nettle "" "sha2.h nettle-types.h" "sha256.c sha256-compress.c write-be32.c"

# What tools/cross/ARCH.ini cannot say: where this is.
cat >"$sysroot/here.ini" <<END
[properties]
pkg_config_libdir = '$sysroot/lib/pkgconfig'
END

# musl brings no headers of the Linux kernel; the system's serve.
if [ "$arch" = musl ]; then
	mkdir "$sysroot/linux"
	ln -s /usr/include/linux /usr/include/asm-generic "$sysroot/linux"
	ln -s "/usr/include/$(gcc -print-multiarch)/asm" "$sysroot/linux"
	cat >>"$sysroot/here.ini" <<-END

		[built-in options]
		c_args = ['-idirafter', '$sysroot/linux']
	END
fi
touch "$sysroot/done"

#!/bin/sh
# usage: demo.sh BUILD
#
# A tour in one minute: makes an FFS image from a folder of this source tree with
# Debian's makefs, looks into it with the rump command, copies it out, compares
# byte for byte, and tells what a rump kernel costs.
set -eu

build=$1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
tree=$scratch/tree
image=$scratch/disk.img
rump=$build/bin/rump

say() {
	printf '\n\033[1m$ %s\033[0m\n' "$*"
}

mkdir "$tree"
cp -R base kern vfs fs README.md "$tree"
ln -s README.md "$tree/link"
truncate -s 1M "$tree/hole"

say "makefs -t ffs -o version=2 disk.img tree"
makefs -t ffs -o version=2 "$image" "$tree" >/dev/null
ls -l "$image"

say "rump info disk.img"
"$rump" info "$image"

say "rump ls -l disk.img:/"
"$rump" ls -l "$image:/"

say "rump cat disk.img:/README.md | head -3"
"$rump" cat "$image:/README.md" | head -3

say "rump cp -r disk.img:/ copy && diff -r --no-dereference tree copy"
"$rump" cp -r "$image:/" "$scratch/copy"
diff -r --no-dereference "$tree" "$scratch/copy"
echo "same: $(find "$scratch/copy" -type f | wc -l) files," \
	"$(du -sk --apparent-size "$scratch/copy" | cut -f1) KiB"

say "what the kernel costs"
"$build/gcc/demo" "$image"

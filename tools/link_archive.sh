#!/bin/sh
# usage: link_archive.sh OUTPUT CC ARCHIVE...
#
# Links archives into one object, makes its hidden symbols local, and puts it
# into an archive of its own: what is left global is what was declared public.
set -eu

output=$1
cc=$2
shift 2
object=${output%.a}.o

$cc -nostdlib -r -o "$object" -Wl,--whole-archive "$@" -Wl,--no-whole-archive
"$($cc -print-prog-name=objcopy)" --localize-hidden "$object"
rm -f "$output"
"$($cc -print-prog-name=ar)" rcs "$output" "$object"

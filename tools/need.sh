#!/bin/sh
# usage: need.sh PURPOSE...
#
# Installs the Debian packages that tools/packages.txt lists for the purposes
# and that are not there yet; says which and why, and does nothing otherwise.
# Without dpkg (another system) it leaves the matter to whoever runs it.
set -eu

command -v dpkg-query >/dev/null || exit 0
list=$(dirname "$0")/packages.txt

# "package what for" of each package wanted and not installed.
missing=$(
	for purpose in "$@"; do
		sed -n "s/^$purpose  *//p" "$list"
	done | sort -u | while read -r package reason; do
		state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) || state=
		[ "$state" = installed ] || echo "$package: $reason"
	done
)
[ -n "$missing" ] || exit 0

echo "Installing with apt-get what 'make' needs and this system lacks:"
echo "$missing" | sed 's/^/  /'
packages=$(echo "$missing" | sed 's/:.*//')

root=
if [ "$(id -u)" -ne 0 ]; then
	root="sudo"
	echo "(through sudo)"
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086 # one word per package is meant
if ! { $root apt-get update &&
	$root env DEBIAN_FRONTEND=noninteractive \
		apt-get install -y --no-install-recommends $packages; } >"$log" 2>&1; then
	cat "$log"
	echo "Could not install them.  Install by hand and try again:" $packages
	exit 1
fi

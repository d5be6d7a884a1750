#!/bin/sh
# usage: need.sh PURPOSE...
#
# Installs the Debian packages that tools/packages.txt lists for the purposes
# and that are not there yet; says which and why, and does nothing otherwise.
# Without dpkg (another system) it leaves the matter to whoever runs it.
# shellcheck disable=SC2086 # lists of packages are meant to split
set -eu

command -v dpkg-query >/dev/null || exit 0
list=$(dirname "$0")/packages.txt

# "package what for", once for each package that the purposes want.
wanted=$(for purpose in "$@"; do
	sed -n "s/^$purpose  *//p" "$list"
done | sort -u -k1,1)
names=$(echo "$wanted" | sed 's/ .*//')
there=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' $names 2>/dev/null |
	sed -n 's/ installed$//p')

missing=
for name in $names; do
	echo "$there" | grep -qx "$name" || missing="$missing $name"
done
[ -n "$missing" ] || exit 0

root=
[ "$(id -u)" -eq 0 ] || root=sudo
echo "Installing with ${root:+sudo }apt-get what 'make' needs and this system lacks:"
for name in $missing; do
	echo "$wanted" | sed -n "s/^$name  */  $name: /p"
done

log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! $root apt-get update >"$log" 2>&1 ||
	! $root env DEBIAN_FRONTEND=noninteractive \
		apt-get install -y --no-install-recommends $missing >"$log" 2>&1 </dev/null; then
	cat "$log"
	echo "That failed.  Install by hand and try again:$missing"
	exit 1
fi

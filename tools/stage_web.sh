#!/bin/sh
# usage: stage_web.sh [-q] FROM TO
#
# Makes the package for browsers and Node in TO from what the build left in FROM, with
# the page in TO/page and what that uses of npm's, and says how large it is: each
# file as it is, and gzipped as servers send it; with -q it does not.
set -eu

quiet=
if [ "$1" = -q ]; then
	quiet=yes
	shift
fi
from=$1
to=$2
modules=$(dirname "$0")/../web/node_modules/@xterm
rm -rf "$to"
mkdir -p "$to"
cp -r "$from"/* "$to/"
if [ -d "$modules" ]; then
	mkdir "$to/page/xterm"
	cp "$modules/xterm/lib/xterm.mjs" "$modules/xterm/css/xterm.css" \
		"$modules/addon-fit/lib/addon-fit.mjs" "$modules/xterm/LICENSE" "$to/page/xterm/"
else
	echo "The page has no terminal: npm's packages are not in web/node_modules."
fi
find "$to" -type f -exec chmod 644 {} +
[ -z "$quiet" ] || exit 0
printf '%-30s %9s %9s\n' "$to" bytes gzipped
find "$to" -type f | sort | while read -r path; do
	printf '%-30s %9d %9d\n' "${path#"$to"/}" "$(wc -c <"$path")" "$(gzip -9 -c "$path" | wc -c)"
done

# Completion of rump(1) for bash(1): rump itself says what a word can become.
# shellcheck shell=bash

_rump() {
	local line=${COMP_LINE:0:COMP_POINT} word before candidate
	local -a words

	# Bash breaks words at colons and equals signs; rump wants them whole.
	read -ra words <<<"$line"
	[[ $line != *[[:space:]] ]] || words+=('')
	word=${words[${#words[@]} - 1]}

	# What bash thinks has been typed of the word is all that it replaces.
	before=${word%"$2"}
	COMPREPLY=()
	while IFS= read -r candidate; do
		candidate=${candidate%%$'\t'*}
		if [[ $candidate == :files ]]; then
			compopt -o filenames 2>/dev/null
			while IFS= read -r candidate; do
				COMPREPLY+=("$candidate")
			done < <(compgen -f -- "$2")
		else
			[[ $candidate != *[=/] ]] || compopt -o nospace 2>/dev/null
			printf -v candidate %q "${candidate#"$before"}"
			COMPREPLY+=("$candidate")
		fi
	done < <("${words[0]}" complete "${words[@]:1}" 2>/dev/null)
}

complete -F _rump rump

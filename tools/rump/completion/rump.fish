# Completion of rump(1) for fish(1): rump itself says what a word can become.

function __rump_complete
	set -l words (commandline -opc) (commandline -ct)
	for line in ($words[1] complete $words[2..-1] 2>/dev/null)
		if test "$line" = :files
			__fish_complete_path (commandline -ct)
		else
			printf '%s\n' $line
		end
	end
end

complete -c rump -f -a '(__rump_complete)'

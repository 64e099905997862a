#compdef surge
# Completion of surge for zsh: source <(surge completion zsh)
_surge() {
	local -a found
	found=("${(@f)$("${words[1]}" completion words -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
	if [[ -n "${found[1]}" ]]; then
		compadd -Q -a found
	else
		_files
	fi
}
compdef _surge surge

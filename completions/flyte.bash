# Completion of flyte for bash, written by 'flyte completion'.
_flyte() {
    local program=${COMP_WORDS[0]/#\~/$HOME} kind= line
    type -- "$program" >/dev/null 2>&1 || program=flyte
    COMPREPLY=()
    while IFS= read -r line; do
        if [[ -z $kind ]]; then kind=$line; else COMPREPLY+=("${line%%$'\t'*}"); fi
    done < <("$program" _complete bash "${COMP_LINE:0:COMP_POINT}" "$COMP_WORDBREAKS" 2>/dev/null)
    if [[ $kind == files ]]; then compopt -o filenames 2>/dev/null; fi
}
complete -o nosort -F _flyte flyte 2>/dev/null || complete -F _flyte flyte

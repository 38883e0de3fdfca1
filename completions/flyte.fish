# Completion of flyte for fish, written by 'flyte completion'.
function __flyte_complete
    set -l words (commandline -opc)
    set -l program $words[1]
    type -q -- $program; or set program flyte
    set -l lines ($program _complete fish $words (commandline -ct) 2>/dev/null)
    string join \n -- $lines[2..-1]
end
complete -c flyte -f -k -a '(__flyte_complete)'

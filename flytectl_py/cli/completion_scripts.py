"""The scripts that let bash, zsh and fish complete `flyte`, and where each shell looks for one.

They know no command: at each TAB they ask `flyte _complete`, so they are right for whatever version they find.
``python -m flytectl_py.cli.completion_scripts DIR`` writes them all.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

MARK = "written by 'flyte completion'"
"""What tells a script of ours from another's."""

_BASH = f"""\
# Completion of flyte for bash, {MARK}.
_flyte() {{
    local program=${{COMP_WORDS[0]/#\\~/$HOME}} kind= line
    type -- "$program" >/dev/null 2>&1 || program=flyte
    COMPREPLY=()
    while IFS= read -r line; do
        if [[ -z $kind ]]; then kind=$line; else COMPREPLY+=("${{line%%$'\\t'*}}"); fi
    done < <("$program" _complete bash "${{COMP_LINE:0:COMP_POINT}}" "$COMP_WORDBREAKS" 2>/dev/null)
    if [[ $kind == files ]]; then compopt -o filenames 2>/dev/null; fi
}}
complete -o nosort -F _flyte flyte 2>/dev/null || complete -F _flyte flyte
"""

_ZSH = f"""\
#compdef flyte
# Completion of flyte for zsh, {MARK}.
_flyte() {{
    local program=${{(Q)words[1]}} kind line word
    local -a answer offers
    program=${{~program}}
    whence -- $program >/dev/null || program=flyte
    answer=("${{(@f)$($program _complete zsh "${{(@Q)words[1,CURRENT-1]}}" "${{(Q)PREFIX}}" 2>/dev/null)}}")
    kind=$answer[1]
    for line in "${{(@)answer[2,-1]}}"; do
        word=${{${{line%%$'\\t'*}}//:/\\\\:}}
        if [[ $line == *$'\\t'* ]]; then offers+=("$word:${{line#*$'\\t'}}"); else offers+=("$word"); fi
    done
    local found=1
    (( $#offers )) && _describe -V flyte offers && found=0
    [[ $kind == files* && $PREFIX == --*=* ]] && compset -P '--*='
    case $kind in
        'files /') _files -/ && found=0 ;;
        'files *') _files && found=0 ;;
        'files '*) _files -g "*${{kind#files }}" && found=0 ;;
    esac
    return found
}}
if [[ $funcstack[1] == _flyte ]]; then _flyte "$@"; elif (( $+functions[compdef] )); then compdef _flyte flyte; fi
"""

_FISH = f"""\
# Completion of flyte for fish, {MARK}.
function __flyte_complete
    set -l words (commandline -opc)
    set -l program $words[1]
    type -q -- $program; or set program flyte
    set -l lines ($program _complete fish $words (commandline -ct) 2>/dev/null)
    string join \\n -- $lines[2..-1]
end
complete -c flyte -f -k -a '(__flyte_complete)'
"""

SCRIPTS: Mapping[str, str] = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}
FILES: Mapping[str, str] = {"bash": "flyte.bash", "zsh": "_flyte", "fish": "flyte.fish"}
"""What each is called in completions/."""


class Place(NamedTuple):
    """Where a shell looks for a completion of one person's, and what else must be so for it to be found."""

    file: Path
    next: str


def place(shell: str, environ: Mapping[str, str]) -> Place:
    """Return where the script of a shell goes."""
    home = Path(environ.get("HOME") or Path.home())
    data = Path(environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    if shell == "bash":
        folder = Path(environ.get("BASH_COMPLETION_USER_DIR") or data / "bash-completion") / "completions"
        file = folder / "flyte"
        return Place(
            file,
            "open a new bash: the package bash-completion finds it. Without that package, add to ~/.bashrc:  "
            f"source '{file}'",
        )
    if shell == "zsh":
        folder = data / "zsh" / "site-functions"
        return Place(
            folder / "_flyte",
            f"open a new zsh, after ~/.zshrc has this before compinit:  fpath=('{folder}' $fpath); "
            "autoload -Uz compinit && compinit",
        )
    config = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
    return Place(config / "fish" / "completions" / "flyte.fish", "open a new fish: it finds it")


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for shell, text in SCRIPTS.items():
        (folder / FILES[shell]).write_text(text, encoding="utf-8")

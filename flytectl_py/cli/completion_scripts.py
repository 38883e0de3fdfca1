"""The scripts that let bash, zsh and fish complete `flyte`, and where each shell looks for one.

They know no command: at each TAB they ask `flyte _complete`, so they are right for whatever version they find.
``python -m flytectl_py.cli.completion_scripts DIR`` writes them all.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from flytectl_py.errors import NotReadyError

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
    """Return where the script of a shell goes.

    :raises NotReadyError: it is below the home folder, and nobody says where that is.
    """
    if shell == "bash":
        given = environ.get("BASH_COMPLETION_USER_DIR")
        folder = Path(given) if given else _xdg(environ, "XDG_DATA_HOME", ".local/share") / "bash-completion"
        file = folder / "completions" / "flyte"
        return Place(
            file,
            "open a new bash: the package bash-completion finds it. Without that package, add to ~/.bashrc:  "
            f"source '{file}'",
        )
    if shell == "zsh":
        folder = _xdg(environ, "XDG_DATA_HOME", ".local/share") / "zsh" / "site-functions"
        return Place(
            folder / "_flyte",
            f"open a new zsh, after ~/.zshrc has this before compinit:  fpath=('{folder}' $fpath); "
            "autoload -Uz compinit && compinit",
        )
    config = _xdg(environ, "XDG_CONFIG_HOME", ".config")
    return Place(config / "fish" / "completions" / "flyte.fish", "open a new fish: it finds it")


def _xdg(environ: Mapping[str, str], variable: str, otherwise: str) -> Path:
    """Return the folder that a variable names, else one of the home folder.

    As the XDG Base Directory Specification has it, a relative path in the variable does not count.
    """
    given = Path(environ.get(variable, ""))
    return given if given.is_absolute() else _home(environ) / otherwise


def _home(environ: Mapping[str, str]) -> Path:
    try:
        home = Path(environ["HOME"]) if "HOME" in environ else Path.home()
    except RuntimeError as error:  # The user has no entry in the table of users either.
        raise NotReadyError("nobody says where the home folder is", hint="set HOME", where="HOME") from error
    if not home.is_absolute():
        raise NotReadyError(
            f"HOME is '{environ['HOME']}', which is no absolute path, so no shell would look there",
            hint="set HOME to your home folder",
            where="HOME",
        )
    return home


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for shell, text in SCRIPTS.items():
        (folder / FILES[shell]).write_text(text, encoding="utf-8")

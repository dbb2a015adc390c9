"""Completion in bash, where a colon ends a word and node ids have two.

click takes the words as bash cuts them, and ``7.3::cl`` comes as three. This one reads the line
itself, and gives back what belongs behind the last colon.
"""

from __future__ import annotations

import os

from click.shell_completion import (
    BashComplete,
    add_completion_class,
    get_completion_class,
    split_arg_string,
)

_SOURCE = """\
%(complete_func)s() {
    local IFS=$'\\n'
    local line=${COMP_LINE:0:COMP_POINT}
    local word=${line##*[[:space:]]}
    local head=
    if [[ $COMP_WORDBREAKS == *:* && $word == *:* ]]; then
        head=${word%%:*}:
    fi
    local response type value
    response=$(env COMP_WORDS="$line" COMP_CWORD=line %(complete_var)s=bash_complete "$1")

    for completion in $response; do
        IFS=',' read -r type value <<< "$completion"
        if [[ $type == dir ]]; then
            COMPREPLY=()
            compopt -o dirnames
        elif [[ $type == file ]]; then
            COMPREPLY=()
            compopt -o default
        elif [[ $type == plain ]]; then
            COMPREPLY+=("${value#"$head"}")
        fi
    done
    return 0
}

complete -o nosort -F %(complete_func)s %(prog_name)s
"""


class BashLine(BashComplete):
    """Bash's completion from the line, not from its words."""

    source_template = _SOURCE

    def get_completion_args(self) -> tuple[list[str], str]:
        """The words before the one that is completed, and what there is of that."""
        if os.environ.get("COMP_CWORD") != "line":
            return super().get_completion_args()
        line = os.environ["COMP_WORDS"]
        words = split_arg_string(line)[1:]
        if not words or line[-1:].isspace():
            return words, ""
        return words[:-1], words[-1]


def install() -> None:
    """Use it for bash."""
    add_completion_class(BashLine, "bash")


def is_known(wanted: str) -> bool:
    """Whether ``SHELL_INSTRUCTION`` is one that is answered; click ends without a word else."""
    shell, _, instruction = wanted.partition("_")
    return get_completion_class(shell) is not None and instruction in {"source", "complete"}

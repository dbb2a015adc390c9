"""Splits a shell script into its simple commands, far enough to tell what would be run."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_HEREDOC = re.compile(r"<<-?[ \t]*(['\"]?)(\w+)\1")
_EXPRESSION = re.compile(r"\$\{\{.*?\}\}", re.DOTALL)
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*\+?=")
#: Words before a command that leave it the command that is run.
_TRANSPARENT = frozenset({"then", "else", "do", "{", "time", "sudo", "env", "exec", "command"})
#: Words after which the exit status is looked at instead of ending the script.
_CONDITIONAL = frozenset({"if", "elif", "while", "until", "!"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A simple command.

    Attributes:
        words: the program and its arguments, without assignments before them. An
            expression of a workflow (``${{ … }}``) stands as ``EXPRESSION``.
        line: 0-based line in the script.
        tolerated: a failure of it does not end the script.
    """

    words: tuple[str, ...]
    line: int
    tolerated: bool


def parse_commands(script: str) -> list[Command]:
    """Find the commands of a POSIX shell script.

    Quotes, continued lines, comments, here-documents and command substitutions are
    understood; functions, loops and conditions are not evaluated. A command with a quote
    that never ends is passed over.

    >>> [command.words for command in parse_commands('echo "cargo sweep" && cargo sweep -i')]
    [('echo', 'cargo sweep'), ('cargo', 'sweep', '-i')]
    """
    found: list[Command] = []
    tolerant = False
    for piece in _pieces(_EXPRESSION.sub(_placeholder, script)):
        try:
            words = shlex.split(piece.text)
        except ValueError:
            continue
        # `|` hides the status of what stands before it, unless the shell has pipefail set.
        survived = tolerant or piece.operator in {"||", "|", "|&", "&"}
        command = _command(words, piece.line, tolerated=survived)
        if command is not None:
            tolerant = tolerant or command.words[:2] == ("set", "+e")
            found.append(command)
    return found


def _placeholder(match: re.Match[str]) -> str:
    return "EXPRESSION" + "\n" * match[0].count("\n")


def _command(words: Sequence[str], line: int, *, tolerated: bool) -> Command | None:
    """The command without what may stand before it; ``None`` when nothing is left."""
    rest = list(words)
    prefixed = False
    while rest:
        first = rest[0]
        if first in _TRANSPARENT or first in _CONDITIONAL:
            prefixed = True
        elif not _ASSIGNMENT.match(first) and not (prefixed and first.startswith("-")):
            return Command(words=tuple(rest), line=line, tolerated=tolerated)
        tolerated = tolerated or first in _CONDITIONAL
        rest.pop(0)
    return None


@dataclass(frozen=True, slots=True)
class _Piece:
    """The text between two operators, quotes and escapes as written."""

    text: str
    operator: str
    line: int


def _pieces(script: str) -> Iterator[_Piece]:
    """Split at unquoted operators and line ends, leaving out comments and here-documents."""
    text: list[str] = []
    heredocs: list[str] = []
    quote = ""
    start = line = position = 0
    blank = True  # nothing but space so far
    while position < len(script):
        char, before = script[position], script[max(position - 1, 0) : position]
        if blank:
            start = line
            blank = char.isspace() or char == "\\"
        if char == "\\" and quote != "'" and position + 1 < len(script):
            following = script[position + 1]
            text.append("" if following == "\n" else char + following)
            line += following == "\n"
            position += 2
        elif quote or char in "'\"":
            quote = ("" if quote == char else quote) if quote else char
            line += char == "\n"
            text.append(char)
            position += 1
        elif char == "#" and (not before or before in " \t\n;&|()"):
            end = script.find("\n", position)
            position = len(script) if end < 0 else end
        elif char == "<" != before and (found := _HEREDOC.match(script, position)):
            heredocs.append(found[2])
            text.append(found[0])
            position = found.end()
        elif operator := _operator(script, position):
            yield _Piece("".join(text), operator, start)
            text, blank = [], True
            position += len(operator)
        elif char == "\n":
            yield _Piece("".join(text), char, start)
            position, line = _after_heredocs(script, heredocs, position + 1, line + 1)
            text, heredocs, blank = [], [], True
        else:
            text.append(char)
            position += 1
    yield _Piece("".join(text), "", start)


_OPERATOR = re.compile(r";;|\|\||&&|\|&|[;|()`]|&(?!>)")


def _operator(script: str, position: int) -> str:
    """The control operator at `position`; empty for a redirection such as ``>&``."""
    if script[position] == "&" and script[max(position - 1, 0)] in "<>":
        return ""
    match = _OPERATOR.match(script, position)
    return match[0] if match else ""


def _after_heredocs(
    script: str, delimiters: Sequence[str], position: int, line: int
) -> tuple[int, int]:
    for delimiter in delimiters:
        while position < len(script):
            end = script.find("\n", position)
            end = len(script) if end < 0 else end
            content = script[position:end].strip()
            position, line = end + 1, line + 1
            if content == delimiter:
                break
    return position, line

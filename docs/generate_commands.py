"""The page of commands, from what click knows of them."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

import click


def page() -> str:
    """Every command with its options, by the sections of ``gaterun --help``."""
    from gaterun.cli.main import EVERY_DAY, NOW_AND_THEN, gaterun

    # With its settings: click keeps the option --help of a command as the first context had it.
    context = gaterun.context_class(gaterun, info_name="gaterun", **gaterun.context_settings)
    common = _common(context)
    lines = [
        "# Commands",
        "",
        "`gaterun PHASE` is short for `gaterun run PHASE`.",
        "`cargo gaterun` and `python -m gaterun` are the same program.",
        "",
        "## Options of a workspace",
        "",
        "Commands that work on a workspace take these.",
        "",
        *(_option(record) for record in common),
        "",
    ]
    for section in (EVERY_DAY, NOW_AND_THEN):
        lines += [f"## {section}", ""]
        for name in _of_section(section):
            command = gaterun.get_command(context, name)
            if command is not None:
                lines += _command(command, click.Context(command, context, name), common, 3)
    return "\n".join(lines)


def _of_section(section: str) -> list[str]:
    from gaterun.cli.main import COMMANDS

    return [name for name, (_, home, _) in COMMANDS.items() if home == section]


def _common(context: click.Context) -> list[tuple[str, str]]:
    """The options of a command that has no others."""
    from gaterun.cli.plugins import command

    return [
        record
        for option in command.params
        if option.name in {"directory", "config_file", "profile", "override", "plugin"}
        and (record := option.get_help_record(context))
    ]


def _command(
    command: click.Command, context: click.Context, common: list[tuple[str, str]], level: int
) -> list[str]:
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    lines = [f"{'#' * level} `{context.command_path}`", "", "```text", usage, "```", ""]
    lines += [text(command.help or ""), ""]
    records = [
        record
        for option in command.params
        if isinstance(option, click.Option) and (record := option.get_help_record(context))
    ]
    own = [record for record in records if record not in common]
    lines += [*(_option(record) for record in own), ""]
    if own != records:
        lines += ["And the [options of a workspace](#options-of-a-workspace).", ""]
    lines += _epilog(command.epilog or "")
    for below in _below(command, context):
        lines += _command(below.command, below, common, level + 1)
    return lines


def _below(command: click.Command, context: click.Context) -> Iterator[click.Context]:
    """The commands of a command."""
    from gaterun.cli import baseline

    if isinstance(command, baseline.WithOthers):
        for name, other in command.beside().items():
            # Not below it for click, which would put its [PHASE] between the two words.
            yield click.Context(other, context.parent, f"{context.info_name} {name}")
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            if (below := command.get_command(context, name)) is not None:
                yield click.Context(below, context, name)


def text(written: str) -> str:
    """A help text as Markdown: click's marks out, and nothing in it is HTML."""
    plain = re.sub(r"^\s*[\b\f]\s*$", "", inspect.cleandoc(written), flags=re.MULTILINE)
    return plain.replace("<", "&lt;").strip()


def _option(record: tuple[str, str]) -> str:
    names, meaning = record
    return f"- `{names}`" + f": {text(meaning)}" * bool(meaning)


def _epilog(written: str) -> list[str]:
    """Examples stay as they are written; other paragraphs are prose."""
    lines: list[str] = []
    plain = re.sub(r"^\s*\x08\s*$", "", inspect.cleandoc(written), flags=re.MULTILINE)
    for paragraph in re.split(r"\n\s*\n", plain.strip()):
        head, _, rest = paragraph.partition("\n")
        if head.strip() in {"Example:", "Examples:"}:
            lines += ["```text", inspect.cleandoc(rest) if rest else "", "```", ""]
        elif paragraph.strip():
            lines += [text(paragraph), ""]
    return lines

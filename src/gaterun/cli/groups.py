"""A command that has commands of its own, and knows their options wherever they stand."""

from __future__ import annotations

import click


class Subcommands(click.Group):
    """A group whose first command is meant where none is named.

    ``gaterun -C dir runs list`` gives the group ``-C dir list``: the options are the
    command's.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the command in front of the options that were written before it."""
        words = list(args)
        if not {"-h", "--help"} & set(words[:1]):
            at = next((at for at, word in enumerate(words) if word in self.commands), None)
            if at is not None:
                words = [words[at], *words[:at], *words[at + 1 :]]
            elif ctx.resilient_parsing:
                pass  # the shell asks which commands there are
            elif not words or words[0].startswith("-"):
                words = [next(iter(self.commands)), *words]
        return super().parse_args(ctx, words)

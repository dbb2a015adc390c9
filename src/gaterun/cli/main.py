"""The command line: finds the command, and turns every error into an exit code."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import signal
import sys
import threading
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gaterun.cli.notes import Notes, following
from gaterun.core import ending
from gaterun.core.workflow_log import guarded_log
from gaterun.model.errors import GaterunError
from gaterun.model.verdict import ExitCode

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

#: What the system says where there is no room; nobody's bug.
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})

EVERY_DAY = "Every day"
NOW_AND_THEN = "Now and then"

#: Command to module (and what it is called there), section of the help page and summary. Modules are imported on use.
COMMANDS: dict[str, tuple[str, str, str]] = {
    "run": ("run", EVERY_DAY, "Measure and judge the gates of a phase (the default command)."),
    "list": ("list", EVERY_DAY, "Show the phases, or the tasks and gates of one."),
    "status": ("status", EVERY_DAY, "Say who does what and which verdicts hold; runs nothing."),
    "start": ("start", EVERY_DAY, "Claim a task, and be told what it asks for."),
    "done": ("done", EVERY_DAY, "Measure a task and all that it needs; is it verified?"),
    "watch": ("watch", EVERY_DAY, "Follow the tasks of a phase; --write keeps a dashboard."),
    "claims": ("claims", EVERY_DAY, "Hold what was said to be done against evidence."),
    "note": ("note", NOW_AND_THEN, "Note something about a task."),
    "block": ("note:block", NOW_AND_THEN, "Say that a task cannot go on, and why."),
    "unblock": ("note:unblock", NOW_AND_THEN, "Say that nothing blocks a task any longer."),
    "explain": ("explain", EVERY_DAY, "Say what a gate means, measures and accepts."),
    "baseline": ("baseline", EVERY_DAY, "Measure a phase where it began, and store the metrics."),
    "diff": ("diff", EVERY_DAY, "Show the metrics of two runs or files side by side."),
    "report": ("report", EVERY_DAY, "Write reports of a recorded run again."),
    "fix": ("fix", EVERY_DAY, "Show what gates would change to mend what they measure; --write."),
    "init": ("init", NOW_AND_THEN, "Measure this workspace and write a phase that passes today."),
    "selftest": ("selftest", NOW_AND_THEN, "Prove that every gate can fail, and can pass."),
    "demo": ("demo", NOW_AND_THEN, "Write the example workspace as a git repository."),
    "waivers": ("waivers", NOW_AND_THEN, "Accepted failures with an owner and an end; sign-offs."),
    "runs": ("runs", NOW_AND_THEN, "List, verify, export and forget recorded runs; their history."),
    "plugins": ("plugins", NOW_AND_THEN, "Show what is loaded, and from where."),
    "doctor": ("doctor", NOW_AND_THEN, "Say what is missing on this machine."),
    "config": ("config", NOW_AND_THEN, "Show every setting and which source won."),
    "mcp": ("mcp", NOW_AND_THEN, "Serve a coding agent by the Model Context Protocol."),
    "hook": ("hook", NOW_AND_THEN, "Answer a hook of a coding agent from what is recorded."),
    "capabilities": ("capabilities", NOW_AND_THEN, "Say what this gaterun can do, for programs."),
    "schema": ("schema", NOW_AND_THEN, "Print the JSON Schema of a file format."),
}

#: What shells set when they ask for completions.
_COMPLETE = "_GATERUN_COMPLETE"

#: Options of most commands that take a value, for telling a command from a value before it.
_WITH_VALUE = frozenset({"-C", "--directory", "-c", "--config", "-P", "--profile", "-o", "-p"})

EXAMPLES = """\b
Examples:
  gaterun phase7                      run every gate of phase7
  gaterun phase7 7.3 -x               only task 7.3, stop at the first failure
  gaterun phase7 --junit-xml out.xml  with a JUnit report for CI
  gaterun init && gaterun first       write a phase for this workspace, run it
\b
Exit codes: 0 all passed, 1 a gate failed, 2 interrupted, 3 internal error,
4 usage or configuration, 5 nothing selected, 6 too many advisory failures,
7 nothing failed but a gate reached no verdict.
"""


class LazyGroup(click.Group):
    """A group that imports a command's module when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command, in the order of the help page."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(f"gaterun.cli.{module}"), name or "command")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command; while a shell completes, a phase stands for ``run``."""
        if ctx.resilient_parsing and args and args[0] not in COMMANDS:
            return "run", self.get_command(ctx, "run"), args
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Commands and phases that begin with what was typed."""
        from gaterun.cli.workspace import PhaseName

        phases = PhaseName().shell_complete(ctx, self.params[0], incomplete)
        return [*super().shell_complete(ctx, incomplete), *phases]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands by section, without importing them."""
        del ctx
        for section in (EVERY_DAY, NOW_AND_THEN):
            rows = [(name, text) for name, (_, home, text) in COMMANDS.items() if home == section]
            with formatter.section(section):
                formatter.write_dl(rows)


@click.group(
    cls=LazyGroup,
    epilog=EXAMPLES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    subcommand_metavar="[COMMAND | PHASE] [ARGS]...",
)
@click.version_option(
    None, "-V", "--version", package_name="gaterun", message="gaterun %(version)s"
)
def gaterun() -> None:
    """Pytest for phase gates: measure a Rust workspace, and believe the green.

    `gaterun PHASE` is short for `gaterun run PHASE`. Running gates runs the workspace's code:
    build scripts, tests, compiler wrappers.
    """


def arguments_of(argv: Sequence[str]) -> list[str]:
    """Put the command ``run`` in front where no command is named.

    >>> arguments_of(["phase7", "-x"])
    ['run', 'phase7', '-x']
    >>> arguments_of(["list"]), arguments_of(["--help"]), arguments_of([])
    (['list'], ['--help'], ['--help'])
    """
    if not argv:
        return ["--help"]
    position = next((at for at, word in enumerate(argv) if word in COMMANDS), 0)
    if position and all(_is_option(argv, at) for at in range(position)):
        # `gaterun -C dir list`: the options belong to the command, wherever they stand.
        return [argv[position], *argv[:position], *argv[position + 1 :]]
    if argv[0] in COMMANDS or argv[0] in {"-h", "--help", "-V", "--version"}:
        return list(argv)
    return ["run", *argv]


def _is_option(argv: Sequence[str], at: int) -> bool:
    """Whether the word is an option, or the value of one that most commands have."""
    return argv[at].startswith("-") or (at > 0 and argv[at - 1] in _WITH_VALUE)


def run(argv: Sequence[str], notes: Notes | None = None) -> int:
    """Run a command line and return its exit code.

    Args:
        notes: what is looked at from the start, where the answer may be kept.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # What a stream cannot encode (a file name that is not UTF-8) is shown all the same.
            stream.reconfigure(errors="backslashreplace")
    with guarded_log():
        return _run(argv, notes)


def _run(argv: Sequence[str], notes: Notes | None) -> int:
    if threading.current_thread() is threading.main_thread():
        # What a CI system sends first, or a terminal that is closed: unwind, so that nothing is
        # left running or half written.
        for number in ending.signals():
            signal.signal(number, signal.default_int_handler)
    if wanted := os.environ.get(_COMPLETE):
        from gaterun.cli.shell_words import install, is_known

        install()
        if not is_known(wanted):
            _complain(
                f"{_COMPLETE} is '{wanted}', which no shell asks for",
                "bash_source, zsh_source and fish_source write what a shell reads at its start",
            )
            return int(ExitCode.USAGE_ERROR)
        gaterun.main(prog_name="gaterun")
    try:
        # Not click's main(): it would turn a closed pipe into exit 1, which means "a gate failed".
        arguments = arguments_of(argv)
        if notes is not None and arguments[0] not in {"run", "list", "status", "hook"}:
            notes.stop()
        with following(notes), gaterun.make_context("gaterun", arguments) as context:
            answer = gaterun.invoke(context)
        code = answer if isinstance(answer, int) else 0
        try:
            sys.stdout.flush()
        except BrokenPipeError:
            _silence()  # whoever read our output has gone, `| head` for one; the code stays
        return code
    except GaterunError as error:
        _complain(error.message, error.help)
        return int(error.exit_code)
    except click.UsageError as error:
        where = error.ctx.command_path if error.ctx else "gaterun"
        message = error.format_message().rstrip(".")
        _complain(message[:1].lower() + message[1:], f"`{where} --help` shows how to use it")
        return int(ExitCode.USAGE_ERROR)
    except click.ClickException as error:
        _complain(error.format_message(), "")
        return int(ExitCode.USAGE_ERROR)
    except (KeyboardInterrupt, click.Abort):
        _complain("interrupted", "")
        return int(ExitCode.INTERRUPTED)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except SystemExit as stop:
        _complain(f"a plugin ended the program with {stop.code}", "")
        return int(ExitCode.INTERNAL_ERROR)
    except BrokenPipeError:
        _silence()
        return int(ExitCode.OK)
    except OSError as error:
        if error.errno not in _FULL:
            return _crashed(error)
        _silence()
        _complain(f"cannot write: {error.strerror}", "make room, or write somewhere else")
        return int(ExitCode.USAGE_ERROR)
    except Exception as error:  # noqa: BLE001 - the last one to know
        return _crashed(error)


def _silence() -> None:
    """Nobody is left to tell, and Python would complain when it flushes at the end."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.__stdout__.fileno())  # type: ignore[union-attr]


def _complain(message: str, help: str) -> None:
    colour = sys.stderr.isatty() and "NO_COLOR" not in os.environ
    label = click.style("error:", fg="red", bold=True) if colour else "error:"
    click.echo(f"{label} {message}", err=True)
    if help:
        click.echo(f"  help: {help}", err=True)


def _crashed(error: Exception) -> int:
    import tempfile
    import traceback

    from gaterun import __version__

    text = "".join(traceback.format_exception(error))
    with tempfile.NamedTemporaryFile(
        "w", prefix="gaterun-crash-", suffix=".log", delete=False, encoding="utf-8"
    ) as log:
        log.write(f"gaterun {__version__}, Python {sys.version}\nargv: {sys.argv}\n\n{text}")
    _complain(
        f"internal error: {type(error).__name__}: {error}",
        f"this is a bug in gaterun or a plugin; the crash log is {Path(log.name)}",
    )
    return int(ExitCode.INTERNAL_ERROR)

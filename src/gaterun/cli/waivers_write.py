"""``gaterun waivers add`` and ``sign``: entries that a person writes into the waiver file."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gaterun.cli.workspace import Opened, PhaseName, workspace_options
from gaterun.core.phases import phase_names
from gaterun.core.source import Source
from gaterun.core.waiver_file import find_source, read
from gaterun.model.condition import nearest
from gaterun.model.errors import CannotMeasure, UsageError
from gaterun.model.metric import Better, Unit
from gaterun.model.phase import Mode, Phase, Requirement
from gaterun.model.verdict import ExitCode
from gaterun.model.waiver import WAIVERS_FILE, Decisions, Waiver

if TYPE_CHECKING:
    from gaterun.model.record import GateResult

#: Days that a waiver gets where nobody says how many.
DAYS = 30

_REASON = click.option("--reason", required=True, metavar="TEXT", help="Why.")


@click.command(
    name="add",
    short_help="Add a waiver.",
    epilog="""\b
Examples:
  gaterun waivers add 7.3::clippy --rule "clippy::todo" --path "crates/api/**" --reason "#88"
  gaterun waivers add tests --message 'pool$reaper::clock_jump: *' --reason "needs #91"
  gaterun waivers add clippy --condition "warnings < 20" --days 14 --reason "merge of v2"
\b
In rule and message, * is any text; in path, * stays in a folder and ** does not.
--condition without --instead accepts the value of the latest run, and nothing worse.
""",
)
@click.argument("gate")
@click.option("--rule", default="", metavar="GLOB", help="Findings of these rules.")
@click.option("--path", default="", metavar="GLOB", help="Findings in these files.")
@click.option("--message", default="", metavar="GLOB", help="Findings that say this.")
@click.option("--fingerprint", default="", metavar="TEXT", help="One finding.")
@click.option("--limit", type=click.IntRange(1), metavar="N", help="At most so many findings.")
@click.option("--condition", default="", metavar="TEXT", help="The condition that may fail.")
@click.option("--instead", default="", metavar="TEXT", help="The one that must hold instead.")
@_REASON
@click.option("--owner", default="", metavar="NAME", help="Who answers; git's user.name.")
@click.option("--expires", metavar="DATE", help="Last day, in UTC.")
@click.option("--days", type=click.IntRange(1), metavar="N", help=f"Instead; {DAYS} by default.")
@click.option("--issue", default="", metavar="URL", help="Where the work is followed.")
@click.option("--phase", default="", type=PhaseName(), help="Only for this phase.")
@workspace_options
def add(
    opened: Opened,
    *,
    gate: str,
    rule: str,
    path: str,
    message: str,
    fingerprint: str,
    limit: int | None,
    condition: str,
    instead: str,
    reason: str,
    owner: str,
    expires: str | None,
    days: int | None,
    issue: str,
    phase: str,
) -> int:
    """Add a waiver of GATE (a name, or a node id such as 7.3::clippy) to waivers.toml."""
    from gaterun.core.waiver_edit import entry, with_entry

    if expires and days:
        raise UsageError("--expires and --days both say when it ends", help="give one of them")
    today = datetime.now(UTC).date()
    with alone(opened):
        source = find_source(opened.root) or Source(WAIVERS_FILE, "")
        _known(opened, source, today)
        found = _latest(opened, gate, phase)
        if condition and not instead:
            instead = _as_measured(found, gate, condition)
        text = entry(
            "waiver",
            {
                "gate": gate,
                "phase": phase,
                "rule": rule,
                "path": path,
                "message": message,
                "fingerprint": fingerprint,
                "limit": limit or 0,
                "condition": condition,
                "instead": instead,
                "reason": reason,
                "owner": owner or git_user(opened),
                "expires": _day(expires) if expires else today + timedelta(days=days or DAYS),
                "issue": issue,
            },
        )
        after = Source(source.name, with_entry(source, text))
        decisions = _known(opened, after, today)
        save(opened, None, after.text)
    click.echo(text, nl=False)
    click.echo(_told(decisions.waivers[-1], found), err=True)
    return int(ExitCode.OK)


@click.command(
    name="sign",
    short_help="Sign a manual gate.",
    epilog="""\b
Examples:
  gaterun waivers sign 7.4::checklist --reason "all boxes ticked"
  gaterun waivers sign checklist --name "Ann B." --reason "read it whole"
\b
The entry in the phase file: id = "checklist", mode = "manual", file = "docs/release.md".
""",
)
@click.argument("node")
@click.option("--name", default="", metavar="NAME", help="Who signs; git's user.name.")
@_REASON
@click.option("--phase", default="", type=PhaseName(), help="The phase, where several have it.")
@workspace_options
def sign(opened: Opened, *, node: str, name: str, reason: str, phase: str) -> int:
    """Sign the manual gate NODE: its files have been looked at as they are now.

    The sign-off goes stale when they change. An earlier one of the same person is replaced.
    """
    from gaterun.core.signoff import ManualOptions, digest
    from gaterun.core.waiver_edit import entry, with_entry, without

    home, gate = _manual(opened, node, phase)
    files = gate.options.files if isinstance(gate.options, ManualOptions) else ()
    try:
        now = digest(opened.root, files)
    except CannotMeasure as error:
        raise UsageError(error.message) from error
    today = datetime.now(UTC).date()
    name = name or git_user(opened)
    with alone(opened):
        source = find_source(opened.root) or Source(WAIVERS_FILE, "")
        decisions = _known(opened, source, today)
        earlier = {
            at
            for at, signoff in enumerate(decisions.signoffs)
            if (signoff.phase, signoff.gate, signoff.name) == (home.id, gate.node_id, name)
        }
        if earlier:
            source = Source(source.name, without(source, "signoff", earlier))
        text = entry(
            "signoff",
            {
                "phase": home.id,
                "gate": gate.node_id,
                "name": name,
                "reason": reason,
                "date": today,
                "digest": now,
            },
        )
        after = Source(source.name, with_entry(source, text))
        _known(opened, after, today)
        save(opened, None, after.text)
    click.echo(f"{name} signed {gate.node_id}: {', '.join(files)}, sha256 {now[:16]}")
    return int(ExitCode.OK)


@contextlib.contextmanager
def alone(opened: Opened) -> Iterator[None]:
    """Change the waiver file while no other gaterun does.

    Raises:
        UsageError: the state folder cannot be written to.
    """
    from gaterun.core.lock import take

    descriptor = take(
        opened.store().path / "locks",
        "waivers",
        alone=True,
        stopped=lambda: False,
        waiting=lambda name: click.echo(f"waiting for another gaterun ({name})", err=True),
    )
    try:
        yield
    finally:
        os.close(descriptor)


def save(opened: Opened, file: Path | None, text: str) -> None:
    """Write the waiver file, whole or not at all.

    Raises:
        UsageError: it cannot be written.
    """
    from gaterun.core.aside import written_aside

    path = file or opened.root / WAIVERS_FILE
    try:
        with written_aside(path) as aside:
            aside.write_bytes(text.encode())
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from error


def phases_of(opened: Opened) -> list[Phase]:
    """The phases of the workspace, and the configured one.

    Raises:
        UsageError: one of them is wrong.
    """
    names = phase_names(opened.config.phase_folders, {})
    if opened.config.settings.phase:
        names.add(opened.config.settings.phase)
    return [opened.phase(name) for name in sorted(names)]


def names_errors(
    opened: Opened, source: Source, decisions: Decisions, phases: Sequence[Phase]
) -> list[UsageError]:
    """Which waivers name what no phase of the workspace has, each said once."""
    from gaterun.core.waiver_names import wrong_names

    errors = [
        error
        for phase in phases
        for error in wrong_names(
            source, decisions, phase, partial(opened.is_elsewhere, phase=phase), phases
        )
    ]
    return list({error.message: error for error in errors}.values())


def git_user(opened: Opened) -> str:
    """The name that git knows the user by.

    Raises:
        UsageError: it knows none.
    """
    from gaterun.core.git import Git, GitError

    try:
        name = Git(opened.root)("config", "user.name").decode("utf-8", "replace").strip()
    except GitError:
        name = ""
    if not name:
        raise UsageError(
            "git knows no user.name", help="say who with --owner (add) or --name (sign)"
        )
    return name


def _known(opened: Opened, source: Source, today: date) -> Decisions:
    """The decisions of a file in which nothing is wrong.

    Raises:
        UsageError: something is.
    """
    longest = opened.config.settings.max_waiver_days
    decisions, errors = read(source, today=today, longest=longest)
    errors = errors or names_errors(opened, source, decisions, phases_of(opened))
    if errors:
        raise errors[0]
    return decisions


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"--expires {text}: that is no day of the calendar", help="write it as 2026-12-31"
        ) from None


def _latest(opened: Opened, gate: str, phase: str) -> list[GateResult]:
    """What became of a gate in the latest runs of the phases that have it."""
    from gaterun.core.waivers import concerns

    found = []
    for each in phases_of(opened):
        run = opened.latest(each.id) if phase in {"", each.id} else None
        probe = Waiver(gate=gate, reason="", owner="", expires=date.min)
        found += [r for r in run.results if concerns(probe, r.node_id, r.gate)] if run else []
    return found


def _as_measured(found: list[GateResult], gate: str, condition: str) -> str:
    """A condition that holds for what the latest run measured, and for nothing worse.

    Raises:
        UsageError: no run has measured it.
    """
    from gaterun.core.waivers import same_condition

    for result in found:
        for check in result.verdict.checks:
            metric = result.metrics.get(check.metric)
            if metric is None or not same_condition(check.condition, condition):
                continue
            value = check.actual
            if value is None:
                break
            text = f'"{value}"' if metric.unit is Unit.TEXT else str(value).lower()
            operators: Mapping[Better, str] = {Better.LOWER: "<=", Better.HIGHER: ">="}
            return f"{check.metric} {operators.get(metric.better, '==')} {text}"
    raise UsageError(
        f"no recorded run has measured '{condition}' of {gate}",
        help="run the phase first, or say with --instead what must hold",
    )


def _told(waiver: Waiver, found: list[GateResult]) -> str:
    """What a new waiver would have covered in the latest runs."""
    from gaterun.core.waivers import covers

    if waiver.condition:
        return f"accepted until {waiver.expires}: {waiver.instead}"
    number = sum(covers(waiver, finding) for result in found for finding in result.findings)
    if not found:
        return f"until {waiver.expires}; no recorded run says what it covers"
    return f"until {waiver.expires}; covers {number} finding{'s' if number != 1 else ''} today"


def _manual(opened: Opened, node: str, phase: str) -> tuple[Phase, Requirement]:
    """The manual gate that is meant.

    Raises:
        UsageError: there is none, or several phases have it.
    """
    phases = [opened.phase(phase)] if phase else phases_of(opened)
    manual = [
        (each, gate) for each in phases for gate in each.requirements if gate.mode is Mode.MANUAL
    ]
    found = [(each, gate) for each, gate in manual if node in {gate.node_id, gate.id}]
    if len(found) == 1:
        return found[0]
    if found:
        places = ", ".join(f"{gate.node_id} of {each.id}" for each, gate in found)
        raise UsageError(f"several gates are called '{node}': {places}", help="add --phase")
    known = sorted({name for _, gate in manual for name in (gate.node_id, gate.id)})
    raise UsageError(
        f"there is no manual gate '{node}'",
        help=nearest(node, known) or 'write one: mode = "manual" and file = "…"',
    )

"""``gaterun init``: measure this workspace and write a phase that passes today."""

from __future__ import annotations

import re
import sys
import textwrap
import time
from collections.abc import Mapping

import click

from gaterun.cli.measuring import Measuring
from gaterun.cli.workspace import Opened, workspace_options
from gaterun.core.aside import written_aside
from gaterun.core.execute import Processes
from gaterun.core.git import Git
from gaterun.core.lockfile import untouched
from gaterun.core.measure import Bench
from gaterun.core.propose import Proposal, propose
from gaterun.model.errors import UsageError
from gaterun.model.gate import Gate, Resource


@click.command(
    name="init",
    epilog="""\b
Examples:
  gaterun init              write phases/first.toml
  gaterun init release-2    write phases/release-2.toml
  gaterun init --ci github --source https://github.com/OWNER/gaterun@COMMIT
  gaterun init --agents     tell coding agents about it in AGENTS.md
""",
)
@click.argument("name", default="")
@click.option(
    "--ci",
    type=click.Choice(["github", "gitlab"]),
    help="Write the file that runs the phase NAME there, instead.",
)
@click.option(
    "--source", default="", metavar="URL@REV", help="From where CI installs gaterun, for --ci."
)
@click.option("--agents", is_flag=True, help="Write a block into AGENTS.md instead.")
@workspace_options
def command(opened: Opened, *, name: str, ci: str | None, source: str, agents: bool) -> None:
    """Measure every gate here and write phases/NAME.toml, a phase that passes today.

    Conditions are the gates' own where they hold, and today's numbers where they do not. A gate
    that cannot be measured here stays in the file as a comment that says why.

    With --agents nothing is measured: a block between markers in AGENTS.md says how done is
    measured here, and what else stands in that file stays as it is.
    """
    if agents:
        from gaterun.cli import init_agents

        init_agents.write(opened)
        return
    if ci is not None:
        from gaterun.cli.ci_files import write_ci

        write_ci(opened, ci, name, source)
        return
    if source:
        raise UsageError("--source is for --ci", help="add --ci github or --ci gitlab")
    name = name or "first"
    if not re.fullmatch(r"[A-Za-z0-9][\w.-]*", name):
        raise UsageError(f"'{name}' cannot be the name of a phase", help="write letters and digits")
    path = opened.config.phase_folders[0] / f"{name}.toml"
    if path.exists():
        raise UsageError(f"{path} is there already", help="name another phase: gaterun init NAME")
    proposals = _measured(opened)
    git = Git(opened.root)
    base = (git.commit("HEAD") or "") if git.present else ""
    text = render(name, base, proposals)
    try:
        with written_aside(path) as aside:
            aside.write_text(text, "utf-8")
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from error
    kept = sum(not proposal.obstacle for proposal in proposals)
    found = f"{kept} gates that pass" if kept != 1 else "1 gate that passes"
    click.echo(f"wrote {path}: {found} today, {len(proposals) - kept} left out")
    click.echo(f"next: gaterun {name}")


def _measured(opened: Opened) -> list[Proposal]:
    store = opened.store()
    folder = store.new_run()
    processes = Processes(folder.id, opened.config.environment)
    git = Git(opened.root)
    bench = Bench(
        root=opened.root,
        state=store.path,
        logs=folder.path / "logs",
        base=git.commit("HEAD") if git.present else None,
        resources=opened.plugins.resources,
        processes=processes,
        git=git,
    )
    proposals = []
    try:
        with untouched(opened.root), Measuring(opened, sys.stdout) as measuring:
            for gate in opened.plugins.gates.values():
                if gate.self_comparing:
                    # Comparing the tree with itself would say nothing, slowly.
                    why = "it compares with a base: add it when there is something to compare"
                    proposals.append(Proposal(gate=gate, entry={}, obstacle=why))
                    continue
                proposals.append(_proposed(bench, gate, opened.plugins.resources, measuring))
    finally:
        processes.kill()
        folder.abandon()
    return proposals


def _proposed(
    bench: Bench, gate: Gate, resources: Mapping[str, Resource], measuring: Measuring
) -> Proposal:
    name, since = gate.name, time.monotonic()
    measuring.begin(name)
    proposal = propose(bench, gate, resources, lambda text: measuring.progress(name, text))
    said = proposal.measured or proposal.obstacle
    if proposal.measured and proposal.obstacle:
        said += f"; left out: {proposal.obstacle}"
    seconds = time.monotonic() - since
    measuring.end(name, seconds, said, measured=bool(proposal.measured))
    return proposal


def render(name: str, base: str, proposals: list[Proposal]) -> str:
    """The phase file, with a comment on every key."""
    lines = [
        f"# A phase that passes today, written by `gaterun init {name}`.",
        "# Tighten a condition, or add a task, and `gaterun` says what is missing.",
        "# `gaterun explain GATE` tells what each gate measures and which options it has.",
        "",
        "[phase]",
        f'id = "{name}"',
        'title = "Hold the line"',
    ]
    if base:
        lines += [
            "# Where the phase began: comparisons and baselines start here.",
            f'base = "{base}"',
        ]
    lines += ["", '[task."1"]', 'title = "What holds today"', ""]
    for proposal in proposals:
        lines += _entry(proposal)
    return "\n".join(lines).rstrip("\n") + "\n"


def _entry(proposal: Proposal) -> list[str]:
    import tomlkit

    gate = proposal.gate
    lines = [f"# {gate.title[:1].upper()}{gate.title[1:]}."]
    if proposal.obstacle:
        said = f"Left out: {proposal.obstacle}"
        if proposal.help:
            said += f"\nHelp: {proposal.help}"
        lines += [f"# {line}" for text in said.splitlines() for line in textwrap.wrap(text, 94)]
        return [*lines, '# [[task."1".gate]]', f'# use = "{gate.name}"', ""]
    lines += [f"# {line}" for line in textwrap.wrap(f"Measured today: {proposal.measured}.", 94)]
    lines += ['[[task."1".gate]]', f'use = "{gate.name}"']
    for key, value in proposal.entry.items():
        item = tomlkit.item(value)
        if isinstance(item, tomlkit.items.Array) and len(item) > 1:
            item.multiline(multiline=True)
        lines.append(f"{key} = {item.as_string()}")
    return [*lines, ""]

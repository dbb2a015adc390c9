"""Decides for every cargo-sweep in workflows whether it can run and whether it has an effect."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from gaterun_gates.infra.shell_commands import Command, parse_commands
from gaterun_gates.infra.sweep_command import Sweep, installs_sweep, parse_sweep
from gaterun_gates.infra.workflow import Job, Step, Workflow, WorkflowError, parse_action

#: Given a path relative to the repository's root, returns the file's text or ``None``.
Reader = Callable[[str], str | None]

_TARGET = re.compile(r"(?:^|[/\\\s])target(?:$|[/\\\s*])|TARGET_DIR")
#: Runners that are made for one job and thrown away.
_HOSTED = re.compile(
    r"^(?:ubuntu|macos|windows)-|^(?:blacksmith|buildjet|depot|namespace|nscloud|warp|ubicloud)"
)
#: Events that start a workflow only when a person, or another workflow, asks for it.
_ON_REQUEST = frozenset({"workflow_dispatch", "repository_dispatch"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """Why a sweep does not count: a rule, and an explanation."""

    rule: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepStep:
    """One call of cargo-sweep.

    Attributes:
        path: the file that holds the command, relative to the root.
        line: 1-based line in it.
        where: workflow, job and step, for people.
        obstacles: why it cannot run or removes nothing by its own arguments.
        futile: why it has nothing to remove where it runs; ``None`` when it has.
        remarks: what is worth knowing and changes nothing.
    """

    path: str
    line: int
    where: str
    obstacles: tuple[Obstacle, ...] = ()
    futile: Obstacle | None = None
    remarks: tuple[Obstacle, ...] = ()

    @property
    def active(self) -> bool:
        """Whether it can run and is told what to remove."""
        return not self.obstacles

    @property
    def effective(self) -> bool:
        """Whether it is active where an old target folder can be."""
        return self.active and self.futile is None


@dataclass(slots=True)
class _State:
    """What the steps of a job have brought about so far."""

    restored: bool = False
    installed: bool = False
    cleaned: bool = False


@dataclass(frozen=True, slots=True)
class _Place:
    """The workflow, job and step of a command."""

    workflow: Workflow
    job: Job
    step: Step

    @property
    def events(self) -> set[str]:
        """What starts the workflow by itself."""
        return set(self.workflow.triggers) - {"workflow_call"}

    @property
    def tolerated(self) -> bool:
        """Whether the workflow goes on after a failure here."""
        return self.step.tolerated or self.job.tolerated


@dataclass(frozen=True, slots=True)
class _Call:
    """A command of a step, and the file and line where it stands."""

    command: Command
    path: str
    line: int


def audit(workflows: Sequence[Workflow], read: Reader) -> list[SweepStep]:
    """Find every cargo-sweep that a workflow would run.

    Scripts, make and just targets and composite actions of the repository are followed one
    level deep.

    Args:
        workflows: all workflows of the repository.
        read: gives the text of a file of the repository.
    """
    called = _called(workflows)
    found: list[SweepStep] = []
    for workflow in workflows:
        for job in workflow.jobs:
            found.extend(_job_sweeps(workflow, job, read, called=workflow.path in called))
    return found


def _called(workflows: Sequence[Workflow]) -> frozenset[str]:
    """Paths of reusable workflows that a job which can run calls."""
    return frozenset(
        posixpath.normpath(job.uses)
        for workflow in workflows
        if set(workflow.triggers) - {"workflow_call"}
        for job in workflow.jobs
        if job.uses.startswith("./") and not job.off
    )


def _job_sweeps(workflow: Workflow, job: Job, read: Reader, *, called: bool) -> Iterator[SweepStep]:
    state = _State(installed=job.container or _lasting(job))
    for path, step in _expanded(workflow.path, job.steps, read):
        _follow(state, step)
        if not step.run:
            continue
        for call in _calls(path, step, read):
            if installs_sweep(call.command.words) and not step.off:
                state.installed = True
            sweep = parse_sweep(call.command.words)
            if sweep is None or sweep.stamp:
                continue
            place = _Place(workflow, job, step)
            hidden = call.command.tolerated or place.tolerated
            yield SweepStep(
                path=call.path,
                line=call.line,
                where=f"{workflow.path}, job {job.name}, step '{step.name}'",
                obstacles=(
                    *_switched_off(place, called=called),
                    *_idle(sweep),
                    *([] if state.installed else [_not_installed(hidden=hidden)]),
                ),
                futile=_futile(place, state),
                remarks=tuple(_remarks(place, hidden=hidden)),
            )


def _expanded(path: str, steps: Sequence[Step], read: Reader) -> Iterator[tuple[str, Step]]:
    """The steps, each local composite action replaced by its own steps."""
    for step in steps:
        inner = _action_steps(step, read) if step.uses.startswith("./") else None
        if inner is None:
            yield path, step
            continue
        action, actions = inner
        for each in actions:
            yield (
                action,
                replace(each, off=each.off or step.off, tolerated=each.tolerated or step.tolerated),
            )


def _action_steps(step: Step, read: Reader) -> tuple[str, Sequence[Step]] | None:
    folder = posixpath.normpath(step.uses)
    for name in ("action.yml", "action.yaml"):
        path = posixpath.join(folder, name)
        text = read(path)
        if text is not None:
            try:
                return path, parse_action(text, path)
            except WorkflowError:
                return None
    return None


def _follow(state: _State, step: Step) -> None:
    """Note what a step that uses an action brings about."""
    if step.off or not step.uses:
        return
    action = step.uses.partition("@")[0].lower()
    if action == "actions/checkout":
        state.cleaned = step.inputs.get("clean", "true").lower() != "false"
    elif action in {"swatinem/rust-cache", "actions-rust-lang/setup-rust-toolchain"}:
        wanted = step.inputs.get("cache", "true"), step.inputs.get("cache-targets", "true")
        state.restored = state.restored or "false" not in wanted
    elif "cache" in action and not action.endswith("/save"):
        paths = step.inputs.get("path", "")
        state.restored = state.restored or _TARGET.search(paths) is not None
    if any("cargo-sweep" in value for value in step.inputs.values()):
        state.installed = True


def _lasting(job: Job) -> bool:
    """Whether the job runs on a machine that keeps files between runs."""
    labels = [label for label in job.labels if "${{" not in label]
    if "self-hosted" in labels:
        return True
    return bool(labels) and not any(_HOSTED.match(label) for label in labels)


def _switched_off(place: _Place, *, called: bool) -> Iterator[Obstacle]:
    if not place.events and not called:
        yield Obstacle(
            rule="sweep::never-triggered", message="no event and no other workflow starts it"
        )
    if place.job.off:
        yield Obstacle(
            rule="sweep::disabled-job", message=f"the job '{place.job.name}' can never run"
        )
    if place.step.off:
        yield Obstacle(rule="sweep::disabled-step", message="the condition of the step never holds")


def _idle(sweep: Sweep) -> Iterator[Obstacle]:
    if not sweep.bounds:
        yield Obstacle(
            rule="sweep::no-bound",
            message="it is not told what to remove: --time, --maxsize, --installed or --file",
        )
    if sweep.dry_run:
        yield Obstacle(rule="sweep::dry-run", message="it only tells what it would remove")


def _not_installed(*, hidden: bool) -> Obstacle:
    return Obstacle(
        rule="sweep::not-installed",
        message="no earlier step of the job installs cargo-sweep"
        + (", and the failure is hidden" if hidden else ""),
    )


def _futile(place: _Place, state: _State) -> Obstacle | None:
    if state.restored:
        return None
    if not _lasting(place.job):
        return Obstacle(
            rule="sweep::fresh-job",
            message="the job starts on a fresh machine and no earlier step restores a target "
            "folder: there is nothing old to remove",
        )
    envs = (place.workflow.env, place.job.env, place.step.env)
    if state.cleaned and not any("CARGO_TARGET_DIR" in env for env in envs):
        return Obstacle(
            rule="sweep::checkout-cleans",
            message="actions/checkout has removed ignored files such as target (clean: true)",
        )
    return None


def _remarks(place: _Place, *, hidden: bool) -> Iterator[Obstacle]:
    if hidden:
        yield Obstacle(rule="sweep::failure-hidden", message="nobody would notice if it failed")
    if place.events and place.events <= _ON_REQUEST:
        yield Obstacle(rule="sweep::on-request-only", message="it runs only when somebody asks")


def _calls(path: str, step: Step, read: Reader) -> Iterator[_Call]:
    """The commands of a step, and those of a script or make or just target that it calls."""
    for command in parse_commands(step.run):
        yield _Call(command, path, step.run_line + command.line)
        for file, start, text in _called_scripts(command.words, step.folder, read):
            for inner in parse_commands(text):
                tolerated = inner.tolerated or command.tolerated
                yield _Call(replace(inner, tolerated=tolerated), file, start + inner.line)


def _called_scripts(
    words: Sequence[str], folder: str, read: Reader
) -> Iterator[tuple[str, int, str]]:
    program = words[0].rpartition("/")[2]
    if program in {"make", "just"}:
        names = ("Makefile", "makefile", "GNUmakefile") if program == "make" else _JUSTFILES
        for name in names:
            path = posixpath.normpath(posixpath.join(folder, name))
            text = read(path)
            if text is not None:
                yield from ((path, *recipe) for recipe in _recipes(text, set(words[1:])))
        return
    script = words[0]
    if program in {"bash", "sh"}:
        script = next((word for word in words[1:] if not word.startswith("-")), "")
    if "/" in script or script.endswith(".sh"):
        for candidate in (posixpath.join(folder, script), script):
            path = posixpath.normpath(candidate)
            text = None if path.startswith(("..", "/")) else read(path)
            if text is not None:
                yield path, 1, text
                return


_JUSTFILES = ("justfile", "Justfile", ".justfile")
_RECIPE = re.compile(r"^@?([\w.-]+)[^:=\n]*:(?!=)")


def _recipes(text: str, wanted: set[str]) -> Iterator[tuple[int, str]]:
    """The first line and the script of each wanted target of a Makefile or justfile."""
    lines = text.splitlines()
    for number, line in enumerate(lines):
        match = _RECIPE.match(line)
        if match is None or match[1] not in wanted:
            continue
        body = []
        for each in lines[number + 1 :]:
            if each.strip() and not each[0].isspace():
                break
            body.append(re.sub(r"^(\s*)[@-]+", r"\1", each))
        yield number + 2, "\n".join(body)

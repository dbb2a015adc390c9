"""Reads GitHub Actions workflows and composite actions: what runs where, and what never does.

Source: GitHub's documentation, "Workflow syntax for GitHub Actions" and "Metadata syntax".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


class WorkflowError(ValueError):
    """A file that is no YAML, or no workflow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step of a job or of a composite action.

    Attributes:
        name: as given, or made from what it does.
        run: its script; empty for a step that uses an action.
        uses: the action; empty for a script.
        inputs: the ``with`` of an action.
        line: 1-based line in the file where it starts.
        run_line: 1-based line of the script's first line.
        off: it can never run.
        tolerated: ``continue-on-error``.
        folder: working directory of the script.
    """

    name: str
    run: str = ""
    uses: str = ""
    inputs: Mapping[str, str] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    line: int = 0
    run_line: int = 0
    off: bool = False
    tolerated: bool = False
    folder: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job.

    Attributes:
        labels: of the runner, those of a matrix included.
        container: it runs in a container image, whose tools are unknown.
        uses: a reusable workflow that it calls; then it has no steps.
        off: it can never run.
    """

    name: str
    labels: tuple[str, ...]
    steps: tuple[Step, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    container: bool = False
    uses: str = ""
    off: bool = False
    tolerated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    """A workflow.

    Attributes:
        path: relative to the repository's root.
        triggers: the events that start it.
    """

    path: str
    triggers: tuple[str, ...]
    jobs: tuple[Job, ...]
    env: Mapping[str, str] = field(default_factory=dict)


def parse_workflow(text: str, path: str) -> Workflow:
    """Read a workflow. As in YAML 1.2, the key ``on`` is a text.

    Raises:
        WorkflowError: it is no YAML, or has no jobs.
    """
    document = _load(text, path)
    jobs = document.get("jobs")
    if not isinstance(jobs, Mapping):
        raise WorkflowError(f"{path}: no jobs")
    off = _switched_off(jobs)
    return Workflow(
        path=path,
        triggers=_triggers(document.get("on")),
        jobs=tuple(
            _job(str(name), job, off=name in off)
            for name, job in jobs.items()
            if isinstance(job, Mapping)
        ),
        env=_texts(document.get("env")),
    )


def parse_action(text: str, path: str) -> tuple[Step, ...]:
    """Read the steps of a composite action; none for another kind of action.

    Raises:
        WorkflowError: it is no YAML.
    """
    runs = _load(text, path).get("runs")
    return _steps(runs.get("steps")) if isinstance(runs, Mapping) else ()


def is_off(condition: object) -> bool:
    """Whether an ``if`` can never hold.

    >>> is_off("${{ false && github.ref }}"), is_off("always()"), is_off(False)
    (True, False, True)
    """
    if condition is None:
        return False
    if isinstance(condition, bool):
        return not condition
    text = re.sub(r"^\$\{\{(.*)\}\}$", r"\1", str(condition).strip(), flags=re.DOTALL)
    if "||" in text:
        return False
    return any(part.strip() in {"false", "0", "''"} for part in text.split("&&"))


def _load(text: str, path: str) -> Mapping[str, Any]:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        document = YAML(typ="rt").load(text)
    except (YAMLError, ValueError, RecursionError) as error:
        first = str(error).strip().splitlines()
        raise WorkflowError(f"{path}: {first[0] if first else 'no YAML'}") from error
    if not isinstance(document, Mapping):
        raise WorkflowError(f"{path}: no mapping")
    return document


def _triggers(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    if isinstance(value, Mapping | Sequence):
        return tuple(str(event) for event in value)
    return ()


def _switched_off(jobs: Mapping[str, Any]) -> frozenset[str]:
    """Jobs whose condition never holds, and jobs that wait for one of those."""
    off = {name for name, job in jobs.items() if isinstance(job, Mapping) and is_off(job.get("if"))}
    while True:
        more = {
            name
            for name, job in jobs.items()
            if name not in off
            and isinstance(job, Mapping)
            and off & set(_names(job.get("needs")))
            and not re.search(r"\b(always|failure|cancelled)\s*\(", str(job.get("if", "")))
        }
        if not more:
            return frozenset(off)
        off |= more


def _names(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [str(each) for each in value] if isinstance(value, Sequence) else []


def _job(name: str, job: Mapping[str, Any], *, off: bool) -> Job:
    runner = job.get("runs-on")
    labels = _labels(runner)
    if any("${{" in label for label in labels):
        strategy = job.get("strategy")
        matrix = strategy.get("matrix") if isinstance(strategy, Mapping) else None
        labels = [*labels, *_leaves(matrix)]
    return Job(
        name=name,
        labels=tuple(labels),
        steps=_steps(job.get("steps")),
        env=_texts(job.get("env")),
        container=bool(job.get("container")),
        uses=str(job.get("uses") or ""),
        off=off,
        tolerated=job.get("continue-on-error") is True,
    )


def _labels(runner: object) -> list[str]:
    if isinstance(runner, Mapping):
        group = ["self-hosted"] if runner.get("group") else []
        return [*group, *_names(runner.get("labels"))]
    return _names(runner)


def _leaves(value: object) -> list[str]:
    if isinstance(value, Mapping):
        return [leaf for each in value.values() for leaf in _leaves(each)]
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [leaf for each in value for leaf in _leaves(each)]
    return [value] if isinstance(value, str) else []


def _steps(value: object) -> tuple[Step, ...]:
    if not isinstance(value, Sequence) or isinstance(value, str):
        return ()
    return tuple(_step(step) for step in value if isinstance(step, Mapping))


def _step(step: Mapping[str, Any]) -> Step:
    run = str(step.get("run") or "")
    uses = str(step.get("uses") or "")
    line, run_line = _lines(step, run)
    return Step(
        name=str(step.get("name") or uses or (run.strip().splitlines() or [""])[0]),
        run=run,
        uses=uses,
        inputs=_texts(step.get("with")),
        env=_texts(step.get("env")),
        line=line,
        run_line=run_line,
        off=is_off(step.get("if")),
        tolerated=step.get("continue-on-error") is True,
        folder=str(step.get("working-directory") or ""),
    )


def _lines(step: Mapping[str, Any], run: str) -> tuple[int, int]:
    from ruamel.yaml.scalarstring import FoldedScalarString, LiteralScalarString

    position = getattr(step, "lc", None)
    if position is None or position.line is None:
        return 0, 0
    line = int(position.line) + 1
    if not run:
        return line, line
    start = int(position.key("run")[0]) + 1
    block = isinstance(step["run"], LiteralScalarString | FoldedScalarString)
    return line, start + block


def _texts(value: object) -> dict[str, str]:
    if not isinstance(value, Mapping):
        return {}
    return {
        str(name): str(each).lower() if isinstance(each, bool) else str(each)
        for name, each in value.items()
        if each is not None
    }

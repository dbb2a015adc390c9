"""What keys of files, verdicts and exit codes mean, for the schemas and the reference."""

from __future__ import annotations

from collections.abc import Mapping

from gaterun.model.verdict import ExitCode, Outcome

#: ``[phase]``.
PHASE: Mapping[str, str] = {
    "id": "name in reports, in state and in sign-offs; the file's name by default",
    "title": "a few words for people",
    "extends": "name of the phase that this one adapts: only what differs is given here",
    "base": "git revision where the phase began; merge-base:REF is where HEAD and REF parted",
    "gates": "gates for the whole phase: names, or tables as those of a task",
    "protected": "globs of files whose change since the base stands in every report",
    "outputs": "where the phase's documents go",
}

#: ``[phase.outputs]``; each is a path from the workspace root.
OUTPUTS: Mapping[str, str] = {
    "baseline": "the metrics of the base, written by gaterun baseline",
    "final": "the metrics of the latest run, written by gaterun report",
    "dashboard": "who does what, written by gaterun watch --write",
    "report": "the completion report, written by gaterun report",
    "roadmap": "a document of which gaterun report writes the block between its markers",
}

#: ``[task.ID]``.
TASK: Mapping[str, str] = {
    "title": "a few words for people",
    "needs": "tasks that must have passed first; until then this one is blocked",
    "owner": "who answers for it",
    "estimate": "expected effort, such as 2.4d; the critical path is made from it",
    "claims": "globs of the names under which others say something about this task",
    "files": "globs of what the task may touch, `!…` for what it may not; collisions are told by them",
    "skip": "why the whole task is switched off; its gates are skipped, by this reason",
    "gate": "its gates: names, or tables",
}

#: ``[[task.ID.gate]]``.
GATE: Mapping[str, str] = {
    "id": "name of the entry in its task, the gate's own by default",
    "use": "the gate",
    "require": "conditions that must hold; the gate's own where none is given",
    "improve": "conditions on how much better than the baseline a metric must be",
    "ratchet": "metrics that must not be worse than the baseline",
    "floor": "least number by inspected thing or metric; below it there is no verdict",
    "scope": "all, or new: then require is about findings that the baseline does not have",
    "tolerance": "by metric, the noise that ratchets and improvements allow for",
    "needs": "gates that must have passed first: names in this task, or node ids",
    "tags": "words that -m selects by",
    "timeout": "longest time it may take: seconds, or such as 30m",
    "inputs": "globs of the files that a measurement depends on, in the gate's stead",
    "mode": "blocking, advisory (a failure does not count), or manual (a person signs)",
    "enforce_after": "date after which an advisory gate blocks",
    "skip": "why it is switched off",
}

#: ``[[waiver]]``.
WAIVER: Mapping[str, str] = {
    "gate": "a gate, an entry's id, or a node id such as 7.3::tests",
    "reason": "why it may fail for a time",
    "owner": "who answers for it",
    "expires": "last day on which it holds, in UTC",
    "phase": "only for this phase",
    "issue": "where the work is followed",
    "rule": "findings of these rules; * is any text",
    "path": "findings in these files; * stays in a folder, ** does not",
    "message": "findings that say this; * is any text",
    "fingerprint": "one finding, by its identity",
    "limit": "at most so many findings; beyond it none is covered",
    "condition": "the condition that may fail, as written in the phase file",
    "instead": "the condition that must hold instead",
}

#: ``[[signoff]]``.
SIGNOFF: Mapping[str, str] = {
    "phase": "the phase whose gate is signed",
    "gate": "node id of the manual gate",
    "name": "who signs",
    "reason": "what was looked at",
    "date": "when",
    "digest": "SHA-256 of the file as it was signed",
}

#: Verdicts.
OUTCOMES: Mapping[Outcome, str] = {
    Outcome.PASS: "every condition holds on a measurement of this tree",
    Outcome.FAIL: "a condition does not hold",
    Outcome.INCONCLUSIVE: "no verdict could be reached; it has exactly one reason",
    Outcome.BLOCKED: "a task or a gate that it needs has not passed",
    Outcome.SKIPPED: "not selected, or switched off by name with a reason",
    Outcome.WAIVED: "it fails, and live waivers cover everything that fails",
}

#: Exit codes.
EXIT_CODES: Mapping[ExitCode, str] = {
    ExitCode.OK: "every blocking gate passed, or is waived",
    ExitCode.FAILED: "a blocking gate failed",
    ExitCode.INTERRUPTED: "interrupted; reports are written",
    ExitCode.INTERNAL_ERROR: "a bug, or a report that could not be written",
    ExitCode.USAGE_ERROR: "usage or configuration: an unknown key, gate or phase, a bad date",
    ExitCode.NO_GATES: "nothing selected, or everything skipped",
    ExitCode.MAX_WARNINGS: "more advisory failures than --max-warnings",
    ExitCode.NO_VERDICT: "nothing failed, but a blocking gate reached no verdict",
}

"""Decides which gate may start next: needs, resources, exclusiveness, the longest chain first."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache

from gaterun.model.phase import Phase, Requirement
from gaterun.model.verdict import Outcome

#: Outcomes that let what waits for a gate go on. A gate switched off by name is not in the way.
_CLEARS = frozenset({Outcome.PASS, Outcome.WAIVED, Outcome.SKIPPED})


class Schedule:
    """The order of one run.

    Args:
        phase: for the needs among tasks.
        chosen: the gates of this run; what they need beyond these is not waited for.
        blocking: node ids whose failure holds others back.
        seconds: how long each gate took before, by node id.
        at_hand: node ids of gates that need not be measured, so are in nobody's way.
        whole: every gate of the run that this one is a shard of; `chosen` where it is none.
        apart: node ids of gates that are measured on other machines.
        unshared: of these, those that use nothing that others of this run do.
        here: how many gates this machine measures at once.
    """

    def __init__(
        self,
        phase: Phase,
        chosen: Sequence[Requirement],
        *,
        blocking: frozenset[str],
        seconds: Mapping[str, float] | None = None,
        at_hand: frozenset[str] = frozenset(),
        whole: Sequence[Requirement] = (),
        apart: frozenset[str] = frozenset(),
        unshared: frozenset[str] = frozenset(),
        here: float = math.inf,
    ) -> None:
        self._apart = apart
        self._unshared = unshared
        self._here = here
        self._at_hand = at_hand
        self._gates = {gate.node_id: gate for gate in chosen}
        self._blocking = blocking
        self._outcomes: dict[str, Outcome] = {}
        self._running: dict[str, Requirement] = {}
        self._waiting = list(self._gates)
        members: dict[str, list[str]] = {}
        for gate in chosen:
            members.setdefault(gate.task, []).append(gate.node_id)
        # What another shard measures hands nothing on: it may itself let others go on.
        measured = {gate.task for gate in whole or chosen if not gate.skip}
        needs = _handed_on(
            {task.id: task.needs for task in phase.tasks},
            frozenset(task.id for task in phase.tasks) - measured,
        )
        #: For each gate: what it waits for, and the name by which to call that.
        self._needs: dict[str, dict[str, str]] = {}
        for gate in chosen:
            wanted = {
                node: task for task in needs.get(gate.task, ()) for node in members.get(task, ())
            }
            wanted |= {node: node for node in gate.needs if node in self._gates}
            self._needs[gate.node_id] = wanted
        self._others = self._before_the_last()
        self._weight = self._chains(seconds or {})
        self._waiting.sort(key=lambda node: (self._gates[node].gate.exclusive, -self._weight[node]))

    def _before_the_last(self) -> frozenset[str]:
        """The gates that are waited for by those that come after the others.

        Without these themselves and without all that waits for one, or they would wait for
        each other.
        """
        later = {node for node, gate in self._gates.items() if gate.gate.after_others}
        grown = bool(later)
        while grown:
            waiting = {node for node, needs in self._needs.items() if later & needs.keys()}
            grown = not waiting <= later
            later |= waiting
        return frozenset(self._gates.keys() - later)

    def _chains(self, seconds: Mapping[str, float]) -> dict[str, float]:
        """Length of the longest chain that begins with each gate."""
        followers: dict[str, list[str]] = {node: [] for node in self._gates}
        for node, needs in self._needs.items():
            for need in needs:
                followers[need].append(node)

        @cache
        def length(node: str) -> float:
            own = max(seconds.get(node, 1.0), 0.001)
            return own + max((length(follower) for follower in followers[node]), default=0.0)

        return {node: length(node) for node in reversed(self._gates)}

    @property
    def unfinished(self) -> bool:
        """Whether a gate is waiting or running."""
        return bool(self._waiting or self._running)

    @property
    def running(self) -> int:
        """How many gates run now."""
        return len(self._running)

    def start(self, free: int) -> list[Requirement]:
        """The gates that may start now on `free` workers; they count as running."""
        started: list[Requirement] = []
        for node in list(self._waiting):
            if len(started) == free:
                break
            gate = self._gates[node]
            if self._clear(node) and self._fits(gate):
                self._waiting.remove(node)
                self._running[node] = gate
                started.append(gate)
        return started

    def _clear(self, node: str) -> bool:
        """Whether everything that a gate waits for is done, and in nobody's way."""
        if self._gates[node].gate.after_others and not self._others <= self._outcomes.keys():
            return False
        return all(
            need in self._outcomes
            and (self._outcomes[need] in _CLEARS or need not in self._blocking)
            for need in self._needs[node]
        )

    def _fits(self, gate: Requirement) -> bool:
        if gate.node_id in self._at_hand:
            return True
        others = self._running.values()
        if gate.gate.exclusive:
            return not self._running
        if (
            gate.node_id not in self._apart
            and len(self._running.keys() - self._apart) >= self._here
        ):
            return False
        taken = {name for other in others for name in self._uses(other)}
        return not any(other.gate.exclusive for other in others) and taken.isdisjoint(
            self._uses(gate)
        )

    def _uses(self, gate: Requirement) -> tuple[str, ...]:
        return () if gate.node_id in self._unshared else gate.gate.uses

    def finish(self, node_id: str, outcome: Outcome) -> None:
        """A gate has its verdict, whether it was running or never started."""
        self._running.pop(node_id, None)
        if node_id in self._waiting:
            self._waiting.remove(node_id)
        self._outcomes[node_id] = outcome

    def blocked(self) -> list[tuple[Requirement, str, str]]:
        """Waiting gates that can never start: the gate, what it waits for, and the culprit."""
        found = []
        for node in self._waiting:
            for need, called in self._needs[node].items():
                outcome = self._outcomes.get(need)
                if outcome is not None and outcome not in _CLEARS and need in self._blocking:
                    found.append((self._gates[node], called, need))
                    break
        return found

    def drop(self) -> list[Requirement]:
        """Give up everything that waits, and return it."""
        dropped = [self._gates[node] for node in self._waiting]
        self._waiting.clear()
        return dropped

    def unmet(self, phase: Phase) -> list[tuple[str, str]]:
        """Tasks of this run and the tasks they need that are not part of it."""
        present = {gate.task for gate in self._gates.values()}
        return [
            (task.id, need)
            for task in phase.tasks
            if task.id in present
            for need in task.needs
            if need not in present
        ]


def _handed_on(
    needs: Mapping[str, Sequence[str]], transparent: frozenset[str]
) -> dict[str, tuple[str, ...]]:
    """What each task needs; a task in which nothing is measured hands on what it needs itself."""

    def wanted(task: str) -> tuple[str, ...]:
        found: list[str] = []
        for near in needs.get(task, ()):
            found.append(near)
            if near in transparent:
                found.extend(wanted(near))
        return tuple(dict.fromkeys(found))

    return {task: wanted(task) for task in needs}

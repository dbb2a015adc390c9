"""Chooses the gates of a run: node ids, ``-k``, ``-m``, ``--deselect``."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from gaterun.model.condition import nearest
from gaterun.model.errors import UsageError
from gaterun.model.phase import PHASE_WIDE, Phase, Requirement

_WORD = r"\s*(?:(?P<paren>[()])|(?P<word>[\w.:\-\[\]]+))"

Matcher = Callable[[str], bool]


class _Expression:
    """``and``, ``or``, ``not`` and parentheses over words, as pytest's ``-k`` has them."""

    def __init__(self, text: str, option: str) -> None:
        self._text = text
        self._option = option
        self._tokens: list[tuple[str, int]] = []
        self._next = 0
        self.words: list[str] = []
        position = 0
        while text[position:].strip():
            match = re.compile(_WORD).match(text, position)
            if match is None:
                raise self._error(position, "unexpected character")
            self._tokens.append((match.group().strip(), match.start()))
            position = match.end()

    def _error(self, position: int, message: str) -> UsageError:
        pointer = f"\n  {self._text}\n  {' ' * position}^ {message}"
        return UsageError(
            f"{self._option}: expression cannot be read{pointer}",
            help="write words with and, or, not and parentheses",
        )

    def parse(self) -> Callable[[Matcher], bool]:
        tree = self._or()
        if self._next < len(self._tokens):
            raise self._error(self._tokens[self._next][1], "nothing may follow here")
        return tree

    def _peek(self) -> str:
        return self._tokens[self._next][0] if self._next < len(self._tokens) else ""

    def _or(self) -> Callable[[Matcher], bool]:
        left = self._and()
        while self._peek() == "or":
            self._next += 1
            left = self._either(left, self._and())
        return left

    def _and(self) -> Callable[[Matcher], bool]:
        left = self._not()
        while self._peek() == "and":
            self._next += 1
            left = self._both(left, self._not())
        return left

    @staticmethod
    def _either(
        a: Callable[[Matcher], bool], b: Callable[[Matcher], bool]
    ) -> Callable[[Matcher], bool]:
        return lambda match: a(match) or b(match)

    @staticmethod
    def _both(
        a: Callable[[Matcher], bool], b: Callable[[Matcher], bool]
    ) -> Callable[[Matcher], bool]:
        return lambda match: a(match) and b(match)

    def _not(self) -> Callable[[Matcher], bool]:
        word = self._peek()
        place = self._tokens[self._next][1] if word else len(self._text)
        self._next += 1
        if word == "not":
            inner = self._not()
            return lambda match: not inner(match)
        if word == "(":
            tree = self._or()
            if self._peek() != ")":
                raise self._error(
                    self._tokens[self._next][1] if self._peek() else len(self._text),
                    "a closing parenthesis is missing",
                )
            self._next += 1
            return tree
        if word in {"", ")", "and", "or"}:
            raise self._error(place, "a word is missing")
        self.words.append(word)
        return lambda match: match(word)


def select(
    phase: Phase,
    *,
    selectors: Sequence[str] = (),
    keyword: str = "",
    tags: str = "",
    deselect: Sequence[str] = (),
) -> tuple[Requirement, ...]:
    """The chosen gates, in the phase's order.

    Args:
        selectors: tasks (``7.3``), node ids (``7.3::clippy``) or gates (``clippy``).
        keyword: an expression over parts of node ids, gates and titles.
        tags: an expression over tags.
        deselect: as `selectors`, taken away at the end.

    Raises:
        UsageError: a selector or tag that nothing has, an expression that cannot be read.
    """
    chosen = list(phase.requirements)
    if selectors:
        matching = [_selector(phase, text) for text in selectors]
        chosen = [gate for gate in chosen if any(match(gate) for match in matching)]
    if keyword:
        expression = _Expression(keyword, "-k").parse()
        chosen = [gate for gate in chosen if expression(_contains(gate))]
    if tags:
        known = {tag for gate in phase.requirements for tag in gate.tags}
        parsed = _Expression(tags, "-m")
        expression = parsed.parse()
        for tag in parsed.words:
            if tag not in known:
                raise UsageError(
                    f"-m: no gate has the tag '{tag}'", help=nearest(tag, sorted(known))
                )
        chosen = [gate for gate in chosen if expression(gate.tags.__contains__)]
    for text in deselect:
        match = _selector(phase, text)
        chosen = [gate for gate in chosen if not match(gate)]
    return tuple(chosen)


def _selector(phase: Phase, text: str) -> Callable[[Requirement], bool]:
    def matches(gate: Requirement) -> bool:
        return text in {gate.task, gate.id, gate.gate.name, gate.node_id}

    is_task = any(text == task.id for task in phase.tasks)
    if not is_task and not any(matches(gate) for gate in phase.requirements):
        known = {gate.node_id for gate in phase.requirements}
        known |= {gate.id for gate in phase.requirements} | {task.id for task in phase.tasks}
        if phase.gates:
            known.add(PHASE_WIDE)
        raise UsageError(
            f"phase '{phase.id}' has no task or gate '{text}'", help=nearest(text, sorted(known))
        )
    return matches


def _contains(gate: Requirement) -> Matcher:
    text = " ".join((gate.node_id, gate.gate.name, gate.gate.title, *gate.tags)).lower()
    return lambda word: word.lower() in text

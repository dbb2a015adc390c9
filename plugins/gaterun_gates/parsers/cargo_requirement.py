"""Version requirements as cargo reads them: ``^ ~ = > >= < <=``, ``*`` and commas.

Source: the cargo reference, chapter "Specifying Dependencies", and the documentation of the
crate semver, type ``Op``, for pre-releases and partial versions.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from gaterun_gates.prose.semver_text import Precedence, is_semver, precedence

_COMPARATOR = re.compile(
    r"""\s*(?P<op>\^|~|>=|<=|=|>|<)?\s*
        (?P<major>[0-9]+|[*xX])
        (?:\.(?P<minor>[0-9]+|[*xX]))?
        (?:\.(?P<patch>[0-9]+|[*xX]))?
        (?:-(?P<pre>[0-9A-Za-z.-]+))?
        (?:\+[0-9A-Za-z.-]+)?\s*\Z""",
    re.VERBOSE,
)

#: One comparator whose new form follows from the old one.
_SIMPLE = re.compile(
    r"\s*(?P<op>[\^~=]\s*)?(?P<numbers>[0-9]+(?:\.(?:[0-9]+|[*xX])){0,2})"
    r"(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?\s*\Z"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Comparator:
    op: str
    numbers: tuple[int, ...]
    pre: str

    @property
    def floor(self) -> Precedence:
        """The lowest version that agrees with the numbers given."""
        core = ".".join(map(str, (*self.numbers, 0, 0, 0)[:3]))
        return precedence(f"{core}-{self.pre}" if self.pre else core)


def satisfies(version: str, requirement: str) -> bool:
    """Whether cargo would take `version` for `requirement`.

    Raises:
        ValueError: one of them cannot be read.

    >>> satisfies("2.0.0", "1.9"), satisfies("2.0.0", ">=1, <3"), satisfies("2.0.0-rc.1", "2")
    (False, True, False)
    """
    if not is_semver(version):
        raise ValueError(f"'{version}' is not a semantic version")
    comparators = [_read(part, requirement) for part in requirement.split(",")]
    if not all(_matches(precedence(version), comparator) for comparator in comparators):
        return False
    if precedence(version)[3]:
        return True
    # A pre-release is only taken where the requirement names one of the same numbers.
    numbers = precedence(version)[:3]
    return any(comparator.pre and comparator.numbers == numbers for comparator in comparators)


def bumped(requirement: str, version: str, *, exact: bool = False) -> str:
    """The requirement in the same form that takes `version`; empty when that is not plain.

    Args:
        exact: it has to name the whole version.

    >>> bumped("^1.9", "2.0.0"), bumped("1", "2.0.0-rc.1"), bumped(">=1, <2", "2.0.0")
    ('^2.0', '2.0.0-rc.1', '')
    """
    match = _SIMPLE.match(requirement)
    if match is None or not is_semver(version):
        return ""
    whole = version.partition("+")[0]
    numbers = whole.partition("-")[0].split(".")
    given = match["numbers"].split(".")
    same_form = ".".join(
        number if part.isdigit() else part for number, part in zip(numbers, given, strict=False)
    )
    forms = [whole] if exact else [requirement.strip()[len(match["op"] or "") :], same_form, whole]
    for form in forms:
        candidate = f"{match['op'] or ''}{form}"
        if satisfies(version, candidate):
            return candidate
    return ""


def _read(text: str, requirement: str) -> _Comparator:
    match = _COMPARATOR.match(text)
    if match is None:
        raise ValueError(f"'{requirement}' is not a version requirement")
    numbers: list[int] = []
    for part in (match["major"], match["minor"], match["patch"]):
        if part is None or not part.isdigit():
            break
        numbers.append(int(part))
    wild = any(part in ("*", "x", "X") for part in (match["major"], match["minor"], match["patch"]))
    # A wildcard fixes the numbers before it, like "=" with a partial version.
    op = match["op"] or ("=" if wild else "^")
    pre = match["pre"] or ""
    if pre and (len(numbers) < 3 or not is_semver(f"0.0.0-{pre}")):
        raise ValueError(f"'{requirement}' is not a version requirement")
    return _Comparator(op=op, numbers=tuple(numbers), pre=pre)


def _matches(version: Precedence, comparator: _Comparator) -> bool:
    numbers, given = version[:3], comparator.numbers
    floor = comparator.floor
    same = numbers[: len(given)] == given
    whole = len(given) == 3
    exact = same and (not whole or version == floor)
    match comparator.op:
        case "=":
            return exact
        case ">":
            return version > floor and not (same and not whole)
        case ">=":
            return version >= floor if whole else same or numbers[: len(given)] > given
        case "<":
            return version < floor if whole else numbers[: len(given)] < given
        case "<=":
            return version <= floor if whole else same or numbers[: len(given)] < given
        case "~":
            fixed = min(len(given), 2)
            return numbers[:fixed] == given[:fixed] and (not whole or version >= floor)
        case _:
            # Compatible: equal up to and with the first number that is not zero.
            leading = next((index for index, number in enumerate(given) if number), len(given) - 1)
            return numbers[: leading + 1] == given[: leading + 1] and (
                version >= floor if whole else numbers[: len(given)] >= given
            )

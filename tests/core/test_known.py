"""Findings as a baseline keeps them: the same whatever moves, small whatever their number."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaterun.core.known import identity, newer, pack, unpack
from gaterun.model.finding import Finding

texts = st.text(st.characters(exclude_categories=()), max_size=4)
findings = st.lists(
    st.builds(
        Finding,
        rule=texts,
        message=texts,
        path=st.sampled_from(["a.rs", "b.rs", ""]),
        line=st.integers(0, 9),
        fingerprint=st.just("") | texts,
    ),
    max_size=12,
)


@settings(deadline=None)
@given(findings, st.randoms())
def test_the_order_of_findings_does_not_matter(found: list[Finding], random: object) -> None:
    shuffled = list(found)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert list(pack(shuffled).items()) == list(pack(found).items())


@settings(deadline=None)
@given(findings)
def test_what_is_packed_is_unpacked(found: list[Finding]) -> None:
    assert unpack(pack(found)) == Counter(map(identity, found))
    for rule, shorts in pack(found).items():
        assert f"{rule}{shorts}".encode()  # no surrogates: it can be written


@settings(deadline=None)
@given(findings, findings)
def test_what_is_new_is_what_is_there_more_often(old: list[Finding], now: list[Finding]) -> None:
    known = unpack(pack(old))
    assert Counter(map(identity, newer(now, known))) == Counter(map(identity, now)) - known
    assert newer(old, known) == []


def test_a_moved_line_is_not_new_and_another_place_is() -> None:
    old = Finding(rule="unused", message="unused variable x1", path="src/lib.rs", line=3)
    moved = Finding(rule="unused", message="unused variable x2", path="src/lib.rs", line=70)
    other = Finding(rule="unused", message="unused variable x1", path="src/main.rs", line=3)
    assert newer([moved], unpack(pack([old]))) == []
    assert newer([other], unpack(pack([old]))) == [other]
    assert newer([old, moved], unpack(pack([old]))) == [moved]


@pytest.mark.parametrize("bad", ["a*x", "a*0", "a*-1", "a*"])
def test_what_nobody_packed_is_refused(bad: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        unpack({"r": bad})


def test_fifty_thousand_findings_are_small() -> None:
    found = [
        Finding(rule=f"rule{i % 40}", message="m", path=f"src/{i}.rs", line=i)
        for i in range(50_000)
    ]
    packed = pack(found)
    assert unpack(packed).total() == 50_000
    assert sum(map(len, packed.values())) <= 9 * 50_000

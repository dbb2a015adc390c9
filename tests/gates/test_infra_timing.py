"""When the times of a pair of builds are void, and what is said about the machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple, cast

import pytest

import gaterun
from gaterun_gates.infra import timed_build
from gaterun_gates.infra.build_comparison import resolution, time_scenario
from gaterun_gates.infra.build_messages import Build, Unit
from gaterun_gates.infra.build_report import notes, toolchain_findings
from gaterun_gates.infra.build_scenarios import SCENARIOS
from gaterun_gates.infra.timed_build import Sample, Side

CLEAN = SCENARIOS[0]
UNIT = Unit(package="a", target="a", kind="lib", local=True)
BUILD = Build(finished=True, success=True, fresh=0, dirty=1, units=frozenset({UNIT}))


def sample(wall: float, waited: str = "") -> Sample:
    return Sample(wall=wall, cpu=wall, max_rss=1, build=BUILD, cache=None, waited=waited)


class Recorded:
    """A side whose builds are given, in place of one that builds."""

    def __init__(self, folder: Path, label: str, *samples: Sample) -> None:
        self.label = label
        self.target = folder / label
        self.samples = [sample(1.0), *samples]  # the first one warms up
        self.setup = None

    def clean(self) -> None:
        self.target.mkdir(exist_ok=True)

    def build(self, *, cached: bool) -> Sample:
        del cached
        return self.samples.pop(0)


class Quiet:
    def progress(self, text: str) -> None:
        del text


def time(base: Recorded, head: Recorded, pairs: int = 6) -> Any:
    sides = cast("tuple[Side, Side]", (base, head))
    return time_scenario(cast("gaterun.Context", Quiet()), CLEAN, sides, (None, None), pairs)


# As cargo 1.95 writes them.
@pytest.mark.parametrize(
    ("text", "lock"),
    [
        ("    Blocking waiting for file lock on artifact directory\n", "artifact directory"),
        ("   Blocking waiting for file lock on package cache\n", "package cache"),
        ("   Compiling blocking v1.0.0\n", ""),
    ],
)
def test_a_lock_that_cargo_waited_for_is_recognised(text: str, lock: str) -> None:
    assert timed_build.waited_for(text) == lock


def test_pairs_in_which_cargo_waited_do_not_count(tmp_path: Path) -> None:
    slow = [sample(90.0, "package cache"), *(sample(1.0 + n / 10) for n in range(6))]
    plain = [sample(5.0), *(sample(1.0) for _ in range(6))]
    timing = time(Recorded(tmp_path, "base", *slow), Recorded(tmp_path, "head", *plain))
    assert timing.void == 1
    assert max(each.wall for each in timing.base) < 2
    assert [each.wall for each in timing.head] == [1.0] * 6


def test_a_machine_on_which_others_build_decides_nothing(tmp_path: Path) -> None:
    waiting = [sample(1.0, "artifact directory")] * 5
    with pytest.raises(gaterun.CannotMeasure) as refusal:
        time(Recorded(tmp_path, "base", *waiting), Recorded(tmp_path, "head", *waiting))
    assert refusal.value.reason is gaterun.Reason.NOISE
    assert "artifact directory" in refusal.value.message


def test_a_full_disk_is_found_before_it_spoils_a_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Usage(NamedTuple):
        total: int
        used: int
        free: int

    monkeypatch.setattr("shutil.disk_usage", lambda path: Usage(2**30, 2**30, 0))
    side = Recorded(tmp_path, "base")
    side.target.mkdir()
    (side.target / "artefact").write_bytes(b"x" * 100_000)
    with pytest.raises(gaterun.CannotMeasure) as refusal:
        time(side, Recorded(tmp_path, "head"))
    assert refusal.value.reason is gaterun.Reason.INCOMPLETE
    assert "0 MiB of disk space left" in refusal.value.message


def test_what_this_machine_cannot_tell_is_said(tmp_path: Path) -> None:
    calm = [sample(1.0) for _ in range(6)]
    noisy = [sample(wall) for wall in (1.0, 1.4, 0.8, 1.2, 0.9, 1.1)]
    exact = time(Recorded(tmp_path, "base", *calm), Recorded(tmp_path, "head", *calm))
    rough = time(Recorded(tmp_path, "base", *calm), Recorded(tmp_path, "head", *noisy))
    assert resolution(exact) == 0
    assert resolution(rough) == pytest.approx(0.3, abs=0.01)
    (said, *_) = notes((), [rough], 0.0)
    assert "a threshold below 30.0% is finer than this machine resolves now" in said
    assert any("CPU pressure 50%" in note for note in notes((), [rough], 0.5))


def test_a_changed_toolchain_is_part_of_the_difference() -> None:
    assert toolchain_findings(["rustc 1.95.0", "rustc 1.95.0"]) == []
    (finding,) = toolchain_findings(["rustc 1.95.0", "rustc 1.96.0"])
    assert finding.message == "base is built by rustc 1.95.0, head by rustc 1.96.0"

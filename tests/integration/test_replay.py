"""The phase that gaterun was made for, replayed from its beginning to its end by one script."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "proofs/replay_seed.py"


@pytest.mark.slow
@pytest.mark.cargo
def test_the_seed_is_replayed(tmp_path: Path) -> None:
    """Four participants in four working trees, and every answer is what the story says."""
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(tmp_path / "replay")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout[-6000:]}\n{done.stderr}"
    assert done.stdout.splitlines()[-1].endswith(" s: all of it is as told")

"""A cluster of two worker processes, for all tests of a process."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

PLUGINS = Path(__file__).parents[1] / "plugins"


@pytest.fixture(scope="session")
def cluster() -> Iterator[Any]:
    """A scheduler as somebody else would run it, with Dask's own settings, and two workers."""
    from distributed import LocalCluster

    with pytest.MonkeyPatch.context() as patch:
        # As the fixture `_clean_environment` leaves them for the runs.
        for name in list(os.environ):
            if name.startswith(("RUST", "CARGO_", "GATERUN_")) and not name.endswith("_HOME"):
                patch.delenv(name)
        patch.setenv("PYTHONPATH", str(PLUGINS), prepend=os.pathsep)
        patch.syspath_prepend(str(PLUGINS))
        with LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
            memory_limit=None,
            silence_logs=50,
        ) as running:
            yield running


@pytest.fixture
def patiently(
    eventually: Callable[[Callable[[], bool], float], None],
) -> Callable[[Callable[[], bool]], None]:
    """As `eventually`: a worker that is started again on a busy machine takes its time."""
    return lambda condition: eventually(condition, 90)

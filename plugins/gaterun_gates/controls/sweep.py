"""Known cases of the gate ``sweep``."""

from __future__ import annotations

import gaterun
from gaterun import Outcome

_HEAD = """\
on: push
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
"""
_CACHE = """\
      - uses: actions/cache@v4
        with:
          path: |
            ~/.cargo/registry
            target
          key: cargo
"""
_INSTALL = """\
      - run: cargo install --locked cargo-sweep
"""
_SWEEP = """\
      - name: Sweep
        run: cargo sweep --time 14
"""


def _workflow(text: str) -> dict[str, str]:
    return {".github/workflows/ci.yml": text}


CONTROLS: tuple[gaterun.Control, ...] = (
    gaterun.Control(
        name="effective",
        expect=Outcome.PASS,
        files=_workflow(_HEAD + _CACHE + _INSTALL + _SWEEP),
    ),
    gaterun.Control(
        name="none",
        expect=Outcome.FAIL,
        files=_workflow(_HEAD + _CACHE + '      - run: echo "cargo sweep --time 14"\n'),
        rule="sweep::none",
    ),
    gaterun.Control(
        name="fresh-job",
        expect=Outcome.FAIL,
        files=_workflow(_HEAD + _INSTALL + _SWEEP),
        rule="sweep::fresh-job",
    ),
    gaterun.Control(
        name="hidden-failure",
        expect=Outcome.FAIL,
        files=_workflow(_HEAD + _CACHE + "      - run: cargo sweep --time 14 || echo skipped\n"),
        rule="sweep::not-installed",
    ),
    gaterun.Control(
        name="disabled-step",
        expect=Outcome.FAIL,
        files=_workflow(_HEAD + _CACHE + _INSTALL + _SWEEP + "        if: ${{ false }}\n"),
        rule="sweep::disabled-step",
    ),
    gaterun.Control(
        name="without-bound",
        expect=Outcome.FAIL,
        files=_workflow(_HEAD + _CACHE + _INSTALL + "      - run: cargo sweep -r\n"),
        rule="sweep::no-bound",
    ),
    gaterun.Control(
        name="commented-out",
        expect=Outcome.FAIL,
        files=_workflow(
            _HEAD + _CACHE + _INSTALL + "      - run: |\n          # don't: cargo sweep -t 14\n"
            "          true\n"
        ),
        rule="sweep::none",
    ),
    gaterun.Control(
        name="in-a-script",
        expect=Outcome.PASS,
        files={
            **_workflow(_HEAD + _CACHE + "      - run: ./ci/sweep.sh\n"),
            "ci/sweep.sh": "#!/bin/sh\nset -e\ncargo install cargo-sweep\ncargo sweep \\\n  -i\n",
        },
        executable=("ci/sweep.sh",),
    ),
    gaterun.Control(
        name="no-workflow",
        expect=Outcome.INCONCLUSIVE,
        files={"README.md": "CI runs cargo sweep.\n"},
    ),
    gaterun.Control(
        name="unreadable-workflow",
        expect=Outcome.INCONCLUSIVE,
        files=_workflow("on: push\njobs: [\n"),
    ),
)

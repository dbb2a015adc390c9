"""A phase of four tasks, and people who work on it in working trees of their own."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest

from gaterun.cli import desk
from gaterun.core.state import StateDb

PHASE = """
[phase]
title = "Quality and infrastructure"
gates = ["pass"]

[task."7.1"]
title = "Build infrastructure"
owner = "cicd-engineer"
estimate = "2.4d"
files = ["scripts/**"]
[[task."7.1".gate]]
use = "bound"

[task."7.2"]
title = "Configuration"
estimate = "2.4d"
files = ["src/**", "docs/**"]
[[task."7.2".gate]]
use = "value"
number = 1
require = "n < 3"

[task."7.3"]
title = "Code quality"
owner = "reviewer"
estimate = "1.2d"
files = ["src/**"]
[[task."7.3".gate]]
use = "bound"
require = "n <= 1"
[[task."7.3".gate]]
use = "lints"
require = "warnings < 2"
mode = "advisory"
enforce_after = 2999-12-31

[task."7.4"]
title = "Release"
needs = ["7.3"]
files = ["CHANGELOG.md"]
[[task."7.4".gate]]
use = "value"
id = "version"
number = 2
require = "n == 2"
"""


class Team:
    """The workspace and working trees of it, each with somebody who works there."""

    def __init__(self, project: Any, patch: pytest.MonkeyPatch) -> None:
        self.project = project
        self._patch = patch
        self.late = 0.0
        patch.setattr(desk, "clock", self.clock)
        project.phase(PHASE)
        project.write(
            {
                "src/lib.rs": "bad bad\nb\nc\nd\ne\nf\ng\n",
                "lints": "unused src/lib.rs:1 unused\n" * 3,
                "CHANGELOG.md": "none\n",
                "scripts/build.sh": "true\n",
                ".gitignore": "/.gaterun/\n",
            }
        )
        project.commit()

    def clock(self) -> float:
        return time.time() + self.late

    def tree(self, name: str) -> Path:
        folder = self.project.root.parent / f"wt-{name}"
        self.project.git("worktree", "add", "-q", str(folder), "-b", f"task/{name}")
        return folder

    def run(self, who: str, *argv: str, at: Path | None = None) -> Any:
        """Run as somebody, in the working tree of that name unless told where."""
        folder = at or self.project.root.parent / f"wt-{who}"
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("GATERUN_ACTOR", who)
            return self.project.run(*argv, "-C", str(folder))

    def here(self, *argv: str) -> Any:
        return self.run("lead", *argv, at=self.project.root)

    def states(self, who: str = "") -> dict[str, str]:
        ran = self.run(who, *STATUS) if who else self.here(*STATUS)
        return {task["id"]: task["state"] for task in json.loads(ran.out)["tasks"]}

    def git(self, who: str, *argv: str) -> None:
        self.project.git("-C", str(self.project.root.parent / f"wt-{who}"), *argv)

    def mend(self, who: str) -> None:
        """Make the gates of 7.3 pass in somebody's working tree."""
        folder = self.project.root.parent / f"wt-{who}"
        text = (folder / "src/lib.rs").read_text()
        (folder / "src/lib.rs").write_text(text.replace("bad bad", "fine"))
        self.git(who, "commit", "-qam", "mend")

    @property
    def db(self) -> Path:
        return self.project.root / ".gaterun" / "state.db"

    def kinds(self, task: str) -> list[str]:
        with StateDb(self.db) as db:
            return [event.kind for event in db.events("p", task)]

    def shown(self, text: str) -> str:
        """Without what differs from run to run."""
        text = text.replace(str(self.project.root.parent), "…")
        text = re.sub(r"\b\d+ (s|min)\b( ago| old)?", "N s\\2", text)
        text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)? UTC", "MOMENT", text)
        return re.sub(r"`[0-9a-f]{12}`", "`DIGEST`", text)

    def moments(self, text: str) -> str:
        """Without the moments that reports tell."""
        return re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", "MOMENT", text)


STATUS = ("status", "--format", "json")

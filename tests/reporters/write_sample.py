"""Writes the sample run as JUnit, for the actions that read it in the workflow.

python -m tests.reporters.write_sample FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path

from gaterun.reporters import junit

from .sample import RECORD


def main(folder: Path) -> None:
    """Write `TEST-gaterun.xml` into a folder, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "TEST-gaterun.xml").write_text(junit.render(RECORD, strict=False), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""What every gate that reads sources makes of a repository that is hard to read.

Each gate measures all the same, or says why it cannot; nothing that was not looked at is passed over.
"""

from __future__ import annotations

import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import gaterun
from gaterun.core import discovery
from gaterun.testing import measure_gate

GATES = discovery.load().gates
#: Gates that compile nothing, with options by which they have something to do.
READING: dict[str, dict[str, Any]] = {
    "changelog": {},
    "config-audit": {},
    "env-coverage": {},
    "from-env": {},
    "hardcoded": {},
    "loc": {},
    "release-notes": {},
    "sccache": {},
    "sweep": {},
    "target-dir": {},
    "version": {"independent": True},
}
ONE = '[package]\nname = "one"\nversion = "0.1.0"\nedition = "2021"\n\n[workspace]\n'
CODE = """\
pub struct Config(pub String);

impl Config {
    pub fn from_env() -> Self {
        Config(std::env::var("APP_PORT").unwrap_or_default())
    }
}

pub fn start() -> (Config, &'static str) {
    (Config::from_env(), "http://localhost:8080/health")
}
"""
#: What the gates count in `CODE` and the files beside it.
COUNTED: dict[str, dict[str, float | bool]] = {
    "changelog": {"entry_present": True, "errors": 0},
    "env-coverage": {"implemented": 1, "undocumented": 0, "unread": 0},
    "from-env": {"total": 1, "untested": 1},
    "hardcoded": {"total": 1},
    "loc": {"prod_code": 9},
    "target-dir": {"workspaces": 1},
    "version": {"members": 1, "mismatches": 0},
}
BESIDE = {
    "Cargo.toml": ONE,
    ".env.example": "APP_PORT=8080\n",
    "CHANGELOG.md": "# Changelog\n\n## [0.1.0] - 2026-01-01\n\n### Added\n\n- All of it.\n\n"
    "[0.1.0]: https://example.org/0.1.0\n",
    "RELEASE_NOTES.md": "# 0.1.0\n\nAll of it.\n",
}


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
    allowed = ["-c", "protocol.file.allow=always"]
    return subprocess.run(
        ["git", *identity, *allowed, *arguments],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()


def repository(root: Path, files: dict[str, str | bytes]) -> Path:
    """A repository with one commit of these files and `BESIDE`."""
    root.mkdir(parents=True)
    git(root, "init", "--quiet", "--initial-branch=main")
    for name, text in {**BESIDE, **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
    git(root, "add", "--all", "--force")
    git(root, "commit", "--quiet", "--message", "one")
    return root


def modules(*names: str) -> str:
    return "".join(f"mod {name};\n" for name in names) + CODE


def plain(folder: Path) -> Path:
    return repository(folder / "plain", {"src/lib.rs": CODE})


def spaces_and_other_letters(folder: Path) -> Path:
    files: dict[str, str | bytes] = {"src/lib.rs": CODE, "docs/ein Übel/näme.md": "Nothing.\n"}
    return repository(folder / "with spaces and ümläuts", files)


def a_line_of_30_kilobytes(folder: Path) -> Path:
    # A comment, a raw string and an array, each on one line.
    long = (
        f"//! {'word ' * 6000}\n"
        f'pub const TEXT: &str = r#"{"x" * 30_000}"#;\n'
        f"pub const TABLE: [u8; 10_000] = [{'1, ' * 10_000}];\n"
    )
    return repository(folder / "long", {"src/lib.rs": modules("long"), "src/long.rs": long})


def not_utf_8(folder: Path) -> Path:
    return repository(
        folder / "bytes",
        {"src/lib.rs": modules("bytes"), "src/bytes.rs": b'// caf\xe9\nconst A: &str = "\xff";\n'},
    )


def does_not_parse(folder: Path) -> Path:
    return repository(
        folder / "broken", {"src/lib.rs": modules("broken"), "src/broken.rs": "fn ( ] { '\n"}
    )


def binary_called_rust(folder: Path) -> Path:
    files: dict[str, str | bytes] = {"src/lib.rs": modules("b"), "src/b.rs": bytes(range(256)) * 9}
    return repository(folder / "binary", files)


def vendored(folder: Path) -> Path:
    other = ONE.replace('"one"', '"other"').replace("0.1.0", "9.9.9")
    return repository(
        folder / "vendored",
        {"src/lib.rs": CODE, "vendor/other/Cargo.toml": other, "vendor/other/src/lib.rs": CODE},
    )


def with_a_submodule(folder: Path) -> Path:
    other = repository(folder / "other", {"src/lib.rs": CODE})
    root = repository(folder / "outer", {"src/lib.rs": CODE})
    git(root, "submodule", "--quiet", "add", str(other), "sub")
    git(root, "commit", "--quiet", "--message", "sub")
    return root


def a_submodule_that_is_not_checked_out(folder: Path) -> Path:
    root = with_a_submodule(folder)
    git(folder, "clone", "--quiet", "--no-recurse-submodules", str(root), "without")
    return folder / "without"


def links_in_a_circle(folder: Path) -> Path:
    root = repository(folder / "links", {"src/lib.rs": CODE})
    (root / "src/again").symlink_to("..")
    (root / "src/round.rs").symlink_to("round.rs")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "links")
    return root


def a_tracked_file_that_is_gone(folder: Path) -> Path:
    root = repository(folder / "gone", {"src/lib.rs": CODE, "src/old.rs": CODE})
    (root / "src/old.rs").unlink()
    return root


def without_commits(folder: Path) -> Path:
    root = plain(folder)
    (root / ".git").rename(folder / "elsewhere")
    git(root, "init", "--quiet", "--initial-branch=main")
    git(root, "add", "--all")
    return root


def a_shallow_clone(folder: Path) -> Path:
    root = plain(folder)
    git(root, "commit", "--quiet", "--allow-empty", "--message", "two")
    git(folder, "clone", "--quiet", "--depth=1", f"file://{root}", "shallow")
    return folder / "shallow"


HARD = [
    plain,
    spaces_and_other_letters,
    a_line_of_30_kilobytes,
    not_utf_8,
    does_not_parse,
    binary_called_rust,
    vendored,
    with_a_submodule,
    a_submodule_that_is_not_checked_out,
    links_in_a_circle,
    a_tracked_file_that_is_gone,
    without_commits,
    a_shallow_clone,
]

BY_HARD_PART = {
    ("long", "loc"): {"prod_code": 12},
    ("bytes", "loc"): {"prod_code": 11},
    ("broken", "loc"): {"prod_code": 11},
    ("binary", "loc"): {"prod_code": 20},
    ("vendored", "target-dir"): {"workspaces": 2},
}


@pytest.fixture(scope="module", params=HARD, ids=lambda make: make.__name__)
def hard(request: Any, tmp_path_factory: Any) -> Path:
    make = request.param
    return make(tmp_path_factory.mktemp(make.__name__).resolve())


@pytest.mark.cargo
@pytest.mark.parametrize("gate", sorted(READING))
def test_what_is_readable_is_counted_all_the_same(gate: str, hard: Path) -> None:
    found = measured(gate, hard)
    if gate not in COUNTED:
        return
    assert found is not None, "nothing is hard for this gate"
    values = {name: value_of(found.metrics[name]) for name in COUNTED[gate]}
    wanted = {**COUNTED[gate], **beside(gate, hard)}
    assert values == wanted


def beside(gate: str, root: Path) -> dict[str, float]:
    """What the hard part itself adds: `mod x;` and the file's lines, or a workspace."""
    return BY_HARD_PART.get((root.name, gate), {})


def measured(gate: str, root: Path, **more: Any) -> gaterun.Measurement | None:
    """The measurement; `None` where the gate says that there can be none."""
    with suppress(gaterun.CannotMeasure):
        return measure_gate(GATES[gate], root, options=READING[gate], **more)
    return None


def value_of(metric: object) -> object:
    return metric.value if isinstance(metric, gaterun.Measured) else metric


def test_what_is_not_read_is_said_with_a_number(tmp_path: Path) -> None:
    broken = b'fn ( ] { std::env::var("A") \xff\n'
    root = repository(
        tmp_path / "two",
        {"src/lib.rs": modules("a", "b"), "src/a.rs": broken, "src/b.rs": b"//\n" + broken},
    )
    lines = measure_gate(GATES["loc"], root).metrics
    assert value_of(lines["parse_errors"]) == 2
    reads = measure_gate(GATES["env-coverage"], root)
    assert value_of(reads.metrics["parse_errors"]) == 2


#: Gates that look at the base, with a metric that only the base can give.
COMPARING = {
    "changelog": "updated",
    "config-audit": "added",
    "loc": "removed",
    "version": "stale_mentions",
}


@pytest.mark.cargo
@pytest.mark.parametrize("gate", sorted(COMPARING))
@pytest.mark.parametrize("lost", ["shallow", "objects"])
def test_a_base_that_cannot_be_read_is_never_no_difference(
    gate: str, lost: str, tmp_path: Path
) -> None:
    root = repository(tmp_path / "origin", {"src/lib.rs": CODE, ".cargo/config.toml": "[alias]\n"})
    base = git(root, "rev-parse", "HEAD")
    older = git(root, "ls-tree", "-r", "--format=%(objectname)", base).split()
    for path in root.rglob("*.*"):
        if path.is_file() and ".git" not in path.relative_to(root).parts:
            path.write_text(path.read_text().replace("0.1.0", "0.2.0") + "\n")
    git(root, "commit", "--quiet", "--all", "--message", "two")
    if lost == "shallow":
        git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{root}", "shallow")
        root = tmp_path / "shallow"
    else:
        for oid in older:
            (root / ".git/objects" / oid[:2] / oid[2:]).unlink()
    found = measured(gate, root, base=base)
    if found is not None:
        metric = found.metrics[COMPARING[gate]]
        assert isinstance(metric, gaterun.Measured)
        assert metric.value is None
        assert metric.why


CRATES = 1000


@pytest.fixture(scope="module")
def thousand(tmp_path_factory: Any) -> Path:
    """A virtual workspace of a thousand crates, each of which reads a variable."""
    files: dict[str, str | bytes] = {
        "Cargo.toml": '[workspace]\nresolver = "2"\nmembers = ["crates/*"]\n\n'
        '[workspace.package]\nversion = "0.1.0"\n',
        ".env.example": "".join(f"APP_{n}=\n" for n in range(CRATES)),
    }
    for n in range(CRATES):
        files[f"crates/c{n}/Cargo.toml"] = (
            f'[package]\nname = "c{n}"\nversion.workspace = true\nedition = "2021"\n'
        )
        files[f"crates/c{n}/src/lib.rs"] = CODE.replace("APP_PORT", f"APP_{n}")
    return repository(tmp_path_factory.mktemp("thousand").resolve() / "many", files)


@pytest.mark.cargo
@pytest.mark.parametrize("gate", sorted(READING))
def test_a_thousand_crates(gate: str, thousand: Path) -> None:
    found = measured(gate, thousand)
    wanted: dict[str, dict[str, float]] = {
        "env-coverage": {"implemented": CRATES, "undocumented": 0, "unread": 0},
        "from-env": {"total": CRATES, "untested": CRATES},
        "hardcoded": {"total": CRATES},
        "loc": {"prod_code": 9 * CRATES, "files": CRATES},
        "target-dir": {"workspaces": 1},
        "version": {"members": CRATES, "mismatches": 0},
    }
    for name, value in wanted.get(gate, {}).items():
        assert found is not None
        assert value_of(found.metrics[name]) == value

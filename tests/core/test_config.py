from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from gaterun.core.config import Config, Settings, find_root, load_config
from gaterun.model.errors import UsageError

WORKSPACE = "[workspace]\nmembers = []\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "ws"
    folder.mkdir()
    (folder / "Cargo.toml").write_text(WORKSPACE)
    return folder


def load(root: Path, environment: Mapping[str, str] | None = None, **more: Any) -> Config:
    return load_config(root, environment=environment or {}, **more)


def error(root: Path, environment: Mapping[str, str] | None = None, **more: Any) -> UsageError:
    with pytest.raises(UsageError) as caught:
        load(root, environment, **more)
    return caught.value


# --- the root --------------------------------------------------------------------------------


def test_a_virtual_workspace_is_found_from_a_member(root: Path) -> None:
    member = root / "crates/a"
    (member / "src").mkdir(parents=True)
    (member / "Cargo.toml").write_text('[package]\nname = "a"\nversion.workspace = true\n')
    for start in (root, root / "crates", member, member / "src"):
        assert find_root(start) == root.resolve()


def test_a_single_package_is_its_own_root(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "Cargo.toml").write_text('[package]\nname = "a"\n')
    assert find_root(tmp_path / "src") == tmp_path.resolve()


@pytest.mark.parametrize(
    "manifest",
    [
        '[package]\nname = "a"\n\n[workspace]\n',
        "[ workspace ]\n",
        "  [workspace]\n",
        '[workspace.package]\nversion = "1.0.0"\n',
        "[workspace.dependencies]\n",
        "[workspace]# all of it\r\n",
    ],
)
def test_what_makes_a_workspace(tmp_path: Path, manifest: str) -> None:
    (tmp_path / "Cargo.toml").write_text(manifest)
    member = tmp_path / "a"
    member.mkdir()
    (member / "Cargo.toml").write_text('[package]\nname = "a"\n')
    assert find_root(member) == tmp_path.resolve()


def test_a_comment_does_not_make_one(tmp_path: Path) -> None:
    (tmp_path / "Cargo.toml").write_text('# [workspace]\n[package]\nname = "a"\n')
    member = tmp_path / "a"
    member.mkdir()
    (member / "Cargo.toml").write_text('[package]\nname = "a"\nworkspace = ".."\n')
    assert find_root(member) == member.resolve()


def test_the_innermost_workspace_wins(root: Path) -> None:
    inner = root / "fuzz"
    inner.mkdir()
    (inner / "Cargo.toml").write_text(WORKSPACE)
    assert find_root(inner) == inner.resolve()


def test_no_manifest_anywhere(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        find_root(tmp_path)
    assert f"there is no Cargo.toml in {tmp_path.resolve()} or above it" in caught.value.message
    assert "-C" in caught.value.help


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not a folder"):
        find_root(tmp_path / "nope")


def test_a_broken_manifest_is_a_root(tmp_path: Path) -> None:
    """What is wrong with it is for cargo to say, to the gates that need it."""
    (tmp_path / "Cargo.toml").write_bytes(b"[workspace\n\xff\xfe = = \n")
    assert find_root(tmp_path) == tmp_path.resolve()
    assert load(tmp_path).settings == Settings()


def test_a_symlink_to_the_workspace(root: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(root)
    assert find_root(tmp_path / "link") == root.resolve()


# --- where settings come from ----------------------------------------------------------------

PLACES = {
    "gaterun.toml": "jobs = {}\n",
    ".config/gaterun.toml": "jobs = {}\n",
    "Cargo.toml": WORKSPACE + "[workspace.metadata.gaterun]\njobs = {}\n",
    "pyproject.toml": "[tool.gaterun]\njobs = {}\n",
}


@pytest.mark.parametrize("first", range(4))
def test_the_search_order(root: Path, first: int) -> None:
    for number, (name, text) in enumerate(PLACES.items()):
        if number >= first:
            (root / name).parent.mkdir(exist_ok=True)
            (root / name).write_text(text.format(number + 10))
    config = load(root)
    name = list(PLACES)[first]
    assert config.settings.jobs == first + 10
    assert config.origins["jobs"] == name
    assert config.origins["state"] == "default"
    assert config.file == name


def test_precedence(root: Path) -> None:
    (root / "gaterun.toml").write_text("jobs = 1\n[profile.ci]\njobs = 2\n")
    environment = {"GATERUN_JOBS": "3"}
    cases: list[tuple[dict[str, Any], Mapping[str, str], int, str]] = [
        ({}, {}, 1, "gaterun.toml"),
        ({"profile": "ci"}, {}, 2, "gaterun.toml, profile ci"),
        ({}, {"GATERUN_PROFILE": "ci"}, 2, "gaterun.toml, profile ci"),
        ({"profile": "ci"}, environment, 3, "GATERUN_JOBS"),
        ({"profile": "ci", "overrides": ["jobs=4"]}, environment, 4, "-o"),
        ({"overrides": ["jobs=4", "jobs=5"]}, environment, 5, "-o"),
    ]
    for more, variables, jobs, origin in cases:
        config = load(root, variables, **more)
        assert (config.settings.jobs, config.origins["jobs"]) == (jobs, origin)


def test_an_option_of_the_command_line_names_the_profile(root: Path) -> None:
    (root / "gaterun.toml").write_text("[profile.a]\njobs = 1\n[profile.b]\njobs = 2\n")
    assert load(root, {"GATERUN_PROFILE": "a"}, profile="b").settings.jobs == 2


def test_a_value_of_a_profile_says_so(root: Path) -> None:
    (root / "gaterun.toml").write_text("jobs = 1\n[profile.ci]\njobs = 2\n")
    assert "ci" in load(root, profile="ci").origins["jobs"]


def test_every_kind_of_value(root: Path) -> None:
    (root / "gaterun.toml").write_text(
        'phase = "p"\nphases = "f"\nplugins = ["a", "no:b"]\nstate = "s"\nreport = ["md:x"]\n'
        'color = "never"\noutput = "agent"\nmax_warnings = 3\n'
    )
    settings = load(root).settings
    assert settings.plugins == ("a", "no:b")
    assert (settings.phase, settings.color, settings.max_warnings) == ("p", "never", 3)
    assert load(root).phase_folders == (root.resolve() / "f",)
    assert load(root).state == root.resolve() / "s"
    assert load(root, {"GATERUN_PLUGINS": "x,y"}).settings.plugins == ("x", "y")
    assert load(root, {"GATERUN_PLUGINS": ""}).settings.plugins == ()


def test_a_file_may_be_named(root: Path, tmp_path: Path) -> None:
    (root / "gaterun.toml").write_text("jobs = 1\n")
    (tmp_path / "other.toml").write_text("jobs = 2\n")
    assert load(root, file=tmp_path / "other.toml").settings.jobs == 2
    assert "cannot be read" in error(root, file=tmp_path / "nope.toml").message


@pytest.mark.parametrize(
    ("text", "message", "help"),
    [
        ("job = 1\n", "gaterun.toml:1:1: unknown key 'job'", "did you mean 'jobs'?"),
        ('jobs = "x"\n', "gaterun.toml:1:1: expected int, got str", ""),
        ("plugins = [1]\n", "gaterun.toml:1:1: expected str, got int", ""),
        ("\n\n[profile.ci]\njobz = 1\n", "gaterun.toml:4:1: unknown key 'jobz'", "'jobs'"),
        ("[profile]\nci = 3\n", "gaterun.toml:2:1: this is a table", ""),
        ("jobs = \n", "gaterun.toml: invalid value (at line 1", ""),
        ('color = "red"\n', "color = 'red' (gaterun.toml) is none of auto, always, never", ""),
    ],
)
def test_errors_of_the_file(root: Path, text: str, message: str, help: str) -> None:
    (root / "gaterun.toml").write_text(text)
    found = error(root, profile="ci" if "profile" in text else "")
    assert found.message.startswith(message)
    assert help in found.help


def test_errors_in_other_peoples_files_have_their_place(root: Path) -> None:
    (root / "Cargo.toml").write_text(WORKSPACE + "[workspace.metadata.gaterun]\njob = 1\n")
    assert error(root).message.startswith("Cargo.toml:4:1: unknown key 'job'")
    (root / "Cargo.toml").write_text(WORKSPACE)
    (root / "pyproject.toml").write_text("[tool.gaterun]\njob = 1\n")
    assert error(root).message.startswith("pyproject.toml:2:1: unknown key 'job'")


def test_errors_of_environment_and_command_line(root: Path) -> None:
    assert error(root, {"GATERUN_JOBS": "x"}).message == "GATERUN_JOBS: 'x' is not a whole number"
    assert error(root, overrides=["jobs=x"]).message == "-o jobs: 'x' is not a whole number"
    assert error(root, overrides=["job=1"]).help == "did you mean 'jobs'?"
    assert "KEY=VALUE" in error(root, overrides=["jobs"]).message
    assert "is none of" in error(root, {"GATERUN_OUTPUT": "robot"}).message


def test_an_unknown_profile(root: Path) -> None:
    (root / "gaterun.toml").write_text("[profile.nightly]\njobs = 1\n")
    assert error(root, profile="nigtly").help == "did you mean 'nightly'?"
    (root / "gaterun.toml").write_text("")
    assert "there is no profile 'x'" in error(root, profile="x").message


def test_a_folder_of_local_gates_has_to_exist(root: Path) -> None:
    assert load(root).local_gates is None
    config = load(root, {"GATERUN_GATES": "gates"})
    with pytest.raises(UsageError) as caught:
        _ = config.local_gates
    assert caught.value.help == "set by GATERUN_GATES"
    (root / "gates").mkdir()
    assert config.local_gates == root.resolve() / "gates"


def test_toml_1_1_in_the_manifest_is_no_error(root: Path) -> None:
    """Cargo reads TOML 1.1, `tomllib` does not."""
    (root / "Cargo.toml").write_text(
        WORKSPACE + "x = { a = 1,\n b = 2,\n}\n[workspace.metadata.gaterun]\njobs = 3\n"
    )
    assert load(root).settings.jobs == 3


# --- what does not hold yet ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Cargo.toml", WORKSPACE + "[workspace.metadata]\ngaterun = { jobs = 3 }\n"),
        ("Cargo.toml", WORKSPACE + "[workspace.metadata]\ngaterun.jobs = 3\n"),
        ("Cargo.toml", WORKSPACE + '[workspace.metadata."gaterun"]\njobs = 3\n'),
        ("pyproject.toml", "[tool]\ngaterun = { jobs = 3 }\n"),
    ],
)
def test_every_way_to_write_the_table(root: Path, name: str, text: str) -> None:
    (root / name).write_text(text)
    assert load(root).settings.jobs == 3


def test_a_mention_is_not_a_table(root: Path) -> None:
    (root / "Cargo.toml").write_text("# no metadata.gaterun here\n" + WORKSPACE)
    (root / "pyproject.toml").write_text("[tool.gaterun]\njobs = 3\n")
    assert load(root).settings.jobs == 3


def test_profile_that_is_no_table(root: Path) -> None:
    (root / "gaterun.toml").write_text("profile = 3\n")
    assert "profile" in error(root, profile="ci").message


def test_jobs_are_not_negative(root: Path) -> None:
    assert "jobs" in error(root, {"GATERUN_JOBS": "-3"}).message


@pytest.mark.parametrize("state", ["", ".", "src", "..", "/"])
def test_the_state_folder_is_nobody_elses(root: Path, state: str) -> None:
    (root / "src").mkdir()
    (root / "src/lib.rs").write_text("")
    assert "state" in error(root, overrides=[f"state={state}"]).message


def test_an_inline_workspace_table(tmp_path: Path) -> None:
    (tmp_path / "Cargo.toml").write_text('workspace = { members = ["a"] }\n')
    (tmp_path / "a").mkdir()
    (tmp_path / "a/Cargo.toml").write_text('[package]\nname = "a"\n')
    assert find_root(tmp_path / "a") == tmp_path.resolve()

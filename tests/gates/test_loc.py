"""The gate ``loc``."""

from __future__ import annotations

from pathlib import Path

import pytest

import gaterun
from gaterun.testing import run_control
from gaterun_gates.loc import GATE
from gaterun_gates.rust.conventional_targets import conventional_roots
from gaterun_gates.rust.git_tree import blob_id, parse_numstat, parse_tree

MANIFEST = '[package]\nname = "app"\nversion = "0.1.0"\nedition = "2021"\n[workspace]\n'


def functions(count: int, prefix: str = "f") -> str:
    return "".join(
        f"pub fn {prefix}_{n}(value: u32) -> u32 {{\n    value * {n} + {n}\n}}\n"
        for n in range(count)
    )


def compared(folder: Path, base: dict[str, str] | None, files: dict[str, str]) -> dict[str, object]:
    control = gaterun.Control(
        name="x",
        expect=gaterun.Outcome.PASS,
        base=None if base is None else {"Cargo.toml": MANIFEST, **base},
        files={"Cargo.toml": MANIFEST, **files},
        options={"require": ["files >= 0"]},
    )
    result = run_control(GATE, control, folder / "w")
    assert result.metrics, result.verdict
    return {name: found.measured.value for name, found in result.metrics.items()}


pytestmark = pytest.mark.cargo


def test_removed_code_is_counted(tmp_path: Path) -> None:
    found = compared(tmp_path, {"src/lib.rs": functions(10)}, {"src/lib.rs": functions(4)})
    assert found["base_prod_code"] == 30
    assert found["prod_code"] == 12
    assert found["net_removed"] == found["normalized_removed"] == found["removed"] == 18
    assert found["gross_removed"] == 18
    assert found["moved_out"] == 0


def test_a_renamed_file_removes_nothing(tmp_path: Path) -> None:
    found = compared(
        tmp_path,
        {"src/lib.rs": "mod a;", "src/a.rs": functions(5)},
        {"src/lib.rs": "mod b;", "src/b.rs": functions(5)},
    )
    assert (found["removed"], found["moved_out"]) == (0, 0)


def test_a_deleted_crate_counts(tmp_path: Path) -> None:
    crate = '[package]\nname = "old"\nversion = "0.1.0"\n'
    root = MANIFEST.replace("[workspace]", '[workspace]\nmembers = ["old"]')
    found = compared(
        tmp_path,
        {
            "Cargo.toml": root,
            "src/lib.rs": functions(2),
            "old/Cargo.toml": crate,
            "old/src/lib.rs": functions(5),
            "old/tests/it.rs": functions(7),
        },
        {"src/lib.rs": functions(2)},
    )
    assert found["removed"] == 15
    assert (found["base_test_code"], found["test_code"]) == (21, 0)


def test_code_that_becomes_test_code_is_moved(tmp_path: Path) -> None:
    found = compared(
        tmp_path,
        {"src/lib.rs": "mod a;", "src/a.rs": functions(5)},
        {"src/lib.rs": "#[cfg(test)]\nmod a;", "src/a.rs": functions(5)},
    )
    assert found["moved_out"] == 15
    assert found["removed"] == 1  # `mod a;` itself


def test_tests_of_a_file_that_only_tests_compile_are_no_production_code(tmp_path: Path) -> None:
    found = compared(
        tmp_path,
        {"src/lib.rs": "#[cfg(test)]\nmod checks;", "src/checks.rs": functions(5)},
        {"src/lib.rs": ""},
    )
    assert found["removed"] == 0
    assert found["base_test_code"] == 17


def test_an_included_file_is_code_whatever_its_name(tmp_path: Path) -> None:
    found = compared(
        tmp_path,
        {"src/lib.rs": functions(5)},
        {"src/lib.rs": 'include!("more.in");\n', "src/more.in": functions(5)},
    )
    assert found["removed"] == -1


def test_vendored_and_generated_files_do_not_count(tmp_path: Path) -> None:
    found = compared(
        tmp_path,
        {
            "src/lib.rs": "",
            "vendor/x/src/lib.rs": functions(5),
            "src/g.rs": "// @generated\nfn f() {}",
        },
        {"src/lib.rs": ""},
    )
    assert (found["base_prod_code"], found["removed"]) == (0, 0)


def test_code_moved_into_vendor_is_moved(tmp_path: Path) -> None:
    found = compared(
        tmp_path,
        {"src/lib.rs": "mod a;", "src/a.rs": functions(5)},
        {"src/lib.rs": "", "vendor/a.rs": functions(5)},
    )
    assert found["moved_out"] == 15
    assert found["removed"] == 1  # `mod a;` itself


def test_orphans_and_nested_workspaces_are_the_same_on_both_sides(tmp_path: Path) -> None:
    files = {
        "src/lib.rs": functions(1),
        "src/orphan.rs": functions(2),
        "tests/fixture/Cargo.toml": '[package]\nname = "x"\nversion = "0.1.0"\n[workspace]\n',
        "tests/fixture/src/lib.rs": functions(3),
        "tests/fixture/src/lost.rs": functions(4),
    }
    found = compared(tmp_path, files, files)
    assert found["prod_code"] == found["base_prod_code"] == 9
    assert found["removed"] == 0
    assert found["orphan_files"] == 3


def test_names_with_spaces_and_other_alphabets(tmp_path: Path) -> None:
    name = "src/größe der datei.rs"
    found = compared(
        tmp_path,
        {"src/lib.rs": f'#[path = "{name[4:]}"]\nmod a;', name: functions(5)},
        {"src/lib.rs": f'#[path = "{name[4:]}"]\nmod a;', name: functions(2)},
    )
    assert found["removed"] == 9


def test_without_a_base_only_today_is_measured(tmp_path: Path) -> None:
    found = compared(tmp_path, None, {"src/lib.rs": functions(5)})
    assert found["prod_code"] == 15
    assert found["removed"] is None


def test_a_second_run_gives_the_same_numbers(tmp_path: Path) -> None:
    files = {"src/lib.rs": functions(5) + "#[cfg(test)]\nmod t { fn x() {} }\n"}
    first = compared(tmp_path / "1", None, files)
    assert compared(tmp_path / "2", None, files) == first


def test_tree_listings_leave_out_links_and_submodules() -> None:
    listing = (
        b"100644 blob aaaa      12\tsrc/a b.rs\x00"
        b"100755 blob bbbb       3\ttool.rs\x00"
        b"120000 blob cccc       7\tlink.rs\x00"
        b"160000 commit dddd       -\tsub\x00"
    )
    assert {path: tuple(blob) for path, blob in parse_tree(listing).items()} == {
        "src/a b.rs": ("aaaa", 12),
        "tool.rs": ("bbbb", 3),
    }


def test_binary_files_have_no_lines() -> None:
    assert parse_numstat(b"3\t1\ta.rs\x00-\t-\tb.bin\x00") == (3, 1)


def test_object_ids_are_git_s() -> None:
    assert blob_id(b"") == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"
    assert len(blob_id(b"", "0" * 64)) == 64


def test_target_roots_by_convention_and_by_manifest() -> None:
    files = [
        "a/src/lib.rs",
        "a/src/bin/one.rs",
        "a/src/bin/two/main.rs",
        "a/src/bin/two/part.rs",
        "a/tests/it.rs",
        "a/tests/common/mod.rs",
        "a/own/tool.rs",
        "tests/b/src/lib.rs",
    ]
    manifests = {
        "a/Cargo.toml": '[[bin]]\nname = "tool"\npath = "own/tool.rs"\n',
        "tests/b/Cargo.toml": "not TOML [",
    }
    assert conventional_roots(manifests, files) == {
        "a/src/lib.rs": False,
        "a/src/bin/one.rs": False,
        "a/src/bin/two/main.rs": False,
        "a/tests/it.rs": True,
        "a/own/tool.rs": False,
        "tests/b/src/lib.rs": True,
    }

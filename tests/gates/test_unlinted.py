"""What clippy does not see: path dependencies outside, and code behind features that are off."""

from __future__ import annotations

from pathlib import Path

import pytest

from gaterun_gates.cargo.unlinted import features_off, outside_folders, outside_lines


@pytest.mark.parametrize(
    ("attribute", "off"),
    [
        ('#[cfg(feature = "x")]', ["x"]),
        ('#![cfg(feature = "x")]', ["x"]),
        ('#[cfg(feature = "on")]', []),
        ('#[cfg(not(feature = "x"))]', []),
        ('#[cfg(not(feature = "on"))]', ["on"]),
        ('#[cfg(all(unix, feature = "x"))]', ["x"]),
        ('#[cfg(any(unix, feature = "x"))]', []),
        ('#[cfg(any(feature = "x", feature = "y"))]', ["x"]),
        ('#[cfg(any(feature = "x", feature = "on"))]', []),
        ('#[cfg(all(test, not(any(feature = "on", unix))))]', ["on"]),
        ('#[cfg_attr(feature = "x", derive(Debug))]', []),
        ("#[cfg(test)]", []),
        ('// #[cfg(feature = "x")]', []),
        ('#[doc = "#[cfg(feature = \\"x\\")]"]', []),
    ],
)
def test_features(attribute: str, off: list[str]) -> None:
    text = f"{attribute}\nmod m {{}}\n"
    assert list(features_off(text.encode(), frozenset({"on"}))) == off


def test_features_inside_macros() -> None:
    text = b'cfg_if! { if #[cfg(feature = "x")] { mod a; } else { mod b; } }\n'
    assert list(features_off(text, frozenset())) == ["x"]


def test_the_two_forms_of_package_ids() -> None:
    ids = {
        "path+file:///w#one@0.1.0",
        "path+file:///w/two#0.1.0",
        "path+file:///w/a%20b#three@0.1.0",
        "registry+https://github.com/rust-lang/crates.io-index#libc@0.2.0",
        "git+https://example.com/x#four@0.1.0",
    }
    assert outside_folders(ids, {"path+file:///w#one@0.1.0"}) == {
        "two": Path("/w/two"),
        "three": Path("/w/a b"),
    }


def test_lines_are_those_of_the_package_alone(tmp_path: Path) -> None:
    for name, text in {
        "two/Cargo.toml": "",
        "two/src/lib.rs": "// a comment\n\npub fn f() {\n}\n",
        "two/tests/t.rs": "#[test]\nfn t() {}\n",
        "two/target/debug/out.rs": "fn generated() {}\n",
        "two/.git/x.rs": "fn no() {}\n",
        "two/member/Cargo.toml": "",
        "two/member/src/lib.rs": "pub fn g() {}\n",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "two" / "loop").symlink_to(tmp_path / "two")
    assert outside_lines({"two": tmp_path / "two"}, []) == {"two": 4}


def test_a_folder_that_is_gone_has_no_lines(tmp_path: Path) -> None:
    assert outside_lines({"two": tmp_path / "two"}, []) == {"two": 0}

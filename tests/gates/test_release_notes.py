from __future__ import annotations

from pathlib import Path

import pytest

import gaterun
from gaterun.testing import measure_gate
from gaterun_gates.prose.markdown import read
from gaterun_gates.prose.notes import find_notes, missing_sections, similarity
from gaterun_gates.release_notes import GATE

WORDS = "Connections are pooled and every call takes a deadline that you choose yourself. " * 5
FILE = "docs/RELEASE-NOTES-2.0.0.md"


def _write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


def _measure(root: Path, **options: object) -> gaterun.Measurement:
    return measure_gate(GATE, root, options={"version": "2.0.0", **options})


def _value(measurement: gaterun.Measurement, name: str) -> object:
    value = measurement.metrics[name]
    return value.value if isinstance(value, gaterun.Measured) else value


def test_section_of_a_file_with_several_releases() -> None:
    document = read(
        "# Notes\n\n## 12.0.0\n\na\n\n## Demo 2.0.0\n\nb\n\n### More\n\nc\n\n## 1.0.0\n"
    )

    notes = find_notes(document, "2.0.0")

    assert notes.title is not None
    assert notes.title.text == "Demo 2.0.0"
    assert [block.text for block in notes.blocks] == ["b", "More", "c"]


def test_a_file_of_its_own_is_taken_whole() -> None:
    document = read("# Notes\n\n## Moving to 2.0.0\n\na\n\n## More\n\nb\n")

    assert len(find_notes(document, "2.0.0", whole=True).blocks) == 4
    assert len(find_notes(document, "2.0.0").blocks) == 1


def test_words_leave_out_headings_code_comments_links_and_placeholders() -> None:
    text = (
        "# 2.0.0\n\n## Four words not counted\n\none [two](https://a.b/c-d) `three`\n\n- TODO later\n"
        "\n```\nfour five\n```\n\n<!-- six seven -->\n\n| head | er |\n|--|--|\n| eight | nine |\n"
    )

    words = find_notes(read(text), "2.0.0").vocabulary

    assert words == ["one", "two", "code", "head", "er", "eight", "nine"]


@pytest.mark.parametrize(
    ("heading", "body", "line"),
    [
        ("## Breaking changes", "x", None),
        ("## 💥 Breaking Changes", "x", None),
        ("### 2. `Breaking changes`", "- x", None),
        ("## Breaking changes", "### Sub\n\nx", None),
        ("## Breaking changes", "", 3),
        ("## Breaking changes", "TBD", 3),
        ("## Breaking changes", "### Sub", 3),
        ("## Other", "x", 0),
        ("**Breaking changes**", "x", 0),
    ],
)
def test_missing_sections(heading: str, body: str, line: int | None) -> None:
    notes = find_notes(read(f"# 2.0.0\n\n{heading}\n\n{body}\n\n## Last\n\nx\n"), "2.0.0")

    missing = missing_sections(notes, ["Breaking changes"])

    assert missing == ([] if line is None else [("Breaking changes", line)])


def test_similarity_does_not_look_at_versions() -> None:
    one = find_notes(read(f"# 2.0.0\n\nVersion 2.0.0. {WORDS}\n"), "2.0.0")
    copy = find_notes(read(f"# 1.9.0\n\nVersion 1.9.0. {WORDS}\n"), "1.9.0")
    other = find_notes(read("# 1.9.0\n\nNothing alike here, whatever one reads.\n"), "1.9.0")

    assert similarity(one, copy) > 0.95
    assert similarity(one, other) < 0.3
    assert similarity(one, find_notes(read("# 1\n"), "")) == 0.0


def test_missing_notes_are_measured(tmp_path: Path) -> None:
    measurement = _measure(tmp_path, sections=["A", "B"])

    assert _value(measurement, "present") is False
    assert _value(measurement, "missing_sections") == 2
    assert [finding.rule for finding in measurement.findings] == ["missing"]
    assert measurement.inspected["places"] > 0


@pytest.mark.parametrize(
    "file",
    [
        FILE,
        "docs/release-notes/v2.0.0.md",
        "RELEASE_NOTES.md",
        "RELEASE-NOTES-2.0.0.md",
        "Release_Notes_v2.0.0.md",
        "docs/release-notes-v2.0.0.md",
        "releases/2.0.0.md",
        ".github/RELEASE-NOTES.md",
    ],
)
def test_finished_notes_at_the_usual_places(tmp_path: Path, file: str) -> None:
    _write(tmp_path, {file: f"# Demo 2.0.0\n\n{WORDS}\n"})

    measurement = _measure(tmp_path)

    assert {name: _value(measurement, name) for name in ("present", "titled", "words")} == {
        "present": True,
        "titled": True,
        "words": 65,
    }
    assert not measurement.findings


def test_a_glob_does_not_take_a_longer_number(tmp_path: Path) -> None:
    _write(tmp_path, {"notes/v12.0.0.md": WORDS, "notes/v2.0.0-rc.1.md": WORDS})
    assert _value(_measure(tmp_path, files=["notes/*{version}*.md"]), "present") is False

    _write(tmp_path, {"notes/v2.0.0.md": WORDS})
    assert _value(_measure(tmp_path, files=["notes/*{version}*.md"]), "present") is True


def test_everything_that_is_unfinished_is_counted(tmp_path: Path) -> None:
    text = (
        f"# Notes\n\n{WORDS}\n\n- TBD\n\n[a](gone.md) [b](#gone)\n\n## Known issues\n\n```\nopen\n"
    )
    _write(tmp_path, {FILE: text})

    measurement = _measure(tmp_path, sections=["Known issues", "Thanks"])

    assert {
        name: _value(measurement, name)
        for name in ("titled", "placeholders", "broken_links", "missing_sections")
    } == {"titled": False, "placeholders": 1, "broken_links": 2, "missing_sections": 1}
    assert _value(measurement, "unclosed_fences") == 1
    assert {(finding.rule, finding.line) for finding in measurement.findings} == {
        ("untitled", 1),
        ("placeholder", 5),
        ("broken-link", 7),
        ("unclosed-fence", 11),
        ("missing-section", 0),
    }


def test_a_copy_of_the_nearest_older_notes(tmp_path: Path) -> None:
    _write(
        tmp_path,
        {
            FILE: f"# Demo 2.0.0\n\n{WORDS}\n",
            "docs/RELEASE-NOTES-1.9.0.md": f"# Demo 1.9.0\n\n{WORDS}\n",
            "docs/RELEASE-NOTES-1.10.0.md": "# Demo 1.10.0\n\nSomething else entirely.\n",
            "docs/RELEASE-NOTES-2.1.0.md": f"# Demo 2.1.0\n\n{WORDS}\n",
        },
    )
    likeness = _value(_measure(tmp_path), "similarity")
    assert isinstance(likeness, float)
    assert likeness < 0.5
    # A copy of older ones is seen all the same.
    (finding,) = _measure(tmp_path).findings
    assert (finding.rule, finding.message) == ("copied", "100% like docs/RELEASE-NOTES-1.9.0.md")

    (tmp_path / "docs/RELEASE-NOTES-1.10.0.md").unlink()
    measurement = _measure(tmp_path)
    assert (_value(measurement, "similarity"), _value(measurement, "copied")) == (1.0, 1)
    assert [finding.rule for finding in measurement.findings] == ["copied"]


@pytest.mark.parametrize(
    "template",
    ["RELEASE_NOTES_TEMPLATE.md", "docs/templates-for-release.md", "release.template.md"],
)
def test_a_template_that_nobody_filled_in(tmp_path: Path, template: str) -> None:
    _write(tmp_path, {FILE: f"# Demo 2.0.0\n\n{WORDS}\n", template: f"# Demo\n\n{WORDS}\n"})
    measurement = _measure(tmp_path)
    assert _value(measurement, "copied") == 1
    assert _value(measurement, "similarity") is None
    _write(tmp_path, {FILE: f"# Demo 2.0.0\n\n{WORDS} Calls may be cancelled, too, at any time.\n"})
    assert _value(_measure(tmp_path), "copied") == 0


def test_a_copy_of_the_section_before(tmp_path: Path) -> None:
    text = f"# Notes\n\n## 2.0.0\n\n{WORDS}\n\n## 1.9.0\n\n{WORDS}\n"
    _write(tmp_path, {"RELEASE-NOTES.md": text})
    assert _value(_measure(tmp_path), "copied") == 1


def test_links_of_html_tags_and_balance_of_fences(tmp_path: Path) -> None:
    tags = (
        '<p>\n<!-- <a href="commented.md"></a> -->\n<img src="gone.png">\n</p>\n\n'
        'An <a href="gone.md#x">inline</a> and an <a id="here" href="#here">anchor</a>.\n\n'
        "[ref] and [other][none]\n\n[ref]: gone-too.md\n\n"
        "````\n```\n````\n\n~~~\n```\n~~~\n"
    )
    _write(tmp_path, {FILE: f"# 2.0.0\n\n{WORDS}\n\n{tags}"})
    measurement = _measure(tmp_path)
    found = {finding.message: finding.line for finding in measurement.findings}
    assert found == {
        "gone.png: there is no docs/gone.png": 7,
        "gone.md#x: there is no docs/gone.md": 10,
        "gone-too.md: there is no docs/gone-too.md": 12,
        "[other][none]: no definition of [none]": 12,
    }
    assert _value(measurement, "unclosed_fences") == 0
    for open_ in ("```\nx", "````\nx\n```", "~~~\n```", "> ```\n> x"):
        _write(tmp_path, {FILE: f"# 2.0.0\n\n{WORDS}\n\n{open_}\n"})
        assert _value(_measure(tmp_path), "unclosed_fences") == 1


def test_version_of_the_root_manifest(tmp_path: Path) -> None:
    _write(tmp_path, {FILE: WORDS, "Cargo.toml": '[workspace.package]\nversion = "2.0.0"\n'})

    assert measure_gate(GATE, tmp_path).recipe["version"] == "2.0.0"


@pytest.mark.parametrize("manifest", ["", "[workspace]\n", "not toml ["])
def test_no_version_is_no_verdict(tmp_path: Path, manifest: str) -> None:
    _write(tmp_path, {FILE: WORDS, "Cargo.toml": manifest})

    with pytest.raises(gaterun.CannotMeasure) as error:
        measure_gate(GATE, tmp_path)

    assert error.value.reason is gaterun.Reason.NO_INPUT


def test_a_linked_file_that_is_no_text_is_there(tmp_path: Path) -> None:
    _write(tmp_path, {FILE: f"# 2.0.0\n\n{WORDS} [a](logo.md#x) ![b](logo.png)\n"})
    (tmp_path / "docs/logo.png").write_bytes(b"\x89PNG\0")
    (tmp_path / "docs/logo.md").mkdir()

    assert _value(_measure(tmp_path), "broken_links") == 0

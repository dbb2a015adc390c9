from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from gaterun.core import discovery
from gaterun.model.errors import UsageError
from gaterun.model.event import Event

GATE = """
import gaterun

def measure(ctx):
    raise NotImplementedError

@gaterun.hookimpl
def gaterun_gates():
    return [gaterun.Gate(name="{gate}", title="", metrics=(), measure=measure)]
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Installs a real distribution: a module and a dist-info folder on sys.path."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))

    def install(
        name: str, module: str, source: str, *, entry: str = "", version: str = "1.0"
    ) -> None:
        monkeypatch.delitem(sys.modules, module, raising=False)
        importlib.invalidate_caches()
        (site / f"{module}.py").write_text(dedent(source))
        info = site / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        (info / "entry_points.txt").write_text(f"[gaterun]\n{entry or module} = {module}\n")

    return install


def installed(*names: str) -> list[tuple[str, str, str]]:
    """The entry points that are really there, without gaterun's own."""
    return [
        point for point in discovery.installed_entry_points() if not point[2].startswith("gaterun ")
    ]


def test_an_installed_distribution_is_found(install: Any) -> None:
    install("good-plugin", "gr_good", GATE.format(gate="good"), entry="good")
    assert ("good", "gr_good", "good-plugin 1.0") in discovery.installed_entry_points()
    plugins = discovery.load(entry_points=installed())
    assert list(plugins.gates) == ["good"]
    (info,) = plugins.infos
    assert (info.name, info.module, info.origin) == ("good", "gr_good", "good-plugin 1.0")
    assert not info.blocked


def test_one_that_does_not_import_is_named_with_its_distribution(install: Any) -> None:
    install("bad-plugin", "gr_bad", "import no_such_module\n", entry="bad")
    with pytest.raises(UsageError) as caught:
        discovery.load(entry_points=installed()).load("bad")
    assert caught.value.message.startswith(
        "plugin 'bad' (bad-plugin 1.0) cannot be loaded: ModuleNotFoundError"
    )
    assert "-p no:bad" in caught.value.help


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("raise ValueError('x')", "ValueError: x"),
        ("import sys; sys.exit(0)", "SystemExit: 0"),
        ("def broken(:\n", "SyntaxError"),
        (
            "import gaterun\n@gaterun.hookimpl\ndef gaterun_gate():\n    return []\n",
            "unknown hook 'gaterun_gate'",
        ),
        (
            "import gaterun\n@gaterun.hookimpl\ndef gaterun_gates(nope):\n    return []\n",
            "nope",
        ),
    ],
)
def test_whatever_goes_wrong_on_import_is_a_usage_error(
    install: Any, source: str, what: str
) -> None:
    install("bad-plugin", "gr_bad2", source, entry="bad")
    with pytest.raises(UsageError) as caught:
        discovery.load(entry_points=installed()).load("bad")
    assert "plugin 'bad' (bad-plugin 1.0) cannot be loaded" in caught.value.message
    assert what in caught.value.message


def test_blocked_is_never_imported(install: Any) -> None:
    install("bad-plugin", "gr_bad3", "raise ValueError('x')", entry="bad")
    install("good-plugin", "gr_good3", GATE.format(gate="good"), entry="good")
    plugins = discovery.load(entry_points=installed(), selected=["no:bad"])
    assert list(plugins.gates) == ["good"]
    assert {info.name: info.blocked for info in plugins.infos} == {"bad": True, "good": False}


def test_blocking_what_is_not_there_names_the_nearest(install: Any) -> None:
    install("good-plugin", "gr_good4", GATE.format(gate="good"), entry="good")
    with pytest.raises(UsageError) as caught:
        discovery.load(entry_points=installed(), selected=["no:god"])
    assert caught.value.message == "-p no:god: no plugin of that name"
    assert caught.value.help == "did you mean 'good'?"


def test_two_gates_of_one_name_are_refused_naming_both_distributions(install: Any) -> None:
    install("one-plugin", "gr_one", GATE.format(gate="same"), entry="one", version="1.0")
    install("two-plugin", "gr_two", GATE.format(gate="same"), entry="two", version="2.0")
    with pytest.raises(UsageError) as caught:
        discovery.load(entry_points=installed()).load_all()
    message = caught.value.message
    assert "two plugins offer the gate 'same'" in message
    assert "one (one-plugin 1.0)" in message
    assert "two (two-plugin 2.0)" in message
    assert "-p no:" in caught.value.help
    assert list(discovery.load(entry_points=installed(), selected=["no:two"]).gates) == ["same"]


def test_two_entry_points_of_one_name_are_refused(install: Any) -> None:
    install("one-plugin", "gr_one5", GATE.format(gate="a"), entry="same")
    install("two-plugin", "gr_two5", GATE.format(gate="b"), entry="same")
    with pytest.raises(UsageError, match="'same': one-plugin 1.0 and two-plugin 1.0"):
        discovery.load(entry_points=installed())


def test_the_order_does_not_depend_on_the_machine() -> None:
    points = [("b", "gr_b", "x"), ("a", "gr_a", "x")]
    import types

    for name in ("gr_a", "gr_b"):
        sys.modules[name] = types.ModuleType(name)
    try:
        orders = {
            tuple(info.name for info in discovery.load(entry_points=order).infos)
            for order in (points, points[::-1])
        }
    finally:
        for name in ("gr_a", "gr_b"):
            del sys.modules[name]
    assert orders == {("a", "b")}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("raise RuntimeError('no')", "gaterun_gates raised RuntimeError: no"),
        ("return 3", "gaterun_gates raised TypeError"),
        ("return None", "gaterun_gates raised TypeError"),
        ("return ['x']", "gaterun_gates offers a str, not a Gate"),
    ],
)
def test_a_hook_that_misbehaves_names_its_plugin(install: Any, body: str, message: str) -> None:
    install(
        "bad-plugin",
        "gr_hook",
        f"import gaterun\n@gaterun.hookimpl\ndef gaterun_gates():\n    {body}\n",
        entry="bad",
    )
    with pytest.raises(UsageError) as caught:
        discovery.load(entry_points=installed()).load("bad")
    assert caught.value.message.startswith(f"plugin bad (bad-plugin 1.0): {message}")


def test_a_hook_that_exits_is_a_usage_error(install: Any) -> None:
    install(
        "bad-plugin",
        "gr_exit",
        "import gaterun\n@gaterun.hookimpl\ndef gaterun_gates():\n    raise SystemExit(0)\n",
        entry="bad",
    )
    with pytest.raises(UsageError):
        discovery.load(entry_points=installed()).load("bad")


def test_a_module_is_loaded_by_name(install: Any) -> None:
    install("good-plugin", "gr_named", GATE.format(gate="named"), entry="x")
    plugins = discovery.load(entry_points=[], selected=["gr_named"])
    assert list(plugins.gates) == ["named"]
    assert plugins.infos[0].origin == "-p"
    with pytest.raises(UsageError, match="plugin 'gr_nope' \\(-p\\) cannot be loaded"):
        discovery.load(entry_points=[], selected=["gr_nope"])


def test_naming_what_is_loaded_anyway_is_no_error(install: Any) -> None:
    install("good-plugin", "gr_twice", GATE.format(gate="twice"), entry="twice")
    plugins = discovery.load(entry_points=installed(), selected=["twice"])
    assert list(plugins.gates) == ["twice"]


def test_the_same_module_twice_is_no_error(install: Any) -> None:
    install("good-plugin", "gr_double", GATE.format(gate="double"), entry="x")
    plugins = discovery.load(entry_points=[], selected=["gr_double", "gr_double"])
    assert list(plugins.gates) == ["double"]


def test_local_gates_are_loaded_from_their_folder_only(tmp_path: Path) -> None:
    folder = tmp_path / "gates"
    folder.mkdir()
    (folder / "mine.py").write_text(GATE.format(gate="mine"))
    (folder / "notes.txt").write_text("not Python")
    plugins = discovery.load(entry_points=[], local=folder)
    assert list(plugins.gates) == ["mine"]
    assert plugins.infos[0].origin == str(folder / "mine.py")
    assert discovery.load(entry_points=[]).gates == {}


def test_a_broken_local_gate_is_named_by_its_file(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("1 / 0\n")
    with pytest.raises(UsageError) as caught:
        discovery.load(entry_points=[], local=tmp_path)
    assert str(tmp_path / "mine.py") in caught.value.message
    assert "ZeroDivisionError" in caught.value.message


def test_local_gates_leave_no_bytecode_in_the_workspace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    (tmp_path / "mine2.py").write_text(GATE.format(gate="mine2"))
    discovery.load(entry_points=[], local=tmp_path)
    assert os.listdir(tmp_path) == ["mine2.py"]


def test_an_observer_hears_every_event(tmp_path: Path) -> None:
    (tmp_path / "observer.py").write_text(
        "import gaterun\nHEARD = []\n@gaterun.hookimpl\ndef gaterun_event(event):\n"
        "    HEARD.append(event)\n"
    )
    plugins = discovery.load(entry_points=[], local=tmp_path)
    from gaterun.model.event import GateStarted

    event: Event = GateStarted(node_id="1::a", time=0.0)
    plugins.notify(event)
    assert [event] == sys.modules["gaterun_local.observer"].HEARD


def test_gates_are_sorted_by_name(project: Any) -> None:
    gates = discovery.load(entry_points=[("f", "fake_gates", "x")]).gates
    assert list(gates) == sorted(gates)


# --- loading by name -------------------------------------------------------------------------

BROKEN = "raise ValueError('loaded')"


def test_a_gate_is_loaded_when_it_is_named_and_no_other_is(install: Any) -> None:
    install("good-plugin", "gr_lazy", GATE.format(gate="good"), entry="good")
    install("bad-plugin", "gr_lazy_bad", BROKEN, entry="bad")
    plugins = discovery.load(entry_points=installed())
    assert "gr_lazy" not in sys.modules
    assert plugins.gates["good"].name == "good"
    assert "good" in plugins.gates
    with pytest.raises(UsageError, match=r"plugin 'bad' \(bad-plugin 1.0\) cannot be loaded"):
        _ = plugins.gates["bad"]


@pytest.mark.parametrize("listed", [list, len, dict])
def test_listing_loads_everything(install: Any, listed: Any) -> None:
    install("good-plugin", "gr_lazy2", GATE.format(gate="good"), entry="good")
    install("bad-plugin", "gr_lazy2_bad", BROKEN, entry="bad")
    with pytest.raises(UsageError, match="'bad'"):
        listed(discovery.load(entry_points=installed()).gates)


def test_a_name_that_no_entry_point_has_is_looked_for_in_all(install: Any) -> None:
    install("good-plugin", "gr_other", GATE.format(gate="inside"), entry="other")
    gates = discovery.load(entry_points=installed()).gates
    assert "inside" in gates
    assert "nope" not in gates


def test_an_observer_is_loaded_from_the_start(install: Any) -> None:
    source = (
        "import gaterun\nHEARD = []\n@gaterun.hookimpl\ndef gaterun_event(event):\n"
        "    HEARD.append(event)\n"
    )
    install("listener", "gr_listener", source, entry="event-listener")
    plugins = discovery.load(entry_points=installed())
    event: Any = object()
    plugins.notify(event)
    assert [event] == sys.modules["gr_listener"].HEARD


def test_a_reporter_is_loaded_by_its_name(install: Any) -> None:
    source = (
        "import gaterun\n@gaterun.hookimpl\ndef gaterun_reporters():\n"
        "    return [gaterun.Reporter(name='csv', title='', filename='', start=print)]\n"
    )
    install("csv-plugin", "gr_csv", source, entry="report-csv")
    install("bad-plugin", "gr_csv_bad", BROKEN, entry="bad")
    reporters = discovery.load(entry_points=installed()).reporters
    assert reporters["csv"].name == "csv"
    with pytest.raises(UsageError, match="'bad'"):
        reporters.get("nope")


RESOURCES = """
import gaterun

@gaterun.hookimpl
def gaterun_resources():
    return [gaterun.Resource(name="{name}", compute=lambda ctx{needs}: None)]
"""


def test_a_resource_comes_with_those_that_it_asks_for(install: Any) -> None:
    install("one", "gr_res_one", RESOURCES.format(name="a_b", needs=", c"), entry="a-b")
    install("two", "gr_res_two", RESOURCES.format(name="c", needs=""), entry="c")
    install("bad-plugin", "gr_res_bad", BROKEN, entry="bad")
    resources = discovery.load(entry_points=installed()).resources
    assert resources["a_b"].name == "a_b"
    assert "gr_res_two" in sys.modules


def test_a_resource_that_asks_for_what_is_not_there(install: Any) -> None:
    install("one", "gr_res_three", RESOURCES.format(name="a", needs=", nope"), entry="a")
    with pytest.raises(UsageError, match="resource 'a' asks for a resource 'nope' that no"):
        _ = discovery.load(entry_points=installed()).resources["a"]


def test_resources_in_a_circle_are_refused(install: Any) -> None:
    install("one", "gr_circle_one", RESOURCES.format(name="a", needs=", b"), entry="a")
    install("two", "gr_circle_two", RESOURCES.format(name="b", needs=", a"), entry="b")
    with pytest.raises(UsageError, match=r"in a circle: (a|b) asks for (a|b) asks for \1"):
        _ = discovery.load(entry_points=installed()).resources["a"]


def test_a_module_under_two_names_is_one_plugin(install: Any) -> None:
    install("good-plugin", "gr_two_names", GATE.format(gate="first"), entry="first")
    points = [*installed(), ("second", "gr_two_names", "good-plugin 1.0")]
    assert list(discovery.load(entry_points=points).gates) == ["first"]


# --- entry points ----------------------------------------------------------------------------


def by_metadata() -> list[tuple[str, str, str]]:
    from gaterun.core import entry_points

    return sorted(entry_points._by_metadata())


def test_what_is_found_is_what_the_standard_library_finds(install: Any) -> None:
    install("some-plugin", "gr_found", GATE.format(gate="g"), entry="g", version="1.0+local.2")
    found = sorted(discovery.installed_entry_points())
    assert found == by_metadata()
    assert ("g", "gr_found", "some-plugin 1.0+local.2") in found


def test_of_a_distribution_that_is_there_twice_the_first_counts(
    install: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("a-plugin", "gr_second", GATE.format(gate="g"), entry="old", version="1.0")
    first = tmp_path / "first/A_Plugin-2.0.dist-info"
    first.mkdir(parents=True)
    (first / "METADATA").write_text("Metadata-Version: 2.1\nName: A.Plugin\nVersion: 2.0\n")
    (first / "entry_points.txt").write_text("[gaterun]\nnew = gr_second\n")
    monkeypatch.syspath_prepend(str(tmp_path / "first"))
    assert installed() == [("new", "gr_second", "a-plugin 2.0")]


def test_a_distribution_in_an_archive_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import zipfile

    archive = tmp_path / "zipped-1.0.whl"
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("gr_zipped.py", GATE.format(gate="zipped"))
        made.writestr(
            "zipped-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: zipped\nVersion: 1.0\n"
        )
        made.writestr("zipped-1.0.dist-info/entry_points.txt", "[gaterun]\nzipped = gr_zipped\n")
    monkeypatch.syspath_prepend(str(archive))
    assert ("zipped", "gr_zipped", "zipped 1.0") in installed()
    assert discovery.load(entry_points=installed()).gates["zipped"].name == "zipped"

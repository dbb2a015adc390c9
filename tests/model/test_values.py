"""What holds for every value of the model."""

from __future__ import annotations

import importlib
import pkgutil
from enum import Enum
from typing import Any

import msgspec
import pytest

import gaterun.model


def _classes() -> list[type[Any]]:
    found = []
    for info in pkgutil.iter_modules(gaterun.model.__path__):
        module = importlib.import_module(f"gaterun.model.{info.name}")
        for value in vars(module).values():
            if isinstance(value, type) and value.__module__ == module.__name__:
                found.append(value)
    return found


VALUES = [c for c in _classes() if issubclass(c, msgspec.Struct)]


def test_there_are_some() -> None:
    assert len(VALUES) > 25


@pytest.mark.parametrize("kind", VALUES, ids=lambda kind: kind.__name__)
def test_values_are_frozen_and_named_by_keyword(kind: type[Any]) -> None:
    assert kind.__struct_config__.frozen, f"{kind.__name__} can be changed in place"
    if not kind.__name__.startswith("_"):
        assert not kind.__match_args__, "its fields can be given by position"
        assert kind.__doc__
        assert not kind.__doc__.startswith(kind.__name__ + "("), "it is not documented"


def _documented(kind: type[Any]) -> bool:
    return kind.__name__.startswith("_") or issubclass(kind, Exception | Enum)


@pytest.mark.parametrize(
    "kind", [c for c in _classes() if _documented(c)], ids=lambda kind: kind.__name__
)
def test_enums_and_errors_are_documented(kind: type[Any]) -> None:
    assert kind.__name__.startswith("_") or kind.__doc__


def test_the_model_imports_the_standard_library_and_msgspec_only() -> None:
    import subprocess
    import sys

    code = (
        "import pkgutil, importlib, sys, gaterun.model\n"
        "for i in pkgutil.iter_modules(gaterun.model.__path__):\n"
        "    importlib.import_module('gaterun.model.' + i.name)\n"
        "tops = {m.partition('.')[0] for m in sys.modules if sys.modules[m] is not None}\n"
        "own = tops - set(sys.stdlib_module_names) - {'__main__', '__mp_main__'}\n"
        "own = {m for m in own if not m.startswith('_') and 'editable' not in m}\n"
        "print(sorted(own))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert set(eval(done.stdout)) <= {
        "gaterun",
        "msgspec",
        "typing_extensions",  # by msgspec, where it is installed
        "distutils_hack",
        "_distutils_hack",
    }

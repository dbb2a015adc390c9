"""The pages of hooks and of the public values, from their docstrings."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterable
from typing import Any

#: Titles of sections that docstrings have.
_SECTIONS = ("Args", "Attributes", "Called", "Example", "Raises", "Returns")
_SECTION = re.compile(rf"^(?P<title>{'|'.join(_SECTIONS)}):+\s*(?P<rest>.*)$")
_ENTRY = re.compile(r"^    (?P<names>[\w, *]+): (?P<text>.*)$")


def hooks() -> str:
    """The plugin contract."""
    from gaterun import hookspecs

    lines = ["# Hooks", "", prose(hookspecs.__doc__ or ""), ""]
    for name, function in vars(hookspecs).items():
        if name.startswith("gaterun_") and inspect.isfunction(function):
            lines += [f"## `{name}`", "", *_signature(name, function)]
            lines += [prose(function.__doc__ or ""), ""]
    return "\n".join(lines)


def api() -> str:
    """What ``import gaterun`` gives, and ``gaterun.testing``."""
    import gaterun
    from gaterun import testing

    lines = [
        "# Values for plugins",
        "",
        "What `import gaterun` gives to authors of gates, resources and reporters.",
        "All values are frozen. What is not here is internal and may change.",
        "",
    ]
    for name in gaterun.__all__:
        if not name.startswith("_"):
            lines += _value(name, getattr(gaterun, name))
    lines += ["## `gaterun.testing`", "", prose(testing.__doc__ or ""), ""]
    for name, function in vars(testing).items():
        own = inspect.isfunction(function) and function.__module__ == testing.__name__
        if own and not name.startswith("_"):
            lines += [f"### `{name}`", "", *_signature(name, function)]
            lines += [prose(function.__doc__ or ""), ""]
    return "\n".join(lines)


def _value(name: str, value: Any) -> list[str]:
    lines = [f"## `{name}`", ""]
    if isinstance(value, str):
        return [*lines, f"The text `{value}`, a word for `Gate.inputs`.", ""]
    if inspect.isfunction(value):
        return [*lines, *_signature(name, value), prose(value.__doc__ or ""), ""]
    if not isinstance(value, type):
        return [*lines, *_assigned(name), ""]
    lines += _fields(value)
    lines += [prose(value.__doc__ or ""), ""]
    for member, found in vars(value).items():
        function = found.fget if isinstance(found, property) else found
        if member.startswith("_") or not inspect.isfunction(function) or not function.__doc__:
            continue
        title = f"{name}.{member}"
        lines += [f"### `{title}`", ""]
        lines += [] if isinstance(found, property) else _signature(member, function)
        lines += [prose(function.__doc__), ""]
    return lines


def _assigned(name: str) -> list[str]:
    """A name that is an alias or a marker: the comment above it, and what it is."""
    import gaterun

    getattr(gaterun, name)
    module = gaterun._MODULE_OF[name]  # noqa: SLF001 - nobody else knows where an alias is made
    source = inspect.getsource(sys.modules[f"gaterun.{module}"])
    found = re.search(rf"(?P<about>(?:^#: .*\n)*)^(?P<code>{name} = .*)$", source, re.MULTILINE)
    if found is None:
        raise LookupError(name)
    about = found["about"].replace("#: ", "").strip().replace("``", "`")
    return [*([about, ""] if about else []), "```python", found["code"], "```"]


def _fields(kind: type) -> list[str]:
    """The fields of a struct, or the members of an enumeration, as they are written."""
    from enum import Enum

    import msgspec

    if issubclass(kind, Enum):
        members = ", ".join(f"`{member.name}` ({member.value})" for member in kind)
        return [f"One of {members}.", ""]
    if not issubclass(kind, msgspec.Struct) or not kind.__struct_fields__:
        return []
    lines = [f"{kind.__name__}("]
    for field in msgspec.structs.fields(kind):
        written = _annotation(kind, field.name)
        default = ""
        if field.default is not msgspec.NODEFAULT:
            default = f" = {_plain(field.default)}"
        elif field.default_factory is not msgspec.NODEFAULT:
            default = " = …"
        lines.append(f"    {field.encode_name}: {written}{default},")
    return ["```python", *lines, ")", "```", ""]


def _annotation(kind: type, name: str) -> str:
    """As written in the source: annotations are not evaluated there."""
    for owner in kind.__mro__:
        if name in (written := inspect.get_annotations(owner)):
            return str(written[name])
    raise LookupError(f"{kind.__name__}.{name}")


def _plain(value: object) -> str:
    """A default as it would be written; what is a function of ours is left open."""
    from enum import Enum

    if isinstance(value, Enum):
        return f"{type(value).__name__}.{value.name}"
    if isinstance(value, type):
        return value.__name__
    return "…" if callable(value) else repr(value)


def _signature(name: str, function: Any) -> list[str]:
    """A signature, a parameter a line where there are many."""
    signature = inspect.signature(function)
    rest = [each for each in signature.parameters.values() if each.name != "self"]
    signature = signature.replace(parameters=rest)
    text = f"{name}{signature}".replace("'", "")
    if len(text) > 90:
        parameters = [str(parameter).replace("'", "") for parameter in _starred(signature)]
        returned = str(signature).rpartition(" -> ")[2].replace("'", "")
        inner = "".join(f"    {parameter},\n" for parameter in parameters)
        text = f"{name}(\n{inner}) -> {returned}"
    return ["```python", text, "```", ""]


def _starred(signature: inspect.Signature) -> Iterable[object]:
    keyword_only = False
    for parameter in signature.parameters.values():
        if parameter.kind is parameter.KEYWORD_ONLY and not keyword_only:
            keyword_only = True
            yield "*"
        yield parameter


def prose(docstring: str) -> str:
    """A docstring as Markdown: sections are lists, what follows ``::`` is code."""
    lines: list[str] = []
    section = ""
    code: list[str] = []
    for line in [*inspect.cleandoc(docstring).replace("``", "`").splitlines(), ""]:
        if code and (line.startswith("    ") or not line):
            code.append(line)
            continue
        _flush(code, lines)
        if match := _SECTION.match(line):
            section = match["title"]
            lines += ["", f"**{section}**" + f": {match['rest']}" * bool(match["rest"])]
            lines += [""] * (not match["rest"])
            if section == "Example":
                code.append("")
            continue
        if line.startswith(">>>") or (line == "::"):
            code.append(line if line != "::" else "")
            continue
        if section and (entry := _ENTRY.match(line)):
            names = ", ".join(f"`{name}`" for name in entry["names"].split(", "))
            lines.append(f"- {names}: {entry['text']}")
        elif line.endswith("::"):
            lines.append(line[:-1])
            code.append("")
        else:
            lines.append(
                f"  {line.strip()}" if section and line.startswith("     ") else line.strip()
            )
    _flush(code, lines)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _flush(code: list[str], lines: list[str]) -> None:
    """End a block of code."""
    if not code:
        return
    text = inspect.cleandoc("\n".join(code)).strip("\n")
    code.clear()
    if text:
        language = "pycon" if text.startswith(">>>") else "python"
        lines += ["", f"```{language}", text, "```", ""]

"""The files that define something of one name, by path and by package: which of them is meant."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from gaterun_gates.rust.text_values import module_names

if TYPE_CHECKING:
    from gaterun_gates.rust.compiled import RustFile
    from gaterun_gates.rust.declared import Definition


class Namesakes:
    """Functions of one name, or methods of types of one name.

    A workspace of a thousand crates may have a thousand: nothing here goes through all of them
    for each question.

    Args:
        definitions: all of them.
    """

    def __init__(self, definitions: Iterable[Definition]) -> None:
        self.files: dict[str, RustFile] = {}
        self.free: set[str] = set()
        self._in_package: dict[str, list[int]] = {}
        self._paths: list[str] = []
        for file, function in definitions:
            self.files[file.path] = file
            if not function.owner:
                self.free.add(file.path)
            for package in file.packages:
                self._in_package.setdefault(package, []).append(len(self._paths))
            self._paths.append(file.path)

    def __len__(self) -> int:
        return len(self._paths)

    def near(self, file: RustFile) -> list[str]:
        """The paths of the definitions in the packages of `file`, each as often as it has one."""
        found = {at for package in file.packages for at in self._in_package.get(package, ())}
        return [self._paths[at] for at in sorted(found)]

    def meant(self, file: RustFile, path: tuple[str, ...]) -> str:
        """Which file's type is meant in `file`: its own, the one that `path` names, its crate's.

        Returns:
            The path of the file that defines it; empty where several can be meant.
        """
        if len(self.files) == 1:
            return next(iter(self.files))
        if file.path in self.files:
            return file.path
        near = set(self.near(file))
        if len(path) > 1:
            named = {
                name
                for name, other in self.files.items()
                if path[-2] in module_names(name)
                or path[0] in {package.replace("-", "_") for package in other.packages}
            }
            if named and path[0] in {"crate", "self", "super"}:
                named &= near
            if len(named) == 1:
                return named.pop()
        return near.pop() if len(near) == 1 else ""

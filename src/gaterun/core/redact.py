"""Puts ``***`` in the place of secrets, in files and texts, before they are kept."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct

from gaterun.core.aside import written_aside
from gaterun.model.command import Log

HIDDEN = b"***"

#: A piece of a file that is looked at at once, and the longest secret that may lie across two.
_PIECE, _OVERLAP = 1 << 18, 1 << 14

#: What is shorter is found everywhere by chance.
_SHORTEST = 6

#: SHA-256 of nothing.
_EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

#: Texts are looked at together, as most hold nothing to be hidden.
_TOGETHER = 500


class _Shape(Struct, frozen=True):
    """How the secrets of one kind look.

    Attributes:
        begins: bytes that every one of them holds; looking for these first is what is quick.
        pattern: the whole; one that begins with plain bytes is searched for ten times as fast.
        instead: what takes its place.
    """

    begins: tuple[bytes, ...]
    pattern: bytes
    instead: bytes = HIDDEN


#: Tokens that say themselves what they are.
_SHAPES = (
    _Shape((b"gh",), rb"gh(?<!\wgh)[opusr]_[A-Za-z0-9]{36,255}"),
    _Shape((b"github_pat_",), rb"\bgithub_pat_[A-Za-z0-9_]{22,255}"),
    _Shape((b"glpat-",), rb"\bglpat-[\w-]{20,255}"),
    _Shape((b"AKIA", b"ASIA"), rb"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    _Shape((b"cio",), rb"cio(?<!\wcio)[A-Za-z0-9]{32}\b"),
    _Shape((b"npm_",), rb"\bnpm_[A-Za-z0-9]{36}\b"),
    _Shape((b"xox",), rb"\bxox[abeoprs]-[A-Za-z0-9-]{10,255}"),
    _Shape((b"sk_live_",), rb"\bsk_live_[A-Za-z0-9]{16,255}"),
    _Shape((b"eyJ",), rb"\beyJ[\w-]{8,8000}\.eyJ[\w-]{8,8000}\.[\w-]{8,2000}"),
    _Shape(
        (b" PRIVATE KEY-----",),
        rb"-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----[^-]{16,16000}(?:-----END [A-Z ]{1,30}-----)?",
    ),
    # Templates such as postgres://{user}:{password}@{host} are no secrets.
    _Shape(
        (b"://",),
        rb"""://[^\s/@:"'`{}<>$*\\]{0,200}:[^\s/@"'`{}<>$*\\]{1,500}(?=@)""",
        b"://" + HIDDEN,
    ),
)

_USERINFO = re.compile(r"://[^\s/@:]*:([^\s/@]+)@")


def worth_hiding(value: str) -> bool:
    """Whether hiding a value hides a secret and not half of what compilers say.

    A short value, a plain word (``postgres``) or the path of something is not looked for.

    >>> [worth_hiding(v) for v in ("hunter2", "tr0ub4dor&3", "postgres", "12345", "/", "release")]
    [True, True, False, False, False, False]
    """
    if len(value) < _SHORTEST or (value.isdecimal() and len(value) < 8):
        return False
    if value.isalpha() and value.isascii() and (value.islower() or value.isupper()):
        return len(value) >= 16
    return not (value.startswith(("/", "~")) and os.path.exists(value))  # noqa: PTH110


def secrets_of(values: Iterable[str], others: Iterable[str] = ()) -> frozenset[str]:
    """What is to be hidden, in every form in which a program may print it.

    Args:
        values: of variables whose names say that they are secret.
        others: of all others, which may hold a URL with a password.
    """
    urls = [match[1] for value in others for match in _USERINFO.finditer(value)]
    lines = {line.strip() for value in (*values, *urls) for line in value.splitlines()}
    found = {line for line in lines if worth_hiding(line)}
    if not found:
        return frozenset()
    import json
    from urllib.parse import quote

    found |= {json.dumps(text)[1:-1] for text in found} | {quote(text, safe="") for text in found}
    return frozenset(found)


class Redactor:
    """Hides these secrets, and whatever looks like a well-known token.

    Args:
        secrets: as `secrets_of` gives them.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        encoded = (secret.encode("utf-8", "surrogateescape") for secret in secrets)
        self._found: list[Path] = []
        # The longest first: one may be the beginning of another.
        self._secrets = tuple(sorted(encoded, key=lambda secret: (-len(secret), secret)))
        self._kinds = tuple(
            (shape.begins, re.compile(shape.pattern, re.ASCII), shape.instead) for shape in _SHAPES
        )
        if self._secrets:
            exact = re.compile(b"|".join(map(re.escape, self._secrets)))
            self._kinds = ((self._secrets, exact, HIDDEN), *self._kinds)

    def hides(self, data: bytes) -> bool:
        """Whether there is something to hide in `data`."""
        return any(True for _ in self._spans(data))

    def data(self, data: bytes) -> bytes:
        """`data` with every secret hidden."""
        for begins, pattern, instead in self._kinds:
            if any(begin in data for begin in begins):
                data = pattern.sub(instead, data)
        return data

    def text(self, text: str) -> str:
        """`text` with every secret hidden."""
        data = text.encode("utf-8", "surrogatepass")
        hidden = self.data(data)
        return text if hidden is data or hidden == data else hidden.decode("utf-8", "surrogatepass")

    def clean(self, texts: Iterable[str]) -> bool:
        """Whether none of many texts has anything to hide; asked of many at once."""
        batch: list[str] = []
        for text in texts:
            batch.append(text)
            if len(batch) >= _TOGETHER:
                if self.hides("\0".join(batch).encode("utf-8", "surrogatepass")):
                    return False
                batch.clear()
        return not self.hides("\0".join(batch).encode("utf-8", "surrogatepass"))

    def look(self, path: Path, name: str = "") -> Log:
        """Say what a file will hold once its secrets are hidden, and leave it as it is.

        A gate reads what its command wrote: ``git cat-file`` announces sizes, and a byte more or
        less would make a measurement wrong. `settle` hides what was found.

        Args:
            name: how the file is to be called in the answer.

        Raises:
            OSError: it cannot be read.
        """
        import hashlib

        if not os.stat(path).st_size:  # noqa: PTH116 - most commands say nothing on one of two
            return Log(path=name, size=0, sha256=_EMPTY)
        digest, size, found, before = hashlib.sha256(), 0, False, b""
        with path.open("rb", buffering=0) as stream:
            while piece := stream.read(_PIECE):
                digest.update(piece)
                size += len(piece)
                across = before and before + piece[:_OVERLAP]
                found = found or self.hides(piece) or self.hides(across)
                before = piece[-_OVERLAP:]
        if found:
            self._found.append(path)
            digest, size = hashlib.sha256(), 0
            with path.open("rb") as stream:
                for piece in self._pieces(stream):
                    digest.update(piece)
                    size += len(piece)
        return Log(path=name, size=size, sha256=digest.hexdigest())

    def settle(self) -> None:
        """Hide the secrets of every file in which `look` found some.

        Raises:
            OSError: one cannot be written; it is emptied then.
        """
        while self._found:
            self.file(self._found[-1])
            self._found.pop()

    def file(self, path: Path) -> None:
        """Hide the secrets of a file that nobody writes to any more.

        Raises:
            OSError: it cannot be read, or cannot be written and is emptied.
        """
        try:
            with written_aside(path) as aside, path.open("rb") as old, aside.open("wb") as new:
                for piece in self._pieces(old):
                    new.write(piece)
        except OSError:
            with contextlib.suppress(OSError):
                os.truncate(path, 0)  # no log is better than one that gives a secret away
            raise

    @staticmethod
    def digest(path: Path) -> str:
        """SHA-256 of a file that holds no secret.

        Raises:
            OSError: it cannot be read.
        """
        import hashlib

        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()

    def _spans(self, data: bytes) -> Iterator[tuple[int, int, bytes]]:
        """Where secrets are, and what takes their place."""
        for begins, pattern, instead in self._kinds:
            if any(begin in data for begin in begins):
                for match in pattern.finditer(data):
                    yield match.start(), match.end(), instead

    def _pieces(self, stream: BinaryIO) -> Iterator[bytes]:
        """The stream with every secret hidden, also where one lies across two reads."""
        held = b""
        while True:
            piece = stream.read(_PIECE)
            held += piece
            # What begins after this may go on in the next piece.
            limit = len(held) - _OVERLAP if piece else len(held)
            at = 0
            for start, end, instead in sorted(self._spans(held)):
                if at <= start < limit:
                    yield held[at:start] + instead
                    at = end
                elif start < at < end:
                    at = end  # two kinds of secret, one across the end of the other
            yield held[at : max(at, limit)]
            held = held[max(at, limit) :]
            if not piece:
                return

"""Writes moments as they are seen from now, or leaves blanks for them.

What is kept of a text that tells ages has a blank where each of them stands, which is filled in
whenever the text is shown. Imports next to nothing, as filling in comes before everything else.
"""

from __future__ import annotations

import time

from gaterun.model.age import age

#: Around a blank; what people write is shown without it.
_EDGE = "\0"


class Moments:
    """Writes moments as they are seen from one of them.

    Args:
        now: seconds since the epoch.
    """

    def __init__(self, now: float) -> None:
        self.now = now

    def is_ahead(self, moment: float) -> bool:
        """Whether something is of a time to come, by more than clocks differ."""
        return moment > self.now + 60

    def age(self, moment: float) -> str:
        """How long ago something was."""
        return age(self.now - moment)

    def ago(self, moment: float, width: int = 0) -> str:
        """The same with the word, filled up to a width."""
        return f"{age(self.now - moment)} ago".ljust(width)

    def after(self, seconds: float) -> str:
        """The moment that is so many seconds from now, in UTC."""
        return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(self.now + seconds))

    def end(self, seconds: float) -> str:
        """The same as a number: seconds since the epoch."""
        return repr(self.now + seconds)


class Blanks(Moments):
    """Leaves blanks that `filled` knows.

    Args:
        running: whether what is to come comes nearer, so that it is no blank.

    Attributes:
        stay: whether what is written besides will be true at any later moment.
    """

    def __init__(self, now: float, *, running: bool) -> None:
        super().__init__(now)
        self._running = running
        self.stay = True

    def is_ahead(self, moment: float) -> bool:
        """Whether something is of a time to come; it will not be so for ever."""
        self.stay = self.stay and not super().is_ahead(moment)
        return super().is_ahead(moment)

    def age(self, moment: float) -> str:
        """A blank for how long ago something was."""
        return f"{_EDGE}{moment!r}{_EDGE}"

    def ago(self, moment: float, width: int = 0) -> str:
        """A blank for the same with the word."""
        return f"{_EDGE}{moment!r} {width}{_EDGE}"

    def after(self, seconds: float) -> str:
        """A blank for the moment that is so many seconds from now."""
        if self._running:
            return super().after(seconds)
        return f"{_EDGE}+{seconds!r}{_EDGE}"

    def end(self, seconds: float) -> str:
        """A blank for the same as a number."""
        return f"{_EDGE}={seconds!r}{_EDGE}"


def filled(text: str, now: float) -> str:
    r"""A text without its blanks; a line does not end with spaces because of one.

    Raises:
        ValueError: there is something else where a blank should be.

    >>> filled("a: \x001000.0 9\x00 b\n\x00940.0 9\x00\n", 1060.0)
    'a: 1 min ago b\n2 min ago\n'
    """
    parts = text.split(_EDGE)
    moments = Moments(now)
    for at in range(1, len(parts), 2):
        moment, _, width = parts[at].partition(" ")
        if moment.startswith("+"):
            parts[at] = moments.after(float(moment))
        elif moment.startswith("="):
            parts[at] = moments.end(float(moment[1:]))
        elif width:
            parts[at] = moments.ago(float(moment), int(width))
            if parts[at + 1][:1] in {"", "\n"}:
                parts[at] = parts[at].rstrip()
        else:
            parts[at] = moments.age(float(moment))
    return "".join(parts)

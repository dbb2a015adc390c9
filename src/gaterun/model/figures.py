"""Numbers as people read them: one way to write a value in its unit."""

from __future__ import annotations

import math

from gaterun.model.metric import Unit, Value

_BYTES = ("B", "KiB", "MiB", "GiB", "TiB")


def figure(value: Value, unit: Unit) -> str:
    """Write a value with its unit.

    >>> figure(10737418240, Unit.BYTES), figure(0.25, Unit.RATIO), figure(None, Unit.COUNT)
    ('10 GiB', '25 %', 'not measured')
    >>> figure(94.25, Unit.SECONDS), figure(True, Unit.BOOLEAN), figure(1234567, Unit.COUNT)
    ('94.2 s', 'true', '1234567')
    """
    if value is None:
        return "not measured"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if isinstance(value, int) and value.bit_length() > 1000:
        return "beyond 10^300"  # too great for a float, and for a line
    if not math.isfinite(value):
        return "not a finite number"
    if unit is Unit.RATIO:
        text = f"{value * 100:.4g} %"
        # 99.999 % must not read as the 100 % that it is not.
        return f"{value * 100:.9g} %" if text in {"0 %", "100 %"} and value not in {0, 1} else text
    if unit is Unit.SECONDS:
        return f"{value:.1f} s" if abs(value) >= 10 else f"{value:.3g} s"
    if unit is Unit.BYTES:
        return _bytes(value)
    return f"{value:.6g}" if isinstance(value, float) and not value.is_integer() else f"{value:.0f}"


def _bytes(value: float) -> str:
    scaled = float(value)
    for name in _BYTES:
        if abs(scaled) < 1024 or name == _BYTES[-1]:
            return f"{scaled:.4g} {name}"
        scaled /= 1024
    return f"{value:.0f} B"  # unreachable; keeps the type checker's promise


def duration(seconds: float) -> str:
    """Write a duration as people say it.

    >>> duration(0.042), duration(7.25), duration(128), duration(3725)
    ('0.04s', '7.2s', '2m 08s', '1h 02m')
    """
    if not math.isfinite(seconds) or seconds < 0:
        seconds = 0.0
    if seconds < 1:
        return f"{seconds:.2f}s"
    if seconds < 59.95:
        return f"{seconds:.1f}s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}m {rest:02}s"
    return f"{minutes // 60}h {minutes % 60:02}m"

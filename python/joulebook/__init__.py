"""Measure the energy of Python code.

    import joulebook

    with joulebook.window("train") as w:
        train()
    print(w.energy)            # 812.4 J [806.1, 818.9] 95 % measured
    w.energy.value, w.energy.lo, w.energy.hi, w.energy.tier

A reading that could not be had is an absence: value is None and reason says why and what would
cure it. It is never zero. docs/python.md has the whole story.
"""

from ._abi import library as _library
from ._error import JoulebookError
from ._quantity import Domain, Quantity, Reason, SharedPart
from ._session import Session, default_session, mark, open, report, sensors, window
from ._window import Window

__all__ = [
    "Domain",
    "JoulebookError",
    "Quantity",
    "Reason",
    "Session",
    "SharedPart",
    "Window",
    "default_session",
    "mark",
    "open",
    "report",
    "sensors",
    "version",
    "window",
]


def version() -> str:
    """Version and commit of the library: "0.1.0 (0123456789)"."""
    raw: bytes = _library().joulebook_version()
    return raw.decode()

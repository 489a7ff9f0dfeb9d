"""One window of a session."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Any, Dict, Optional, Protocol, Tuple, Type

from ._error import JoulebookError
from ._quantity import Domain, Quantity, domain, quantity


class Owner(Protocol):
    """What a window asks of its session."""

    def _begin(self, name: str) -> str: ...
    def _end(self, key: str, window: "Window") -> None: ...
    def _lap(self, name: str, window: "Window") -> str: ...
    def _window_json(self, key: str) -> Dict[str, Any]: ...
    def _forget(self, key: str, was_open: bool = False) -> None: ...


class Window:
    """The energy from the start to the end of a `with` block. Made by Session.window.

    Windows may nest and overlap, in one thread or in several; begin() and end() do the same by
    hand. The figures are fetched when one is first asked for (after the end: an open window has
    none), which may wait for the sensors' next update; from then on they are kept.
    """

    def __init__(self, session: Owner, name: str) -> None:
        self.name = name
        self._session = session
        self._lock = threading.Lock()
        self._key: Optional[str] = None  # what the session calls it while it is begun and unread
        self._ended = False
        self._json: Optional[Dict[str, Any]] = None
        self._failure: Optional[JoulebookError] = None

    @classmethod
    def _lap(cls, session: Owner, name: str) -> "Window":
        window = cls(session, name)
        window._key = session._lap(name, window)
        window._ended = True
        return window

    def begin(self) -> "Window":
        with self._lock:
            if self._key is not None or self._ended:
                raise JoulebookError(
                    "window.used", f"the window {self.name} was begun before", "make a new one"
                )
            self._key = self._session._begin(self.name)
        return self

    def end(self) -> None:
        with self._lock:
            if self._key is None or self._ended:
                raise JoulebookError(
                    "window.not_open", f"the window {self.name} is not open", "begin it first"
                )
            self._session._end(self._key, self)
            self._ended = True

    __enter__ = begin

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        try:
            self.end()
        except JoulebookError as failure:
            self._failure = failure  # figures asked for later raise it
            if error is None:
                raise

    def __del__(self) -> None:
        key, self._key = getattr(self, "_key", None), None
        if key is not None:
            self._session._forget(key, was_open=not self._ended)

    def to_dict(self) -> Dict[str, Any]:
        """The window's JSON as docs/formats/run.md describes it. Waits for the sensors' next
        update the first time. Raises JoulebookError where the window is open or was lost."""
        with self._lock:
            return self._fetched()

    def _fetched(self) -> Dict[str, Any]:
        if self._json is not None:
            return self._json
        if self._failure is not None:
            raise self._failure
        if not self._ended or self._key is None:
            raise JoulebookError(
                "window.open", f"the window {self.name} has not ended", "end it, then ask"
            )
        try:
            self._json = self._session._window_json(self._key)
        except JoulebookError as failure:
            self._failure = failure
            raise
        finally:
            key, self._key = self._key, None
            self._session._forget(key)
        return self._json

    @property
    def energy(self) -> Quantity:
        """Joules of everything that the boundary names: the sum of the top-level domains."""
        return quantity(self.to_dict()["total"])

    @property
    def above_idle(self) -> Quantity:
        """Joules of it above the machine's power at rest; an absence where nobody measured that."""
        return quantity(self.to_dict()["above_idle"])

    @property
    def tree(self) -> Quantity:
        """Joules of the measured processes (this one, unless `pids` said otherwise)."""
        return quantity(self.to_dict()["tree"])

    @property
    def domains(self) -> Tuple[Domain, ...]:
        return tuple(domain(item) for item in self.to_dict()["domains"])

    @property
    def devices(self) -> Tuple[str, ...]:
        """The devices that the energy covers."""
        return tuple(self.to_dict().get("devices", ()))

    @property
    def warnings(self) -> Tuple[str, ...]:
        return tuple(self.to_dict().get("warnings", ()))

    @property
    def duration_s(self) -> float:
        return float(self.to_dict()["duration_s"])

    @property
    def start_ns(self) -> int:
        """CLOCK_MONOTONIC, as time.monotonic_ns()."""
        return int(self.to_dict()["start_ns"])

    @property
    def end_ns(self) -> int:
        return int(self.to_dict()["end_ns"])

    def __repr__(self) -> str:
        if self._json is None:
            return f"<joulebook window {self.name!r}, {'ended' if self._ended else 'open'}>"
        return f"<joulebook window {self.name!r}: {self.energy}>"

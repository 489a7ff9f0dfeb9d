"""Sessions, and the one that the module opens by itself."""

from __future__ import annotations

import atexit
import contextlib
import json
import math
import os
import threading
import weakref
from types import TracebackType
from typing import Any, Callable, Dict, Iterator, Optional, Sequence, Set, Type

from . import _abi
from ._error import JoulebookError
from ._window import Window


class Session:
    """A running measurement. Made by open(); every method may be called from any thread.

    Use it as a context manager, or close() it. A session does not survive a fork: in the child
    every call raises JoulebookError "session.forked"; open another one there.
    """

    def __init__(self, options: Dict[str, Any]) -> None:
        self._pid = os.getpid()
        self._state = threading.Condition()
        self._calls = 0  # of other threads, inside the library now
        self._names: Set[str] = set()  # of windows that are open, or ended and not yet read
        self._unread: "weakref.WeakSet[Window]" = weakref.WeakSet()
        address = _abi.library().joulebook_open(json.dumps(options).encode())
        if not address:
            raise _abi.last_error()
        self._address: Optional[int] = address

    def window(self, name: str) -> Window:
        """A window for a `with` block: its figures are there once the block has ended."""
        _abi.text(name)
        return Window(self, name)

    def mark(self, name: str) -> None:
        """From here until the next mark, or the end, the window of that name in report()."""
        raw = _abi.text(name)
        with self._use() as address:
            _abi.check(_abi.library().joulebook_mark(address, raw))

    def lap(self, name: str) -> Window:
        """The window from the lap before (the first: from the session's opening) to here. Laps
        tile: their energies add up to that of all of them together."""
        _abi.text(name)
        return Window._lap(self, name)

    def sensors(self) -> Dict[str, Any]:
        """What can be read here and what is missing, with its cure: {"sensors", "findings"}."""
        return self._json(_abi.library().joulebook_sensors_json)

    def report(self) -> Dict[str, Any]:
        """The session so far as a run's JSON (docs/formats/run.md)."""
        return self._json(_abi.library().joulebook_report_json)

    def close(self) -> None:
        """Reads the windows that are still held and unread, then stops. Idempotent."""
        if self._pid != os.getpid():
            return  # the parent's; its threads are not here to be joined
        for window in list(self._unread):
            with contextlib.suppress(JoulebookError):
                window.to_dict()
        with self._state:
            address, self._address = self._address, None
            while self._calls > 0:
                self._state.wait()
        if address:
            _abi.library().joulebook_close(address)

    @property
    def closed(self) -> bool:
        return self._address is None

    def __enter__(self) -> "Session":
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_address", None) is not None:
            self.close()

    @contextlib.contextmanager
    def _use(self) -> Iterator[int]:
        """The library's session, kept open until the call has returned."""
        if self._pid != os.getpid():
            raise JoulebookError(
                "session.forked", "the session belongs to the parent process", "open one here"
            )
        with self._state:
            if self._address is None:
                raise JoulebookError("session.closed", "the session is closed", "open another")
            self._calls += 1
            address = self._address
        try:
            yield address
        finally:
            with self._state:
                self._calls -= 1
                self._state.notify_all()

    def _json(self, function: Callable[[int], Optional[int]]) -> Dict[str, Any]:
        with self._use() as address:
            out: Dict[str, Any] = _abi.taken(function(address))
            return out

    # For Window. The library refuses a name twice at once and knows a window by its name, so a name
    # in use gets a number; "#" and digits, as in "step#2".
    def _begin(self, name: str, function: str = "joulebook_begin") -> str:
        with self._use() as address:
            with self._state:
                key, count = name, 1
                while key in self._names:
                    count += 1
                    key = f"{name}#{count}"
                self._names.add(key)
            code = getattr(_abi.library(), function)(address, key.encode())
            if code != 0:
                failure = _abi.last_error()
                self._forget(key)
                raise failure
            return key

    def _end(self, key: str, window: Window) -> None:
        with self._use() as address:
            _abi.check(_abi.library().joulebook_end(address, key.encode()))
        self._unread.add(window)

    def _lap(self, name: str, window: Window) -> str:
        key = self._begin(name, "joulebook_lap")
        self._unread.add(window)
        return key

    def _window_json(self, key: str) -> Dict[str, Any]:
        with self._use() as address:
            out: Dict[str, Any] = _abi.taken(
                _abi.library().joulebook_window_json(address, key.encode())
            )
            return out

    def _forget(self, key: str, was_open: bool = False) -> None:
        """The name is free again. Never raises: also called while objects are torn down."""
        if self._pid != os.getpid():
            return  # a lock here may be held by a thread that the child does not have
        if was_open:
            with contextlib.suppress(JoulebookError), self._use() as address:
                _abi.library().joulebook_end(address, key.encode())
        with self._state:
            self._names.discard(key)


def open(  # noqa: A001 (joulebook.open, as in gzip.open)
    *,
    sysroot: Optional[str] = None,
    period: Optional[float] = None,
    sensors: Optional[Sequence[str]] = None,
    devices: Optional[Sequence[str]] = None,
    pids: Optional[Sequence[int]] = None,
    record: Optional[str] = None,
    replay: Optional[str] = None,
    vendor_libraries: bool = True,
    machine_model: bool = True,
) -> Session:
    """Opens a session and starts to measure.

    sysroot: read DIR/sys and DIR/proc instead of the machine's own (default: JOULEBOOK_SYSROOT).
    period: seconds between two rounds of readings (default: JOULEBOOK_PERIOD_MS, else 0.01).
    sensors: ids or prefixes of ids (default: JOULEBOOK_SENSORS, separated by commas; else all).
    devices: those that a window's energy covers. pids: whose process trees are the measured one
    (default: this process). record: keep the raw samples in that file. replay: take everything
    from such a file; nothing is measured, and only report() and sensors() are of use.
    vendor_libraries: ask NVML and its like. machine_model: estimate where no sensor can be read.

    Raises JoulebookError. No sensor at all is no error: every energy is then an absence.
    """
    options: Dict[str, Any] = {"vendor_libraries": vendor_libraries, "machine_model": machine_model}
    sysroot = os.environ.get("JOULEBOOK_SYSROOT") if sysroot is None else sysroot
    if sensors is None:
        sensors = [s for s in os.environ.get("JOULEBOOK_SENSORS", "").split(",") if s]
    given = {"sysroot": sysroot, "record": record, "replay": replay}
    options.update({key: os.fspath(path) for key, path in given.items() if path})
    options["sensors"] = _texts("sensors", sensors)
    options["devices"] = _texts("devices", devices or [])
    options["period_ms"] = _period_ms(period)
    if not replay:
        options["pids"] = list(pids) if pids is not None else [os.getpid()]
    return Session(options)


def _texts(name: str, values: Sequence[str]) -> "list[str]":
    if isinstance(values, str):
        raise JoulebookError("option.type", f"{name} is one text", f"pass a list: [{values!r}]")
    return list(values)


def _period_ms(seconds: Optional[float]) -> float:
    given = os.environ.get("JOULEBOOK_PERIOD_MS", "10") if seconds is None else seconds * 1e3
    try:
        period = float(given)
    except ValueError:
        period = math.nan
    if not (period > 0 and math.isfinite(period)):
        raise JoulebookError("meter.period", f"a period of {given} ms", "10 ms is a good value")
    return period


_default: Optional[Session] = None
_default_lock = threading.Lock()


def default_session() -> Session:
    """The module's own session: opened on first use, closed when the interpreter ends."""
    global _default
    with _default_lock:
        if _default is None or _default.closed or _default._pid != os.getpid():
            _default = open()
        return _default


@atexit.register
def _close_default() -> None:
    if _default is not None:
        _default.close()


def _after_fork() -> None:  # a lock that another thread held would never be released here
    global _default_lock
    _default_lock = threading.Lock()


os.register_at_fork(after_in_child=_after_fork)


def window(name: str) -> Window:
    """A window of the default session: `with joulebook.window("train") as w:`, then w.energy."""
    return default_session().window(name)


def mark(name: str) -> None:
    """A mark in the default session."""
    default_session().mark(name)


def sensors() -> Dict[str, Any]:
    """What can be read here and what is missing, with its cure: {"sensors", "findings"}."""
    return default_session().sensors()


def report() -> Dict[str, Any]:
    """The default session so far as a run's JSON."""
    return default_session().report()

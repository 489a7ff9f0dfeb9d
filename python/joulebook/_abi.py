"""libjoulebook.so through ctypes: prototypes, errors, strings. Nothing else touches the library.

The library is the one inside this package; JOULEBOOK_LIBRARY names another, and a package without
one (a source tree) takes what the loader finds as libjoulebook.so.1. Loaded on first use.
"""

from __future__ import annotations

import ctypes
import json
import os
import threading
from pathlib import Path
from typing import Any, Dict, Optional

from ._error import JoulebookError

ABI_VERSION = 1
_lock = threading.Lock()
_library: Optional[ctypes.CDLL] = None

_POINTER = ctypes.c_void_p  # sessions and owned strings: kept as addresses, freed by the library
_TEXT = ctypes.c_char_p
_INT = ctypes.c_int
_PROTOTYPES = {
    "joulebook_abi_version": (_INT, []),
    "joulebook_version": (_TEXT, []),
    "joulebook_open": (_POINTER, [_TEXT]),
    "joulebook_close": (None, [_POINTER]),
    "joulebook_begin": (_INT, [_POINTER, _TEXT]),
    "joulebook_end": (_INT, [_POINTER, _TEXT]),
    "joulebook_mark": (_INT, [_POINTER, _TEXT]),
    "joulebook_lap": (_INT, [_POINTER, _TEXT]),
    "joulebook_window_json": (_POINTER, [_POINTER, _TEXT]),
    "joulebook_report_json": (_POINTER, [_POINTER]),
    "joulebook_sensors_json": (_POINTER, [_POINTER]),
    "joulebook_free_string": (None, [_POINTER]),
    "joulebook_last_error": (_TEXT, []),
}


def _path() -> str:
    named = os.environ.get("JOULEBOOK_LIBRARY")
    if named:
        return named
    own = Path(__file__).with_name("libjoulebook.so")
    return str(own) if own.exists() else f"libjoulebook.so.{ABI_VERSION}"


def _load() -> ctypes.CDLL:
    path = _path()
    try:
        loaded = ctypes.CDLL(path)
        for name, (result, arguments) in _PROTOTYPES.items():
            function = getattr(loaded, name)
            function.restype = result
            function.argtypes = arguments
    except (OSError, AttributeError) as error:
        raise JoulebookError(
            "library.missing",
            f"libjoulebook.so cannot be loaded: {error}",
            "install the wheel that carries it, or name one in JOULEBOOK_LIBRARY",
        ) from None
    if loaded.joulebook_abi_version() != ABI_VERSION:
        raise JoulebookError(
            "library.abi",
            f"{path} has ABI {loaded.joulebook_abi_version()}; this package needs {ABI_VERSION}",
            "take both from one release",
        )
    return loaded


def library() -> ctypes.CDLL:
    global _library
    with _lock:
        if _library is None:
            _library = _load()
        return _library


def last_error() -> JoulebookError:
    """Why this thread's last call failed."""
    said: Dict[str, str] = json.loads((library().joulebook_last_error() or b"{}").decode())
    return JoulebookError(
        said.get("code", "unknown"), said.get("message", "the call failed"), said.get("cure", "")
    )


def check(code: int) -> None:
    if code != 0:
        raise last_error()


def taken(address: Optional[int]) -> Any:
    """An owned JSON string: parsed and given back."""
    if not address:
        raise last_error()
    try:
        return json.loads(ctypes.string_at(address).decode())
    finally:
        library().joulebook_free_string(address)


def text(name: str) -> bytes:
    """A name as the library takes it."""
    if "\0" in name:
        raise JoulebookError("region.name", "a name cannot hold a NUL", "leave it out")
    try:
        return name.encode()
    except UnicodeEncodeError:
        raise JoulebookError("region.name", "a name must be Unicode text", "rename it") from None

"""The one exception of this package."""

from __future__ import annotations


class JoulebookError(Exception):
    """A call failed. A reading that could not be had is no failure: see Quantity.reason.

    code: a stable dotted word for programs ("region.name"); message: what happened; cure: what to
    do about it, empty where nothing would help.
    """

    def __init__(self, code: str, message: str, cure: str = "") -> None:
        super().__init__(code, message, cure)
        self.code = code
        self.message = message
        self.cure = cure

    def __str__(self) -> str:
        text = f"{self.message} ({self.code})"
        return f"{text}; cure: {self.cure}" if self.cure else text

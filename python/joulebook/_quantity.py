"""Figures, as Joulebook's JSON has them (docs/formats/quantity.md). Plain immutable values."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Dict, Mapping, Optional, Tuple

from ._error import JoulebookError


@dataclass(frozen=True)
class Reason:
    """Why a reading is missing: a stable code, one sentence, and what would cure it."""

    code: str
    message: str
    cure: str = ""


@dataclass(frozen=True)
class SharedPart:
    """A named part of the error that every window of a domain shares: factors on the value."""

    id: str
    lo: float
    hi: float


@dataclass(frozen=True)
class Quantity:
    """A value with an interval, or an absence with a reason; never a bare number, never a zero
    that stands for nothing.

    value is None exactly where reason is set. lo..hi is the interval at `level` (1: a bound). hi is
    math.inf where nothing is known above. lo of an absence is a lower bound, where one is known.
    """

    value: Optional[float]
    unit: str
    lo: Optional[float] = None
    hi: Optional[float] = None
    level: Optional[float] = None
    tier: Optional[str] = None  # measured, apportioned, modelled, published
    boundary: Optional[str] = None  # domain kinds joined by "+"
    method: Optional[str] = None
    per: Optional[str] = None  # denominator by name; None for a total
    own: Optional[Tuple[float, float]] = None
    shared: Tuple[SharedPart, ...] = ()
    reason: Optional[Reason] = None

    @property
    def present(self) -> bool:
        return self.value is not None

    def require(self) -> float:
        """The value. Raises JoulebookError with the reason's code where there is none."""
        if self.value is not None:
            return self.value
        reason = self.reason or Reason("unknown", "no reading")
        raise JoulebookError(reason.code, reason.message, reason.cure)

    def __str__(self) -> str:
        unit = self.unit + (f"/{self.per}" if self.per else "")
        if self.value is None:
            return f"no reading ({self.reason.code if self.reason else 'unknown'})"
        level = f"{100 * self.level:g} % " if self.level is not None and self.level < 1 else ""
        return f"{self.value:.4g} {unit} [{self.lo:.4g}, {self.hi:.4g}] {level}{self.tier}"


@dataclass(frozen=True)
class Domain:
    """One piece of hardware in one window. top_level: it counts in the window's energy."""

    domain: str  # kind:instance, "package:0"
    name: str
    sensor: str
    energy: Quantity  # J
    mean_power: Quantity  # W
    peak_power: Quantity  # W
    contains: Tuple[str, ...] = ()
    mirrors: Tuple[str, ...] = ()
    may_contain: Tuple[str, ...] = ()
    top_level: bool = False


def quantity(json: Mapping[str, Any]) -> Quantity:
    own = json.get("own")
    reason = json.get("reason")
    value = json.get("value")
    hi = json.get("hi")
    return Quantity(
        value=value,
        unit=json["unit"],
        lo=json.get("lo"),
        hi=math.inf if hi is None and value is not None else hi,
        level=json.get("level"),
        tier=json.get("tier"),
        boundary=json.get("boundary"),
        method=json.get("method"),
        per=json.get("per"),
        own=(own[0], math.inf if own[1] is None else own[1]) if own else None,
        shared=tuple(SharedPart(s["id"], s["lo"], s["hi"]) for s in json.get("shared", ())),
        reason=Reason(reason["code"], reason["message"], reason.get("cure", "")) if reason else None,
    )


def domain(json: Dict[str, Any]) -> Domain:
    return Domain(
        domain=json["domain"],
        name=json["name"],
        sensor=json["sensor"],
        energy=quantity(json["energy"]),
        mean_power=quantity(json["mean_power"]),
        peak_power=quantity(json["peak_power"]),
        contains=tuple(json.get("contains", ())),
        mirrors=tuple(json.get("mirrors", ())),
        may_contain=tuple(json.get("may_contain", ())),
        top_level=bool(json.get("top_level", False)),
    )

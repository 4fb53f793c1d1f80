"""Numbers as people read them, in the terminal and on the page."""

from __future__ import annotations

import math
from typing import Protocol

from priorsr.errors import BrokenPluginError, WrongKindError
from priorsr.infinity import fixed
from priorsr.plugins import OWN
from priorsr.registry import component_of, offers

_MINUS, _EN_DASH = "\N{MINUS SIGN}", "\N{EN DASH}"
_PREFIXES = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))
_ACRONYMS = ("fid", "lpips", "lr", "nme", "psnr", "rgb", "ssim", "y")
_SPELLED = {"msssim": "MS-SSIM", **{word: word.upper() for word in _ACRONYMS}}


class HasUnit(Protocol):
    """A score, or a summary of several."""

    @property
    def unit(self) -> str:
        """Return the unit of the values."""


def score_label(name: str) -> str:
    """Return a score's heading: the `label` that its class declares, else its name, as "LR consistency"."""
    declared = _declared_label(name)
    if declared is not None:
        return declared
    text = " ".join(_SPELLED.get(word, word) for word in name.split("_"))
    return text[:1].upper() + text[1:]


def _declared_label(name: str) -> str | None:
    """Return the label that a plugin's or the running program's score declares; None if there is no such score."""
    here = [offer for offer in offers("score") if offer.name == name and offer.distribution != OWN]
    if len(here) != 1:  # of two plugins' scores of one name, none is known to be meant
        return None
    try:
        label = getattr(component_of(here[0]), "label", None)
    except (BrokenPluginError, WrongKindError):
        return None
    return label if isinstance(label, str) else None


def number(value: float, score: HasUnit, sign: bool = False, finer: int = 0) -> str:
    """Return a score's value with the digits that its unit deserves, or `finer` more."""
    digits = (2 if score.unit == "dB" else 4) + finer
    return fixed(value, digits, sign=sign).replace("-", _MINUS)


def interval(bounds: tuple[float, float] | None, score: HasUnit, sign: bool = False, finer: int = 0) -> str:
    """Return an interval from low to high, or nothing."""
    between = " to " if sign else _EN_DASH
    return "" if bounds is None else between.join(number(bound, score, sign, finer) for bound in bounds)


def half_width(bounds: tuple[float, float] | None, score: HasUnit) -> str:
    """Return half of an interval's width after a plus-minus sign, or an empty text without an interval."""
    return "" if bounds is None else f"±{number((bounds[1] - bounds[0]) / 2, score)}"


def rank_interval(ranks: tuple[int, int]) -> str:
    """Return a rank, or the ranks between which a row's lies."""
    low, high = ranks
    return f"{low}" if low == high else f"{low}{_EN_DASH}{high}"


def p_value(p: float | None) -> str:
    """Return a p-value with two digits, "<0.001" for a smaller one, and "none" where nothing was tested."""
    if p is None:
        return "none"
    return "<0.001" if p < 0.001 else f"{p:.2g}"


def significant(value: float) -> str:
    """Return a number with four significant digits, or ∞."""
    return f"{value:.4g}" if math.isfinite(value) else fixed(value, 0)


def engineering(value: float) -> str:
    """Return a count with three digits and a prefix: 5203523 is "5.20 M"."""
    for factor, prefix in _PREFIXES:
        if value >= factor:
            return f"{_three_digits(value / factor)} {prefix}"
    return f"{value:g}"


def mebibytes(count: int) -> str:
    """Return bytes in MiB."""
    return f"{_three_digits(count / 2**20)} MiB"


def milliseconds(value: float) -> str:
    """Return a time in ms, or in s from one second on."""
    return f"{_three_digits(value)} ms" if value < 1000 else f"{_three_digits(value / 1000)} s"


def duration(seconds: float) -> str:
    """Return a time in s, in min from two minutes on, in h from two hours on."""
    for unit, name in ((3600, "h"), (60, "min")):
        if seconds >= 2 * unit:
            return f"{_three_digits(seconds / unit)} {name}"
    return f"{_three_digits(seconds)} s"


def _three_digits(value: float) -> str:
    return f"{value:.{2 if value < 10 else 1 if value < 100 else 0}f}"

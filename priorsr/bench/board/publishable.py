"""Check whether the licence of a face set permits publishing its images and the SR images made from them."""

from __future__ import annotations

PERMITTING = (
    *("0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "MIT", "Unlicense"),
    *("CC0-1.0", "CDLA-Permissive-2.0", "ODbL-1.0", "ODC-By-1.0", "PDDL-1.0"),
    *(f"CC-{terms}-{version}" for terms in ("BY", "BY-SA") for version in ("1.0", "2.0", "2.5", "3.0", "4.0")),
)
"""SPDX identifiers of licences under which anybody may publish the images and what is made of them."""


def permits_publishing(licence: str) -> bool:
    """Return whether a licence is one of `PERMITTING`; any other words, such as "unknown", permit nothing."""
    return licence.strip().lower() in {known.lower() for known in PERMITTING}

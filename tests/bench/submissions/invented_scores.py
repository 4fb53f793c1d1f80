"""Scores that nothing here computes, for records that are forged."""

from __future__ import annotations


def invent(record) -> None:
    """Add scores that nothing here computes, one of each face and one of the set."""
    made_up = dict.fromkeys(record["images"], 0.99)
    record["scores"]["beauty"] = {
        "value": 0.99,
        "mean": 0.99,
        "interval95": [0.99, 0.99],
        "unit": "",
        "higher_is_better": True,
        "per_image": made_up,
    }
    record["set_scores"]["charm"] = {"value": 1.5, "higher_is_better": False, "count": len(made_up), "warning": None}
    for name in ("beauty", "charm"):
        record["extra_scores"][name] = {
            "name": f"mirror:{name}",
            "version": "1",
            "weights_hash": None,
            "networks": [],
            "trained_with": [],
        }

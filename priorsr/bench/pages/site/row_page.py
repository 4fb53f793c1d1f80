"""The key of a table's row on the site, the same under every protocol."""

from __future__ import annotations

import re

from priorsr.bench.board.rows import Row
from priorsr.files import sha256_json


def row_key(row: Row) -> str:
    """Return the identity of a row, whatever scored it: the method, the weights or images of its first seed, and the
    prior.
    """
    record = row.record
    identity = [record.training.method, record.checkpoint, record.prior.source, record.prior.by]
    return sha256_json(identity)[:12]


def page_url(row: Row) -> str:
    """Return the URL of the page of the row's model, from the site's folder."""
    word = re.sub(r"[^a-z0-9]+", "-", row.label.lower()).strip("-")[:40]
    return f"models/{word + '-' if word else ''}{row_key(row)}.html"

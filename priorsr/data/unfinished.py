"""The journal of unfinished work in a folder, from which a repeated call continues."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from priorsr.data.names import is_stray
from priorsr.errors import DataError
from priorsr.files import check_folder
from priorsr.signed_lines import read_lines


def read_journal(journal: Path, what: str) -> list[dict[str, Any]]:
    """Return the entries of `journal` that an interrupted call has written; torn and altered lines are left out.

    what: the work in messages. Raises DataError for a folder that holds anything else and no journal.
    """
    folder = journal.parent
    if not journal.exists():
        check_folder(folder, f"a folder to write the {what} to")
        if folder.exists() and not all(map(is_stray, folder.iterdir())):
            raise DataError(f"{folder}: is not empty and holds no unfinished {what}; choose another folder")
        return []
    return list(read_lines(journal))

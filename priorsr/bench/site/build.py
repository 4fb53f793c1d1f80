"""Building the page: a results folder in, a folder of plain files out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from priorsr.bench import numbers
from priorsr.bench.leaderboard import Leaderboard, leaderboards
from priorsr.bench.results import read_results, record_path
from priorsr.bench.site.plot import Bar, difference_bars
from priorsr.bench.site.strips import Strips, copy, make_strips
from priorsr.errors import DataError
from priorsr.files import atomic_text, require_extra
from priorsr.version import __version__

_HERE = Path(__file__).parent
_ASSETS = ("site.css", "site.js")


@dataclass(frozen=True)
class Section:
    """A leaderboard with what the page shows beside it; `anchor` is its id in the page."""

    anchor: str
    board: Leaderboard
    bars: dict[str, Bar]
    strips: Strips


def build_site(results: str | Path, out: str | Path, *, title: str = "Face super-resolution, compared") -> Path:
    """Build a static page of every record in a results folder into the folder `out`; returns its index.html.

    It opens from disk and loads nothing from elsewhere: images and records are copied. Files of an older page are
    overwritten, and nothing else in `out` is touched. Raises DataError for a broken record, and for a file at `out`.
    """
    require_extra("jinja2", "bench")
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    results, out = Path(results), Path(out)
    if out.exists() and not out.is_dir():
        raise DataError(f"{out}: is a file; a folder for the page was expected")
    records = read_results(results)
    sections = [
        Section(f"table-{place}", board, difference_bars(board), make_strips(board, results, out))
        for place, board in enumerate(leaderboards(records), 1)
    ]
    for record in records:
        copy(record_path(results, record.id), out / "records" / f"{record.id}.json")
    for name in _ASSETS:
        copy(_HERE / "static" / name, out / name)
    templates = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = templates.get_template("index.html.jinja").render(
        title=title, sections=sections, record_count=len(records), numbers=numbers, version=__version__
    )
    atomic_text(out / "index.html", page)
    return out / "index.html"

"""Build the site: a folder of plain files from a results folder."""

from __future__ import annotations

from pathlib import Path
from string import ascii_uppercase

from priorsr.bench.board import numbers
from priorsr.bench.board.board_file import Board
from priorsr.bench.board.board_tables import board_tables
from priorsr.bench.board.leaderboard import leaderboards
from priorsr.bench.board.publishable import permits_publishing
from priorsr.bench.board.reported import families
from priorsr.bench.pages.rendering import STATIC, templates
from priorsr.bench.pages.site.copied_images import copy_file
from priorsr.bench.pages.site.models import made_by, model_pages
from priorsr.bench.pages.site.plot import latency
from priorsr.bench.pages.site.row_page import page_url, row_key
from priorsr.bench.pages.site.section import make_section, marks, set_score, why_absent
from priorsr.bench.store.results import read_results, record_path
from priorsr.bench.store.verification import read_verifications
from priorsr.bounds import check_number
from priorsr.files import atomic_text, check_folder, require_extra
from priorsr.partial_files import sweep
from priorsr.version import __version__


def build_site(
    results: str | Path,
    out: str | Path,
    *,
    title: str | None = None,
    faces: int | None = None,
) -> Path:
    """Build a static site of every record in a results folder into the folder `out`; return its index.html.

    The site opens from disk and loads nothing from elsewhere: images and records are copied. Files of an older site are
    overwritten; other files in `out` stay. A board (a results folder with board.toml) has its own title and tables, and
    shows the images of those face sets only whose licence permits to publish them.
    title: of the site; None: the board's, or a general one.
    faces: the number of faces of each set in the comparison, the first ones; None: all whose images were kept.
    Raises DataError for a broken record or board, a record of no table of the board, an incomplete folder of images,
    and for a file at `out`; OptionError for `faces` below 1.
    """
    require_extra("jinja2", "bench")
    results, out = Path(results), Path(out)
    check_folder(out, "a folder for the site")
    if faces is not None:
        check_number("faces", faces, 1)
    board = Board.find(results)
    records, verifications = read_results(results), read_verifications(results)
    tables = board_tables(board, records, verifications) if board else leaderboards(records, verifications)
    sweep(out / "images")  # elsewhere, the next write of a name takes what was left of it
    published = families()
    reported = [value for family in published for value in family.values]
    sections = [
        make_section(
            place, table, reported, results, out, faces, images=not board or permits_publishing(table.data.licence)
        )
        for place, table in enumerate(tables, 1)
    ]
    for record in records:
        copy_file(record_path(results, record.id), out / "records" / f"{record.id}.json")
    for asset in sorted(STATIC.glob("[!.]*")):
        copy_file(asset, out / asset.name)
    compared = any(section.comparison for section in sections)
    pages = [
        ("index.html", "Leaderboard"),
        *([("compare.html", "Compare faces")] if compared else []),
        *([("reported.html", "Reported by papers")] if published else []),
    ]
    shared = {
        "title": title or (board.facts.title if board else "Face super-resolution, compared"),
        "version": __version__,
        "record_count": len(records),
        "numbers": numbers,
        "key": row_key,
        "url": page_url,
        "latency": latency,
        "set_score": set_score,
        "marks": marks,
        "why_absent": why_absent,
        "made_by": made_by,
        "letter": _letter,
        "pages": pages,
        "sections": sections,
        "families": published,
        "priors": sorted({record.prior.source for record in records}),
    }
    environment = templates(Path(__file__).parent / "templates")
    for name, _ in pages:
        page = environment.get_template(f"{name}.jinja").render(**shared, here=name, root="")
        atomic_text(out / name, page)
    template = environment.get_template("model.html.jinja")
    for model in model_pages(sections, reported):
        atomic_text(out / page_url(model.row), template.render(**shared, here="", root="../", model=model))
    return out / "index.html"


def _letter(place: int) -> str:
    """Return a name for an environment by its place from 0: A to Z, then AA, AB, ..."""
    rest, last = divmod(place, len(ascii_uppercase))
    return (_letter(rest - 1) if rest else "") + ascii_uppercase[last]

"""A submission to a board is verified by the board's rules, and takes no other's place."""

from __future__ import annotations

from pathlib import Path

import pytest
from checking import edited, records

from priorsr.bench import read_results
from priorsr.bench.board.board_file import Board, BoardFacts, BoardProtocol, BoardSet
from priorsr.bench.repository.board_texts import board_file
from priorsr.bench.scoring.record_parts import data_facts
from priorsr.bench.store.verification import read_verifications
from priorsr.bench.submissions.board_verification import add_to_board, verify_on_board
from priorsr.bench.submissions.bundle import Bundle
from priorsr.bench.submissions.comment import code, comment, refusal_comment
from priorsr.bench.submissions.pack import pack
from priorsr.data import FaceSet
from priorsr.errors import DataError
from priorsr.metrics import load_protocol


@pytest.fixture
def make_board(synthetic: FaceSet, tmp_path: Path):
    """A board of the synthetic faces, with no row yet."""

    def make(*, licence: str = "CC0-1.0", allowed: tuple[str, ...] = ("priorsr",), protocols=("dic@1", "kdfsrnet@1")):
        facts = data_facts(synthetic, "val")
        known = {name: getattr(facts, name) for name in ("name", "version", "hash", "split", "count")}
        (tmp_path / "board").mkdir(exist_ok=True)
        (tmp_path / "board/board.toml").write_text(
            board_file(
                BoardFacts(
                    format=1,
                    title="A board",
                    default_protocol=protocols[0],
                    allowed_distributions=allowed,
                    protocols=tuple(BoardProtocol(id=p, hash=load_protocol(p).content_hash) for p in protocols),
                    sets=(BoardSet(**known, licence=licence, folder="sets/faces"),),
                )
            )
        )
        return Board.open(tmp_path / "board")

    return make


def added(path: Path, board: Board, synthetic: FaceSet):
    """Verify a submission and add it to the board: the report and the comment before."""
    with Bundle(path) as bundle:
        report = verify_on_board(bundle, board, synthetic)
        add_to_board(bundle, report, board, board.folder)
        return report, comment(report, board)


def refusal(path: Path, board: Board, synthetic: FaceSet) -> str:
    with Bundle(path) as bundle, pytest.raises(DataError) as raised:
        verify_on_board(bundle, board, synthetic)
    return str(raised.value)


def test_weights_of_an_allowed_distribution_are_run(exact, make_board, synthetic) -> None:
    report, text = added(exact, make_board(), synthetic)
    assert (report.tier, len(report.rerun), report.not_checked) == (2, 3, {})
    assert "### Verified, tier 2: faces rerun from the weights" in text
    assert "3 faces scored again from the images and 3 faces run again from the weights" in text


def test_weights_of_other_distributions_are_not_even_built(exact, make_board, synthetic, monkeypatch) -> None:
    def build(_: Path) -> None:
        raise AssertionError("a model was built")

    monkeypatch.setattr("priorsr.bench.submissions.own_model.load_file", build)
    report, text = added(exact, make_board(allowed=()), synthetic)
    assert (report.tier, report.rerun) == (1, ())
    assert report.not_checked == {"weights": "models of priorsr may not run here"}
    assert "not verified: `weights`: `models of priorsr may not run here`" in text


def test_weights_alone_of_other_distributions_are_refused(results, weights, make_board, synthetic, tmp_path) -> None:
    path = pack(results, records(results, "small", "dic@1"), tmp_path / "w.zip", weights=weights, outputs=False)
    board = make_board(allowed=("priorsr-pkdn",))
    assert "models of priorsr may not run here, so no face can be run again" in refusal(path, board, synthetic)


def test_images_are_added_where_the_boards_licence_permits_whatever_the_record_declares(
    rounded, make_board, synthetic, forge
) -> None:
    def permit(record) -> None:
        record["data"]["licence"] = "CC0-1.0"

    board = make_board(licence="for research only")
    added(forge(rounded, lambda members: edited(members, permit)), board, synthetic)
    assert not list(board.folder.rglob("*.png"))
    assert len(read_results(board.folder)) == 1


def test_a_protocol_that_the_board_lacks_is_refused(exact, make_board, synthetic) -> None:
    assert "which the board 'A board' lacks" in refusal(exact, make_board(protocols=("dic@1",)), synthetic)


def test_a_row_is_not_replaced_by_other_declarations(rounded, make_board, synthetic, forge) -> None:
    def claim(record) -> None:
        record["links"] = {"code": "https://example.org/thief"}
        record["model"]["label"] = "thief"

    board = make_board()
    added(rounded, board, synthetic)
    before = {path: path.read_bytes() for path in board.folder.rglob("*.json")}
    found = refusal(forge(rounded, lambda members: edited(members, claim)), board, synthetic)
    assert "is on the board already, as 'small', with another model, links" in found
    assert {path: path.read_bytes() for path in board.folder.rglob("*.json")} == before


def test_a_verification_is_replaced_by_a_higher_one_only(results, weights, make_board, synthetic, tmp_path) -> None:
    board, own = make_board(), records(results, "small", "dic@1")
    images = pack(results, own, tmp_path / "images.zip")
    both = pack(results, own, tmp_path / "both.zip", weights=weights)
    added(images, board, synthetic)
    assert "is on the board already, verified as tier 1" in refusal(images, board, synthetic)
    added(both, board, synthetic)
    assert [found.tier for found in read_verifications(board.folder).values()] == [2]
    assert "verified as tier 2" in refusal(images, board, synthetic)


def test_a_comment_shows_the_row_between_its_neighbours(results, make_board, synthetic, tmp_path) -> None:
    board = make_board(protocols=("dic@1",))
    base = pack(results, records(results, "bicubic", "dic@1"), tmp_path / "base.zip")
    added(base, board, synthetic)
    with Bundle(pack(results, records(results, "small", "dic@1"), tmp_path / "small.zip")) as bundle:
        lines = comment(verify_on_board(bundle, board, synthetic), board).splitlines()
    table = [line for line in lines if line.startswith("|")]
    assert table[0] == "| rank | model | PSNR | SSIM | difference in PSNR | verdict |"
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table[2:]]
    assert [row[1] for row in cells] == ["`bicubic`", "**`small`**"]
    assert cells[0][4].startswith("\N{MINUS SIGN}")
    assert (cells[0][5], cells[1][4:]) == ("worse", ["", ""])
    assert "- declared, not checked: trained on `unknown`; prior `none`" in lines


def test_images_that_are_there_under_another_name_are_remarked(results, make_board, synthetic, tmp_path) -> None:
    board = make_board(protocols=("dic@1",))
    added(pack(results, records(results, "small", "dic@1"), tmp_path / "one.zip"), board, synthetic)
    from priorsr.bench.made_elsewhere.recording import Declared, record_images

    own = records(results, "small", "dic@1")[0]
    folder = results / "outputs" / own.outputs
    pngs = tmp_path / "png"
    pngs.mkdir()
    for path in folder.glob("*.png"):
        (pngs / path.name).write_bytes(path.read_bytes())
    made = record_images(
        pngs, synthetic, "val", [load_protocol("dic@1")], Declared("copied", hardware="a|b`c"), out=tmp_path / "copied"
    )
    _, text = added(pack(tmp_path / "copied", made, tmp_path / "copied.zip"), board, synthetic)
    assert "- the same images are on the board already, as `small`" in text
    assert "hardware `a\\|b'c`" in text


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("@everyone <img src=x> [a](b)", "`@everyone <img src=x> [a](b)`"),
        ("a`b|c", "`a'b\\|c`"),
        ("two\nlines \u202e", "`two lines \\u202e`"),
        (" ", "` `"),
    ],
)
def test_words_of_a_submission_stand_in_code_spans(text: str, span: str) -> None:
    assert code(text) == span
    assert refusal_comment(text) == f"### Not verified\n\n{span}\n"

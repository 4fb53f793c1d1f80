"""Reading plugins from metadata: hard cases, on dist-info folders made here."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

import pytest

from priorsr import plugins
from priorsr.plugins import scan


def distribution(folder: Path, name: str, entry_points: str, version: str = "1.0") -> Path:
    """An installed distribution's metadata in `folder`."""
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (info / "entry_points.txt").write_text(entry_points)
    return folder


def found(*folders: Path) -> plugins.Scan:
    return scan(metadata.distributions(path=[str(folder) for folder in folders]))


def test_an_offer_names_its_distribution_and_version(tmp_path: Path) -> None:
    distribution(tmp_path, "My.Plugin", "[priorsr.fusion]\nmine = my_plugin.fusion:Mine\n", "2.1")
    (offer,) = found(tmp_path).offers
    assert (offer.kind, offer.name, offer.target) == ("fusion", "mine", "my_plugin.fusion:Mine")
    assert (offer.distribution, offer.version) == ("my-plugin", "2.1")


def test_a_malformed_foreign_file_costs_nothing(tmp_path: Path) -> None:
    distribution(tmp_path, "foreign", "[console_scripts\nno equals sign here\n\x00")
    distribution(tmp_path, "good", "[priorsr.fusion]\nmine = good:Mine\n")
    assert [offer.name for offer in found(tmp_path).offers] == ["mine"]
    assert found(tmp_path).problems == ()


def test_a_file_that_is_not_text_costs_nothing(tmp_path: Path) -> None:
    distribution(tmp_path, "binary", "")
    (tmp_path / "binary-1.0.dist-info" / "entry_points.txt").write_bytes(b"\xff\xfe\x00priorsr.")
    distribution(tmp_path, "good", "[priorsr.fusion]\nmine = good:Mine\n")
    assert [offer.name for offer in found(tmp_path).offers] == ["mine"]


@pytest.mark.parametrize(
    "line",
    [
        "mine",
        "mine = good.Mine",
        "= good:Mine",
        "mine = good:",
        "mine = good:Mine [extra]",
        "mine = good:Outer.Mine",
        "mine = good..parts:Mine",
        "mine = 1good:Mine",
        "a:b = good:Mine",
        "my block = good:Mine",
        "a/b = good:Mine",
    ],
)
def test_a_malformed_line_of_ours_is_a_problem_and_costs_only_itself(tmp_path: Path, line: str) -> None:
    distribution(tmp_path, "half", f"[priorsr.fusion]\n{line}\nother = half:Other\n")
    assert [offer.name for offer in found(tmp_path).offers] == ["other"]
    (problem,) = found(tmp_path).problems
    assert "half 1.0" in problem.sentence
    assert "line 2" in problem.sentence
    assert "NAME = MODULE:CLASS" in problem.sentence


def test_an_unknown_kind_is_a_problem_with_a_suggestion(tmp_path: Path) -> None:
    distribution(tmp_path, "typo", "[priorsr.fussion]\nmine = typo:Mine\n")
    (problem,) = found(tmp_path).problems
    assert "did you mean 'fusion'" in problem.sentence
    assert problem.concerns("fusion", "mine", "")


def test_comments_and_foreign_groups_are_passed_over(tmp_path: Path) -> None:
    distribution(tmp_path, "good", "# a comment\n[other]\nx = y\n\n[ priorsr.fusion ]\n; another\nmine = good:Mine\n")
    assert [offer.name for offer in found(tmp_path).offers] == ["mine"]
    assert found(tmp_path).problems == ()


def test_a_distribution_twice_on_the_path_counts_once_the_first(tmp_path: Path) -> None:
    first = distribution(tmp_path / "a", "My_Plugin", "[priorsr.fusion]\nmine = a:Mine\n", "1")
    second = distribution(tmp_path / "b", "my-plugin", "[priorsr.fusion]\nmine = b:Mine\n", "2")
    assert [offer.target for offer in found(first, second).offers] == ["a:Mine"]


def test_a_shadowed_distribution_offers_nothing(tmp_path: Path) -> None:
    first = distribution(tmp_path / "a", "plugin", "[other]\nx = y:z\n", "2")
    second = distribution(tmp_path / "b", "plugin", "[priorsr.fusion]\nold = plugin:Old\n", "1")
    assert found(first, second).offers == ()


def test_a_name_twice_in_one_distribution_is_a_problem(tmp_path: Path) -> None:
    distribution(tmp_path, "twice", "[priorsr.fusion]\nmine = twice:A\nmine = twice:B\n")
    assert [offer.target for offer in found(tmp_path).offers] == ["twice:A"]
    assert "offers the fusion 'mine' again" in found(tmp_path).problems[0].sentence


def test_metadata_that_cannot_be_read_costs_only_its_distribution(tmp_path: Path) -> None:
    distribution(tmp_path, "broken", "[priorsr.fusion]\nmine = broken:Mine\n")
    (tmp_path / "broken-1.0.dist-info" / "METADATA").write_bytes(b"Name: \xff\xfe\n")
    distribution(tmp_path, "good", "[priorsr.fusion]\nother = good:Other\n")
    assert "other" in [offer.name for offer in found(tmp_path).offers]

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from priorsr.bench import read_results
from priorsr.data.importers.synthetic import synthesise


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Records of bicubic and of a model that is worse, on three synthetic faces."""
    import torch

    import priorsr
    from priorsr.bench import run

    root = tmp_path_factory.mktemp("compare")
    faces = synthesise(root / "faces", count=4, seed=0, val=3, test=0)
    torch.manual_seed(0)
    priorsr.save(priorsr.create("model", "encoder_decoder", width=4, depth=0, levels=1), root / "[b]worse.safetensors")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("priorsr.bench.running.profile._SECONDS", 0.0)
        run(root / "[b]worse.safetensors", data=faces, split="val", protocols=["dic@1"], out=root / "results")
    return root / "results"


def test_two_models_by_their_labels_with_a_picture(cli, results: Path, tmp_path: Path) -> None:
    picture = tmp_path / "picture.png"
    given = ("bicubic", "[b]worse", "--results", results)
    code, out, err = cli("bench", "compare", *given, "--score", "psnr", "--picture", picture)
    assert code == 0, err
    for part in ("bicubic against [b]worse", "dic@1", "PSNR", "SSIM", "3 : 0", "p-value", "ranks 0.25", "checkpoints"):
        assert part in out
    assert picture.is_file()
    assert err == ""


def test_json_by_the_records_files(cli, results: Path) -> None:
    records = {record.model.label: record for record in read_results(results)}
    paths = [results / "records" / f"{records[label].id}.json" for label in ("bicubic", "[b]worse")]
    code, out, err = cli("bench", "compare", *paths, "--json")
    assert code == 0, err
    psnr, ssim = json.loads(out)
    assert (psnr["score"], ssim["score"]) == ("psnr", "ssim")
    assert psnr["ours"] == {"label": "bicubic", "records": [records["bicubic"].id], "seeds": []}
    assert psnr["better_faces"] == 3
    assert psnr["mean"] == pytest.approx(sum(psnr["by_face"].values()) / 3)
    assert psnr["p_holm"] == psnr["p"]  # a family of one
    assert psnr["p_ranks"] == 0.25  # three faces of one sign
    assert (psnr["verdict"] == "better") is (psnr["p"] < 0.05)
    assert psnr["untested"] is None


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("bicubik", "[b]worse"), "no record of 'bicubik'; did you mean 'bicubic'?"),
        (("bicubic", "[b]worse", "--protocol", "dic@9"), "no record under 'dic@9'"),
        (("bicubic", "[b]worse", "--score", "lpips", "--picture", "a.png"), "do not share the score 'lpips'"),
        (("bicubic", "bicubic"), "'bicubic' and 'bicubic' are the same; two different models were expected"),
        (("bicubic", "gone.json"), "gone.json: there is no such file"),
        (("bicubic", "gone.safetensors"), "gone.safetensors: there is no such file"),
    ],
)
def test_mistakes(mistake, results: Path, words, sentence) -> None:
    assert sentence in mistake("bench", "compare", *words, "--results", results)


def test_labels_need_a_results_folder(mistake) -> None:
    assert "'bicubic' is no record's file" in mistake("bench", "compare", "bicubic", "other")


def test_no_control_character_of_a_label_reaches_the_terminal(cli, results: Path, tmp_path: Path) -> None:
    label = "a\x1b[31mred\x9b2J\u202ebdesrever"
    other = tmp_path / "results"
    shutil.copytree(results, other)
    for path in (other / "records").iterdir():
        content = json.loads(path.read_text())
        if content["model"]["label"] != "bicubic":
            content["model"]["label"] = label
            path.write_text(json.dumps(content))
    for more in ((), ("--json",)):
        code, out, err = cli("bench", "compare", "bicubic", label, "--results", other, *more)
        assert code == 0, err
        assert all(char.isprintable() or char == "\n" for char in out + err)
        assert (json.loads(out)[0]["theirs"]["label"] == label) if more else (r"\x1b[31mred\x9b2J\u202eb" in out)
    code, out, err = cli("bench", "compare", "bicubic", "\x1b[2Jnobody", "--results", other)
    assert code == 2
    assert r"\x1b[2Jnobody" in err
    assert "\x1b" not in err

"""Submissions whose weights, cards or priors are not what their records claim."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from checking import checked, edited, of_kind, records, refusal, said

import priorsr
from priorsr.bench import leaderboards, read_results
from priorsr.bench.pages.site.section import marks
from priorsr.bench.store.verification import read_verifications
from priorsr.bench.submissions.bundle import Bundle
from priorsr.bench.submissions.pack import pack
from priorsr.bench.submissions.verify import add, verify
from priorsr.errors import DataError, UnknownNameError
from tests.bench.submissions.invented_scores import invent


def test_records_of_two_models(rounded, results, synthetic, forge) -> None:
    other = records(results, "bicubic", "dic@1")[0]
    path = forge(rounded, lambda m: {**m, f"records/{other.id}.json": other.model_dump_json().encode()})
    assert "are not of one model" in refusal(path, synthetic)


def test_other_weights_are_named(results, exact, synthetic, forge, tmp_path) -> None:
    def exchange(members):
        path = tmp_path / "other.safetensors"
        torch.manual_seed(1)
        priorsr.save(priorsr.create("model", "encoder_decoder", width=4, depth=0, levels=1), path, card={})
        return {**members, "weights.safetensors": path.read_bytes()}

    found = said(checked(forge(exact, exchange), synthetic, faces=1))
    assert any("model.weights_hash" in text for text in found)
    assert any("scores.psnr of the face" in text for text in found)
    with pytest.raises(DataError, match="has weights of the hash"):
        pack(results, records(results, "small"), tmp_path / "a.zip", weights=tmp_path / "other.safetensors")


def test_training_that_the_weights_do_not_declare_is_named(exact, synthetic, forge) -> None:
    def confess(record) -> None:
        record["training"]["networks"] = []

    (text,) = said(checked(forge(exact, lambda members: edited(members, confess)), synthetic, faces=1))
    assert "training.networks: the record has nothing, and unknown was found" in text


def test_weights_that_are_a_pickle(exact, synthetic, forge, tmp_path) -> None:
    torch.save({"a": torch.ones(1)}, tmp_path / "a.pth")
    named = forge(exact, lambda members: {**members, "weights.pth": (tmp_path / "a.pth").read_bytes()})
    assert "may hold a pickle" in refusal(named, synthetic)
    hidden = forge(exact, lambda members: {**members, "weights.safetensors": (tmp_path / "a.pth").read_bytes()})
    assert "is a checkpoint of PyTorch" in refusal(hidden, synthetic, faces=1)


def test_another_models_images_with_true_scores_are_told_by_a_rerun_only(results, exact, synthetic, forge) -> None:
    bicubic = {record.protocol.id: record for record in records(results, "bicubic")}

    def steal(members):
        stolen = dict(members)
        for name in of_kind(members, ".json"):
            if name.startswith("records/"):
                content = json.loads(members[name])
                theirs = json.loads(bicubic[content["protocol"]["id"]].model_dump_json())
                stolen[name] = json.dumps({**content, "scores": theirs["scores"], "images": theirs["images"]}).encode()
        for name in of_kind(members, ".npy"):
            outputs = bicubic["dic@1"].outputs
            stolen[name] = (results / "outputs" / outputs / Path(name).name).read_bytes()
        return stolen

    path = forge(exact, steal)
    assert said(checked(path, synthetic)) == []
    found = said(checked(path, synthetic, faces=3))
    assert len([text for text in found if "scores.psnr of the face" in text]) == 2 * 3


def test_an_invented_score_is_not_verified_and_shown_so(rounded, synthetic, forge, tmp_path) -> None:
    path = forge(rounded, lambda members: edited(members, invent))
    with Bundle(path) as bundle:
        report = verify(bundle, synthetic)
        assert (said(report), sorted(report.not_checked)) == ([], ["beauty", "charm"])
        assert "no score 'beauty'" in report.not_checked["beauty"]
        (verification,) = add(bundle, report, tmp_path / "board")
    assert sorted(verification.not_checked) == ["beauty", "charm"]
    (board,) = leaderboards(read_results(tmp_path / "board"), read_verifications(tmp_path / "board"))
    (row,) = board.rows
    assert row.tier_words == "scores recomputed from the images, but not beauty, charm"
    assert [[mark for mark, _ in marks(row, name)] for name in ("beauty", "charm", "psnr")] == [["?"], ["?"], []]
    (told, _) = (reason for name in ("beauty", "charm") for _, reason in marks(row, name))
    assert told.startswith("not verified, as the other scores were: there is no score 'beauty'")


@pytest.mark.parametrize("faces", [0, 1])
def test_a_card_that_the_weights_do_not_bring_is_named(exact, synthetic, forge, faces) -> None:
    def boast(record) -> None:
        record["model"]["card"] = {"note": "a test", "steps": 10}

    found = said(checked(forge(exact, with_model(boast)), synthetic, faces=faces))
    assert len(found) == 2  # a record each
    assert all("model.card.steps: the record has 10, and nothing was found" in text for text in found)


def test_components_and_links_that_the_weights_do_not_list_are_named(exact, synthetic, forge) -> None:
    def credit(record) -> None:
        (first, *_) = record["components"]
        record["components"].append({**first, "used_for": "training", "kind": "recipe", "name": "famous"})
        record["links"] = {"paper": "https://papers.example/ours"}

    links, parts = said(checked(forge(exact, lambda members: edited(members, credit)), synthetic))
    assert "links: the record has paper: https://papers.example/ours, and nothing was found" in links
    assert "components of training: the record has recipe" in parts
    assert "famous" in parts
    assert "and unknown was found" in parts


def with_model(change):
    """A change of the model in all records of a submission, with ids and names that are true again."""

    def rename(members):
        changed = dict(members)
        for name in of_kind(members, ".json"):
            if name.startswith("records/"):
                content = json.loads(changed.pop(name))
                change(content)
                whole = read(content)
                content["id"], content["training"]["method"] = whole.identity.record_id, whole.model.method
                old, content["outputs"] = content["outputs"], whole.identity.outputs_id
                changed[f"records/{content['id']}.json"] = json.dumps(content).encode()
                for image in [image for image in changed if image.startswith(f"outputs/{old}/")]:
                    changed[image.replace(old, content["outputs"])] = changed.pop(image)
        return changed

    return rename


def read(content):
    """A record that need not be of one piece."""
    from priorsr.bench.store.records import Record

    known = Record.model_construct(**content)
    parts = {name: Record.model_fields[name].annotation for name in ("model", "protocol", "data", "prior")}
    return known.model_copy(
        update={name: part.model_validate_json(json.dumps(content[name])) for name, part in parts.items()}
    )


@pytest.mark.parametrize("told", [True, False])
def test_no_prior_of_a_model_that_requires_one_is_refused(rounded, synthetic, forge, told) -> None:
    def guide(record) -> None:
        record["model"]["config"]["fusion"] = "concat"
        record["prior"] = {"source": "ground-truth", "by": "drawn"} if told else {"source": "none", "by": None}

    path = forge(rounded, with_model(guide))
    if told:
        assert said(checked(path, synthetic)) == []
    else:
        assert "of the model 'encoder_decoder' without a prior, which that model requires" in refusal(path, synthetic)


def test_weights_of_a_model_that_is_not_here_are_not_verified(exact, synthetic, monkeypatch) -> None:
    def gone(*_) -> None:
        raise UnknownNameError("there is no model 'encoder_decoder'")

    monkeypatch.setattr("priorsr.models.weights.find", gone)
    report = checked(exact, synthetic)
    assert said(report) == []
    assert "weights.safetensors: holds the model 'encoder_decoder' of priorsr" in report.not_checked["weights"]
    assert "which is not installed" in refusal(exact, synthetic, faces=1)


def test_a_model_that_cannot_be_run_is_refused(exact, synthetic, monkeypatch) -> None:
    def broken(*_) -> None:
        raise KeyError("nothing")

    monkeypatch.setattr("priorsr.models.EncoderDecoder.forward", broken)
    assert "its model cannot be run (KeyError: 'nothing')" in refusal(exact, synthetic, faces=1)

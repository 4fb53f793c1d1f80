"""Our networks answer as the released ones do, on the same weights, to 1e-5 of each output's largest value."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from priorsr.models import convert_released
from priorsr.testing.golden import golden_state

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("name", ["student_net", "student_net1", "teacher_net", "teacher_net1"])
@torch.no_grad()
def test_answers_as_released(name: str, tmp_path: Path) -> None:
    golden = np.load(GOLDEN / f"kdfsrnet_{name}.npz")
    checkpoint = tmp_path / "released.pth"
    torch.save({"state_dict": golden_state(json.loads(str(golden["spec"])))}, checkpoint)

    model, layout = convert_released(checkpoint)
    assert name.split("_")[0] in layout
    assert not model.training
    assert ("net1" in layout) == name.endswith("net1")

    def random(seed: int) -> torch.Tensor:
        return torch.from_numpy(np.random.default_rng(seed).random((1, 3, 128, 128)).astype(np.float32))

    sr, features = model.restore(random(1), random(2) if "teacher" in name else None)
    answers = {"sr": sr} | {f"feature{i}_meanabs": f.abs().mean((2, 3)) for i, f in enumerate(features)}
    for key in golden.files:
        if key not in ("spec", "meta"):
            wanted = torch.from_numpy(golden[key])
            error = (answers[key] - wanted).abs().max() / wanted.abs().max()
            assert error < 1e-5, f"{key}: {error:.1e}"

from __future__ import annotations

import threading

import numpy as np
import pytest
import torch
from small_models import toy
from torch import Tensor

import priorsr
from priorsr.containers import SROutput
from priorsr.errors import PriorsrError
from priorsr.inference.upscaling import upscaler as module
from priorsr.inference.upscaling.upscaler import Upscaler


def lr_images(count: int, height: int = 6, width: int = 6) -> list[np.ndarray]:
    return list(np.random.default_rng(0).integers(0, 256, (count, height, width, 3), np.uint8))


def answered(model: torch.nn.Module, lr: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        sr = model.eval()(torch.from_numpy(lr).permute(2, 0, 1)[None] / 255).sr[0]
    return (sr.clamp(0, 1) * 255).round().byte().permute(1, 2, 0).numpy()


def test_images_in_batches_are_what_the_model_makes_of_each() -> None:
    model = toy()
    model.train()
    images = lr_images(37)
    found = Upscaler(model).enlarge(images)
    assert model.training
    assert all(np.array_equal(sr, answered(model, lr)) for sr, lr in zip(found, images, strict=True))


def test_sides_that_the_model_cannot_take_are_filled_up_and_cut_off() -> None:
    torch.manual_seed(0)
    model = priorsr.create("model", "encoder_decoder", width=4, depth=1, levels=2, scale=2).eval()
    (lr,) = lr_images(1, 5, 7)
    whole = np.pad(lr, ((0, 1), (0, 1), (0, 0)), mode="edge")
    (found,) = Upscaler(model).enlarge([lr])
    assert np.array_equal(found, answered(model, whole)[:10, :14])


def test_several_batches_on_a_cpu_are_computed_by_a_thread_each(monkeypatch: pytest.MonkeyPatch) -> None:
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        model, seen = toy(), set()
        barrier = threading.Barrier(2, timeout=60)

        def both_at_once(*_: object) -> None:
            barrier.wait()
            seen.add(torch.get_num_threads())

        model.register_forward_pre_hook(both_at_once)
        upscaler = Upscaler(model)
        assert upscaler.group(6, 6) == 32
        upscaler.enlarge(lr_images(32))
    finally:
        torch.set_num_threads(threads)
    assert seen == {1}


def test_large_images_make_small_batches() -> None:
    upscaler = Upscaler("bicubic")
    assert upscaler.group(16, 16) == 16 * torch.get_num_threads()
    assert upscaler.group(64, 64) == 4 * torch.get_num_threads()
    assert upscaler.group(256, 256) == torch.get_num_threads()


def test_a_model_that_needs_minutes_is_accelerated_after_two_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    model, fast, calls = toy(), toy().eval(), []

    def accelerate(given: torch.nn.Module, *, batch_size: int, device: torch.device) -> torch.nn.Module:
        assert given is model
        calls.append((batch_size, device.type))
        return fast

    monkeypatch.setattr(module, "accelerate", accelerate)
    seen: list[int] = []
    fast.register_forward_hook(lambda _, given, __: seen.append(len(given[0])))
    upscaler = Upscaler(model, faces=10**9)
    group = upscaler.group(6, 6)
    images = lr_images(group)
    for _ in range(3):
        assert np.array_equal(upscaler.enlarge(images)[-1], answered(model, images[-1]))
    assert calls == [(16, "cpu")]
    assert seen == [16] * (group // 16)
    upscaler.enlarge(images[:3])
    upscaler.enlarge(lr_images(group, 8, 8))
    assert seen == [16] * (group // 16)  # another size, and what is left of a group, are computed plainly


def test_a_model_that_needs_seconds_is_not_accelerated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "accelerate", lambda *_, **__: pytest.fail("it was accelerated"))
    upscaler = Upscaler(toy(), faces=100)
    for _ in range(3):
        upscaler.enlarge(lr_images(upscaler.group(6, 6)))


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (lambda lr: torch.full((len(lr), 3, 12, 12), torch.nan), "the model Toy returns NaN or infinity"),
        (lambda lr: lr, r"the model Toy returns \(1, 3, 6, 6\) for \(1, 3, 6, 6\); \(1, 3, 12, 12\) was expected"),
    ],
)
def test_what_is_no_image_is_told(answer: object, sentence: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def forward(lr: Tensor) -> SROutput:
        return SROutput(answer(lr))

    model = toy()
    monkeypatch.setattr(model, "forward", forward)
    with pytest.raises(PriorsrError, match=sentence):
        Upscaler(model).enlarge(lr_images(1))


def test_a_device_that_is_none_is_told() -> None:
    with pytest.raises(PriorsrError, match="upscale: device is 'gpu'; a device of torch's was expected"):
        Upscaler("bicubic", device="gpu")

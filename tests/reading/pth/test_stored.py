"""A tensor is made only of what lies in its storage, each element at a place of its own."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from priorsr.errors import DataError
from priorsr.reading.pth.state_dicts import read_state_dict

sys.path.insert(0, str(Path(__file__).parent))

from checkpoints import Call, Kept, dumps, tensor, write_zip

SIX = torch.arange(6.0)


def read(path: Path, value: object) -> torch.Tensor:
    write_zip(path, dumps({"a": value}), _0=SIX.numpy().tobytes())
    return read_state_dict(path)["a"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (tensor((2, 3), (3, 1)), SIX.view(2, 3)),
        (tensor((3, 2), (1, 3)), SIX.view(2, 3).T),
        (tensor((2,), (2,), offset=1), SIX[1:4:2]),
        (tensor((), ()), SIX[0]),
        (tensor((0, 3), (3, 1)), torch.empty(0, 3)),
        (tensor((1, 6), (99, 1)), SIX[None]),
        (tensor((2,), (1,), view=(("0", 3, 2),)), SIX[3:5]),
        (
            tensor((3,), (1,), count=3, kind=torch.DoubleStorage),
            SIX.view(torch.float64),
        ),
    ],
)
def test_what_lies_in_its_storage_is_read(value: object, expected: torch.Tensor, tmp_path: Path) -> None:
    found = read(tmp_path / "a.pth", value)
    assert found.dtype == expected.dtype
    assert torch.equal(found, expected)


LARGE = 2**62
REFUSED = {
    "reaches to element 6 of a storage of 6": tensor((7,), (1,)),
    "reaches to element 6 of": tensor((2, 3), (3, 1), offset=1),
    "reaches to element 10 of": tensor((2, 3), (8, 1)),
    "reaches to element 1 of a storage of 1": tensor((2,), (1,), view=(("0", 5, 1),)),
    "overlaps itself: it has the size (1000000000,)": tensor((10**9,), (0,)),
    "overlaps itself: it has the size (2, 2)": tensor((2, 2), (1, 1)),
    "overlaps itself: it has the size (2, 3)": tensor((2, 3), (2, 1)),
    "has the offset -1": tensor((2,), (1,), offset=-1),
    "size (-2,) and": tensor((-2,), (1,)),
    "strides (-1,)": tensor((2,), (-1,), offset=3),
    f"size ({LARGE}, 0)": tensor((LARGE, 0), (1, 1)),
    "size (2.0,)": tensor((2.0,), (1,)),
    "size (True,)": tensor((True,), (1,)),
    "size [2]": tensor([2], (1,)),
    "strides (1, 1)": tensor((2,), (1, 1)),
    "has the size (1, 1": tensor((1,) * 17, (1,) * 17),
    "of 7 float32, of which the file has 24 bytes": tensor((2,), (1,), count=7),
    "6 elements, 4 of them from 3": tensor((2,), (1,), view=(("0", 3, 4),)),
    "of -6 elements": tensor((2,), (1,), count=-6),
    f"of {LARGE} elements": tensor((2,), (1,), count=LARGE),
    "of 'six' elements": tensor((2,), (1,), count="six"),
    "lacks its member 'data/1'": tensor((2,), (1,), key="1"),
    "lacks its member 'data/../../0'": tensor((2,), (1,), key="../../0"),
    "holds the storage ['0']": tensor((2,), (1,), key=["0"]),
    "a torch.storage.UntypedStorage; one of plain numbers": tensor((2,), (1,), kind=torch.UntypedStorage),
    "a posix.mkdir; one of plain numbers": tensor((2,), (1,), kind=os.mkdir),
    "names ('storage', 'FloatStorage'": tensor((2,), (1,), kind="FloatStorage"),
    "names ('else',)": Kept("else"),
    "is made by _rebuild_sparse_tensor": Call(torch._utils._rebuild_sparse_tensor, 1, ()),
    "is made by _rebuild_meta_tensor_no_storage": Call(torch._utils._rebuild_meta_tensor_no_storage, 1, (), (), False),
    "is made by _rebuild_tensor_v2": Call(torch._utils._rebuild_tensor_v2, "storage", 0, (2,), (1,), False, {}),
    "is stored conjugated or negated": Call(
        torch._utils._rebuild_tensor_v2,
        Kept("storage", torch.FloatStorage, "0", "cpu", 6),
        0,
        (2,),
        (1,),
        False,
        {},
        {"neg": True},
    ),
    "is a NumPy array of 'O8'": np.array([None]),
    "is a NumPy array of 'U1'": np.array(["a"]),
    "is a NumPy array of 'V8'": np.zeros(1, [("a", "f8")]),
}


@pytest.mark.parametrize(("sentence", "value"), REFUSED.items(), ids=REFUSED)
def test_what_does_not_is_refused(sentence: str, value: object, tmp_path: Path) -> None:
    path = tmp_path / "a.pth"
    with pytest.raises(DataError) as raised:
        read(path, value)
    assert str(raised.value).startswith(f"{path}: ")
    assert sentence in str(raised.value)


def test_tensors_that_share_a_storage_may_not_add_up_to_much_more_than_the_file(tmp_path: Path) -> None:
    path, large = tmp_path / "a.pth", torch.rand(10_000)
    torch.save({str(number): large for number in range(4)}, path)  # as tied weights are
    assert len(read_state_dict(path)) == 4
    torch.save({str(number): large for number in range(6)}, path)
    with pytest.raises(DataError, match="the tensor '4' shares its storage with too many others"):
        read_state_dict(path)


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6, dtype=np.float32).reshape(2, 3),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.array([1, 2], dtype=np.int16),
        np.array([True, False]),
        np.array(2.5),
    ],
)
def test_arrays_of_plain_numbers_are_tensors(array: np.ndarray, tmp_path: Path) -> None:
    found = read(tmp_path / "a.pth", array)
    assert torch.equal(found, torch.from_numpy(np.ascontiguousarray(array).reshape(array.shape)))


def test_truth_values_are_one_of_two(tmp_path: Path) -> None:
    write_zip(tmp_path / "a.pth", dumps({"a": tensor((3,), (1,), count=3, kind=torch.BoolStorage)}), _0=b"\x00\x01\x07")
    assert read_state_dict(tmp_path / "a.pth")["a"].view(torch.uint8).tolist() == [0, 1, 1]

"""What holds kernels to their references can fail."""

from __future__ import annotations

import pytest
import torch


def test_unwritten_memory_is_seen(agree) -> None:
    with pytest.raises(AssertionError):
        agree(torch.empty(3), torch.zeros(3, dtype=torch.float64))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_an_error_is_seen(agree, dtype: torch.dtype) -> None:
    exact = torch.rand(100, dtype=torch.float64)
    agree(exact.to(dtype), exact)
    with pytest.raises(AssertionError):
        agree((exact * 1.05).to(dtype), exact)
    with pytest.raises(AssertionError):
        agree(exact[:50].to(dtype), exact)

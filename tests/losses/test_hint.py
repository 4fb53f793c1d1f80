from __future__ import annotations

import torch
from torch.nn import functional as F

import priorsr


def test_it_is_the_squared_error_of_the_regressed_features() -> None:
    torch.manual_seed(0)
    loss = priorsr.create("distillation", "hint", student_channels=(2, 3), teacher_channels=(5, 4))
    student = [torch.randn(2, 2, 4, 4), torch.randn(2, 3, 2, 2)]
    teacher = [torch.randn(2, 5, 4, 4), torch.randn(2, 4, 2, 2)]
    told = [regressor(s) for regressor, s in zip(loss.regressors, student, strict=True)]
    wanted = sum(F.mse_loss(a, b) for a, b in zip(told, teacher, strict=True)) / 2
    torch.testing.assert_close(loss(student, teacher), wanted)


def test_regressors_learn_to_tell_a_linear_teacher() -> None:
    torch.manual_seed(0)
    loss = priorsr.create("distillation", "hint", student_channels=(3,), teacher_channels=(4,))
    student = torch.randn(4, 3, 4, 4)
    teacher = F.conv2d(student, torch.randn(4, 3, 1, 1))
    optimiser = torch.optim.Adam(loss.parameters(), 0.05)
    for _ in range(200):
        optimiser.zero_grad()
        loss([student], [teacher]).backward()
        optimiser.step()
    assert loss([student], [teacher]) < 1e-3

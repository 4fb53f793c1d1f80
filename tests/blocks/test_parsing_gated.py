from __future__ import annotations

import torch
from torch.nn import functional as F

import priorsr


def test_it_is_its_formula() -> None:
    torch.manual_seed(0)
    fusion = priorsr.create("fusion", "parsing_gated", channels=8, prior_channels=3)
    features, parsing = torch.randn(2, 8, 5, 6), torch.randn(2, 3, 5, 6).softmax(1)
    f = fusion.body2(F.relu(fusion.body1(features)))
    gated = torch.cat([f * fusion.channel_gate(f), f * fusion.spatial_gate(f)], 1)
    informed = fusion.join_inputs(torch.cat([fusion.of_features(features), fusion.of_map(parsing)], 1))
    wanted = features + fusion.join(torch.cat([fusion.join_gates(gated), informed], 1))
    torch.testing.assert_close(fusion(features, parsing), wanted)
    assert fusion.channel_gate.pools == ("average", "maximum", "variance")
    assert fusion.channel_gate.squeeze.out_channels == 2  # reduction 4

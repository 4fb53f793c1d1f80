"""The fusion of KDFSRNet's teacher: the parsing map as a picture beside the image."""

from __future__ import annotations

from torch import Tensor, nn

from priorsr.blocks import check_fusion, resize_map
from priorsr.priors import parsing_picture


class PictureFusion(nn.Module):
    """A fusion that adds a convolution of the parsing map, painted as a picture, to the features.

    The released teacher's head convolves image and picture side by side, which equals the sum of a convolution of each.
    So this fusion, after a head that convolves the image only, is the same network.

    Shapes: features (B,C,H,W), parsing map (B,P,h,w), resized to H x W -> (B,C,H,W). A map with P = 3 is taken for a
        picture; any other is class probabilities, which the label map's fixed palette turns into a picture. Wrong
        shapes raise ShapeError.
    Range: linear, unbounded; the picture lies in [0, 1].
    Source: KDFSRNet (TCSVT 2022), the teacher's input. Departure: the palette is ours, since the paper's is not
        published.
    """

    kind = "fusion"
    prior = "parsing"

    def __init__(self, channels: int, prior_channels: int) -> None:
        super().__init__()
        self.channels, self.prior_channels = channels, prior_channels
        self.conv = nn.Conv2d(3, channels, 3, padding=1, bias=False)

    def forward(self, features: Tensor, prior_map: Tensor) -> Tensor:
        check_fusion(features, prior_map, self.channels, self.prior_channels, "parsing picture fusion")
        picture = prior_map if self.prior_channels == 3 else parsing_picture(prior_map)
        return features + self.conv(resize_map(picture, (features.shape[2], features.shape[3])))

"""`priorsr data priors`: estimate the priors of a face set."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from priorsr.cli import completion
from priorsr.cli.data.shared_options import Out, print_face_set

if TYPE_CHECKING:
    from priorsr.data import Reduction

LR_IMAGES = "LR images"  # a panel of the help


def priors(
    path: Annotated[Path, typer.Argument(metavar="SET", help="A face set.")],
    out: Out,
    estimator: Annotated[
        list[str],
        typer.Option(
            help="Estimator, by name or weights file (.safetensors); repeatable, one for each kind of prior.",
            autocompletion=completion.of_kind("estimator"),
        ),
    ],
    seen: Annotated[
        Literal["hr", "lr"], typer.Option("--from", help="Estimate from HR images, or from LR images enlarged.")
    ] = "hr",
    reduction: Annotated[
        str | None,
        typer.Option(
            help="Kernel that makes the LR images.",
            show_default="pil-bicubic",
            autocompletion=completion.reductions,
            rich_help_panel=LR_IMAGES,
        ),
    ] = None,
    scale: Annotated[
        int | None,
        typer.Option(help="Factor by which LR images are smaller.", show_default="8", rich_help_panel=LR_IMAGES),
    ] = None,
    landmarks: Annotated[
        Literal["estimated", "from-parsing"],
        typer.Option(help="Keep estimated landmarks, or derive them from the estimated parsing maps."),
    ] = "estimated",
    fetch: Annotated[bool, typer.Option("--fetch", help="Download published weights that are not on disk.")] = False,
    device: Annotated[
        str, typer.Option(help="Run the estimators on this device, such as cuda.", autocompletion=completion.devices)
    ] = "cpu",
) -> None:
    """Copy a face set, with estimated priors in place of its own.

    After an interruption, the same command continues.

    Examples:
      priorsr data priors faces faces-estimated --estimator parsing_net
      priorsr data priors faces faces-lr --estimator parsing_net --from lr
    """
    from priorsr.data import FaceSet
    from priorsr.data.estimated import estimate_priors

    print_face_set(
        estimate_priors(
            FaceSet.open(path),
            out,
            estimator,
            seen=seen,
            reduction=_reduction(reduction, scale),
            landmarks=landmarks,
            fetch=fetch,
            device=device,
        )
    )


def _reduction(kernel: str | None, scale: int | None) -> Reduction | None:
    """Return the reduction of which a kernel or a scale is given, None where neither is."""
    from priorsr.data.reduction import USUAL, Reduction

    if kernel is None and scale is None:
        return None
    return Reduction(scale=USUAL.scale if scale is None else scale, kernel=USUAL.kernel if kernel is None else kernel)

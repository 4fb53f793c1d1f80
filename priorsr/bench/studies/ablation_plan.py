"""Plan an ablation: the runs of every variant, fixed before the first of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product as product_of
from pathlib import Path
from typing import Any

from priorsr.bench.studies.trainings import Training
from priorsr.bench.studies.variants import Variant, Variants
from priorsr.data import FaceSet
from priorsr.errors import DataError, OptionError, PriorsrError, did_you_mean
from priorsr.files import atomic_json, check_folder, sha256_json
from priorsr.metrics import Protocol
from priorsr.plugins import SESSION
from priorsr.reading.json_files import read_json
from priorsr.registry import locate
from priorsr.training.blueprint import first_difference, plain
from priorsr.training.plan import check_stages, steps_by_total
from priorsr.training.stage import Stage


@dataclass(frozen=True)
class Budget:
    """The budget that all variants share. steps: of each run; seeds: runs of each variant."""

    recipe: str
    preset: str | None
    steps: int
    seeds: int


@dataclass(frozen=True, eq=False)
class Plan:
    """A variant's runs, one for each seed. stage: the last that trains `product`, the scored model. steps: by stage."""

    variant: Variant
    product: str
    scale: int
    stage: str
    steps: dict[str, int]
    trainings: tuple[Training, ...]


def make_plans(variants: Variants, budget: Budget, product: str | None, faces: FaceSet, out: Path) -> list[Plan]:
    """Return the plan of each variant, the base first.

    Builds every variant once, so that a wrong one raises before training.

    product: by default that of the base's last stage. Raises the errors of building a variant, and OptionError for a
    variant that does not end with a model of that name.
    """
    plans: list[Plan] = []
    for variant in variants:
        who = f"the recipe {budget.recipe!r} ({variant.name})"
        stages = _stages(variant)
        products = {stage.product: stage for stage in stages if stage.product}
        product = product or stages[-1].product
        if product not in products:
            known = did_you_mean(product, products) if product else f"its products: {', '.join(products) or 'none'}"
            raise OptionError(f"{who} has no product {product or 'at its end'!r}; {known}")
        last = products[product]
        model: Any = last.modules[product]
        if getattr(model, "kind", None) != "model":
            raise OptionError(f"{who} has the product {product!r}, a {type(model).__name__}; a model was expected")
        folder = out / "runs" / _file_name(variant)
        trainings = tuple(_training(variant, budget, seed, faces, folder) for seed in range(budget.seeds))
        plans.append(Plan(variant, product, model.scale, last.name, steps_by_total(stages, budget.steps), trainings))
    return plans


def _stages(variant: Variant) -> Sequence[Stage]:
    try:
        stages = variant.plan.build(0)[1]
        check_stages(stages)
    except PriorsrError as error:
        raise type(error)(f"{variant.name}: {error}") from error
    return stages


def check_scales(plans: Iterable[Plan], protocols: Iterable[Protocol]) -> None:
    """Raise OptionError for a model whose scale differs from a protocol's."""
    for plan, protocol in product_of(plans, protocols):
        wanted = protocol.reduction.scale
        if plan.scale != wanted:
            raise OptionError(
                f"{plan.variant.name}: {plan.product!r} enlarges by {plan.scale}, and {protocol.id} scores {wanted}"
            )


def check_for_processes(budget: Budget, plans: Iterable[Plan]) -> None:
    """Raise OptionError for components and values that cannot be passed to other processes."""
    if locate("recipe", budget.recipe).distribution == SESSION:
        raise OptionError(f"the recipe {budget.recipe!r} is registered in this program alone; jobs=1 was expected")
    for plan in plans:
        try:
            json.dumps(dict(plan.variant.overrides))
        except TypeError as error:
            raise OptionError(f"{plan.variant.name}: with several jobs, values must be JSON ({error})") from error


def settle(out: Path, variants: Variants, vary: Mapping[str, Any], full: bool, budget: Budget, faces: FaceSet) -> None:
    """Write the plan into `out`; a later call may have another number of seeds, since runs are independent.

    Raises DataError if `out` is a file, and OptionError if it holds an ablation that trains something else.
    """
    check_folder(out, "a folder for the ablation")
    asked = {
        "recipe": budget.recipe,
        "base": variants.base.plan.plain_config(),
        "vary": plain(vary),
        "full": full,
        "steps": budget.steps,
        "data": faces.hash,
    }
    path = out / "request.json"
    if not path.exists():
        atomic_json(path, asked)
        return
    before = read_json(path)
    if not isinstance(before, dict):
        raise DataError(f"{path}: holds a {type(before).__name__}; the plan of an ablation was expected")
    if change := first_difference({key: before.get(key) for key in asked}, asked):
        raise OptionError(f"{out}: holds another ablation: {change}; another folder was expected, or the same command")


def _training(variant: Variant, budget: Budget, seed: int, faces: FaceSet, folder: Path) -> Training:
    return Training(
        label=f"{variant.name}, seed {seed}",
        recipe=budget.recipe,
        data=str(faces.path),
        out=str(folder / f"seed-{seed}"),
        preset=budget.preset,
        overrides=dict(variant.overrides),
        steps=budget.steps,
        seed=seed,
    )


def _file_name(variant: Variant) -> str:
    """Return a folder name for the variant: its own name if possible, and a hash that makes it unique."""
    readable = re.sub(r"[^A-Za-z0-9.=_-]+", "-", variant.name)[:60].strip("-.")
    return f"{readable}-{sha256_json(plain(variant.changes))[:6]}"

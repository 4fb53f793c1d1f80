"""The training of PFSR: first a small FAN, then the generator step by step, against a critic that grows with it."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from typing import NamedTuple

from torch import nn

from priorsr.errors import OptionError
from priorsr.losses import PerceptualLoss
from priorsr.models import load
from priorsr.registry import build_part
from priorsr.training import Optimiser, Stage, Step
from priorsr_pfsr.discriminator import Discriminator
from priorsr_pfsr.fan import DistilledFAN
from priorsr_pfsr.model import PFSR
from priorsr_pfsr.recipe_config import TERMS, PFSRRecipeConfig
from priorsr_pfsr.steps import learn_adversarially, learn_heatmaps, learn_pixels


class _Plan(NamedTuple):
    """The plan of a stage: its name, trained modules, modules only called, step and product.

    terms: the terms of the generator's loss in this stage.
    """

    name: str
    trained: tuple[str, ...]
    asked: tuple[str, ...]
    step: Step
    product: str | None
    terms: Collection[str] = TERMS


class PFSRRecipe:
    """PFSR's stages: `fan`, then `x2`, `x4`, `x8`, each of which starts from the one before and fades its step in.

    fan: trains the distilled FAN on heatmaps drawn around its teacher's landmarks (or the data's valid ones), with
        sigma 1/64 of the side, at the sizes at which it will be used, in turn; by MSE with heavier peaks.
    x2, x4, x8: WGAN-GP with a drift, one critic step after each generator step, on newly generated images; the
        generator also has L1, perceptual, attention and heatmap losses. HR is halved to a step's size, bilinearly with
        antialiasing.
    With `pixel_stages` (nano), `pixel-x2`, `pixel-x4` and `pixel` come first, by L1 only, and only `x8` is adversarial,
    without a fade.

    The FAN, and the generator at its full scale (stages `pixel` and `x8`), are validated and saved. Validation never
    fades, so the first scores of a stage that fades its step in are low.

    Source: PFSR (BMVC 2019, arXiv 1908.08239); how it was trained is known in part only. Departures: the FAN learns
        from drawn heatmaps, since its hint-based training is not described further; each argument of the heatmap loss
        is normalised by its own minimum; of the augmentations (flip, 20 degrees, colours) only the flip is available;
        those of `nano` are listed in its config.
    """

    kind = "recipe"
    Config = PFSRRecipeConfig

    def __init__(self, config: PFSRRecipeConfig) -> None:
        self.config = config
        self.scale = config.generator.scale
        self.reduction = config.reduction

    def stages(self) -> list[Stage]:
        networks = self._networks()
        trained_in: dict[str, str] = {}
        found = []
        for plan in self._plans():
            modules = {name: networks[name] for name in (*plan.trained, *plan.asked) if name in networks}
            starts_from = {name: trained_in[name] for name in modules if name in trained_in}
            found.append(self._stage(plan, modules, starts_from))
            trained_in |= dict.fromkeys(plan.trained, plan.name)
        return found

    def _plans(self) -> list[_Plan]:
        config, last = self.config, self.config.generator.steps
        plans = []
        if self._fan_is_needed and config.fan_weights is None:
            plans.append(_Plan("fan", ("fan",), ("teacher",), partial(learn_heatmaps, config), "fan"))
        for step, name in enumerate(config.pixel_names, 1):
            product = "generator" if step == last else None
            learn: Step = partial(learn_pixels, config, step)
            plans.append(_Plan(name, ("generator",), (), learn, product, ("pixel",)))
        for step, name in config.adversarial_names.items():
            product = "generator" if step == last else None
            learn = partial(learn_adversarially, config, step)
            terms = config.weights_at(step).keys()
            asked = {"fan": {"attention", "heatmap"} & terms, "perceptual": {"perceptual"} & terms}
            helpers = tuple(network for network, by in asked.items() if by)
            trained = ("generator", "discriminator") if "adversarial" in terms else ("generator",)
            plans.append(_Plan(name, trained, helpers, learn, product, terms))
        return plans

    @property
    def _fan_is_needed(self) -> bool:
        return bool(self.config.steps_with("attention", "heatmap"))

    def _networks(self) -> dict[str, nn.Module]:
        """Build all networks of all stages; raises MissingWeightsError for pretrained ones not on disk."""
        config = self.config
        found: dict[str, nn.Module] = {
            "generator": PFSR(config.generator),
            "discriminator": Discriminator(config.discriminator),
        }
        if self._fan_is_needed and config.fan_weights is None:
            found["fan"] = DistilledFAN(config.fan_widths)
            if config.teacher is not None:
                found["teacher"] = build_part("estimator", config.teacher)
        elif self._fan_is_needed:
            found["fan"] = load(str(config.fan_weights))
            if not isinstance(found["fan"], DistilledFAN):
                raise OptionError(
                    f"fan_weights is {config.fan_weights}, which holds a {type(found['fan']).__name__}; weights of a "
                    "distilled_fan were expected"
                )
        if config.steps_with("perceptual"):
            found["perceptual"] = PerceptualLoss()
        return found

    def _stage(self, plan: _Plan, modules: dict[str, nn.Module], starts_from: dict[str, str]) -> Stage:
        config = self.config
        adversarial = plan.name in config.adversarial_names.values()
        return Stage(
            name=plan.name,
            modules=modules,
            frozen=frozenset(modules) - set(plan.trained),
            optimisers={
                name: Optimiser(
                    (name,),
                    lr=config.learning_rate if adversarial else config.pixel_learning_rate,
                    betas=config.betas if adversarial else config.pixel_betas,
                    schedule=config.schedule,
                    clip=config.clip,
                )
                for name in plan.trained
            },
            step=plan.step,
            length=config.length,
            share=config.shares.get(plan.name, 1.0),
            starts_from=starts_from,
            product=plan.product,
            ema=config.ema if plan.product else None,
            absent={term: "its weight is 0 in this stage" for term in TERMS if term not in plan.terms},
            batch_size=config.batch_size,
            flip=config.flip,
            zoom=config.zoom,
        )

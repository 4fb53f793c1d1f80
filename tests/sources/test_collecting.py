"""Whose code takes part, and which of its changes are changes: on distributions made here."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

import priorsr
from priorsr.sources import Component, code_hash, components_of
from priorsr.sources.closure import Closure
from tests.sources.found_components import the

FUSION = '''
"""A fusion."""
import torch
from torch import nn
from fsr_x.gain import GAIN, strengthened


class Mine(nn.Module):
    """Adds."""

    kind = "fusion"
    prior = "any"

    def __init__(self, channels, prior_channels, strength=1.0):
        super().__init__()
        self.project = nn.Conv2d(prior_channels, channels, 1)

    def forward(self, features, prior_map):
        """Add the projected map."""
        if features.ndim != 4:
            raise ValueError("no map")
        mapped = nn.functional.interpolate(prior_map, features.shape[2:])
        return features + GAIN * strengthened(self.project(mapped))
'''


GAIN = """
GAIN = 0.5

def strengthened(x):
    return 2 * x
"""

FILES = {"fsr_x/__init__.py": "", "fsr_x/fusion.py": FUSION, "fsr_x/gain.py": GAIN}
OFFERS = {"fusion": "mine = fsr_x.fusion:Mine"}

Install = Callable[..., None]


def fusion_hash() -> str:
    fusion = priorsr.create("fusion", "mine", channels=4, prior_channels=2)
    return the("fusion", components_of([fusion], "inference")).hash


def test_a_model_names_every_part_that_it_was_built_of(install: Install) -> None:
    install("fsr-x", OFFERS, FILES, version="0.3.0")
    teacher = priorsr.create("model", "pkdn-teacher", preset="nano", fusion="mine")
    found = components_of([teacher], "inference")
    assert {(part.kind, part.name, part.distribution, part.version) for part in found} == {
        ("model", "pkdn-teacher", "priorsr-pkdn", "0.1.0"),
        ("fusion", "mine", "fsr-x", "0.3.0"),
        ("attention", "channel", "priorsr", "0.1.0"),
        ("retention", "concat", "priorsr", "0.1.0"),
        ("upsampler", "pixel_shuffle", "priorsr", "0.1.0"),
        ("library", "priorsr", "priorsr", "0.1.0"),
    }
    assert {part.used_for for part in found} == {"inference"}
    assert found == tuple(sorted(found))


def test_parts_of_parts_and_parts_that_are_no_modules_are_named() -> None:
    class Wrapper:
        kind = "score"
        higher_is_better = True

        def __init__(self) -> None:
            self.judges = [priorsr.create("estimator", "parsing_net")]

    found = components_of([Wrapper()], "score:ours")
    assert [(part.kind, part.name, part.distribution) for part in found] == [
        ("estimator", "parsing_net", "priorsr"),
        ("score", f"{Wrapper.__qualname__}", "unregistered"),
    ]


MAKERS_WORDS = {
    "a comment": {"fsr_x/fusion.py": FUSION.replace("import torch\n", "import torch  # the library\n")},
    "docstrings": {"fsr_x/fusion.py": FUSION.replace("Add the projected map.", "Fuse.").replace("A fusion.", "One.")},
    "no docstring": {"fsr_x/fusion.py": FUSION.replace('        """Add the projected map."""\n', "")},
    "the text of an error": {"fsr_x/fusion.py": FUSION.replace('"no map"', 'f"{features.ndim} is not 4"')},
    "line breaks": {"fsr_x/fusion.py": FUSION.replace("features + GAIN", "features + (\n    GAIN)")},
    "a version": {"fsr_x/__init__.py": '__version__ = "2"\n__all__ = []\n'},
    "a renamed file": {
        "fsr_x/gain.py": None,
        "fsr_x/strength.py": GAIN,
        "fsr_x/fusion.py": FUSION.replace("fsr_x.gain", "fsr_x.strength"),
    },
    "a moved function": {
        "fsr_x/gain.py": "from fsr_x.other import strengthened\nGAIN = 0.5\n",
        "fsr_x/other.py": "def strengthened(x):\n    return 2 * x\n",
    },
    "another order": {"fsr_x/gain.py": "def strengthened(x):\n    return 2 * x\n\nGAIN = 0.5\n"},
    "a relative import": {"fsr_x/fusion.py": FUSION.replace("from fsr_x.gain", "from .gain")},
    "passed on by the package": {
        "fsr_x/__init__.py": "from fsr_x.gain import GAIN, strengthened\nfrom fsr_x.unused import nothing\n",
        "fsr_x/unused.py": "nothing = 1\n",
        "fsr_x/fusion.py": FUSION.replace("fsr_x.gain", "fsr_x"),
    },
    "an import for type checkers": {
        "fsr_x/fusion.py": FUSION.replace(
            "import torch\n", "import torch\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import json\n"
        )
    },
    "a module that nothing imports": {"fsr_x/other.py": "GAIN = 7\n"},
}


@pytest.mark.parametrize("change", MAKERS_WORDS.values(), ids=MAKERS_WORDS)
def test_words_and_moves_keep_the_hash(install: Install, change) -> None:
    install("fsr-x", OFFERS, FILES)
    before = fusion_hash()
    install("fsr-x", OFFERS, {p: s for p, s in {**FILES, **change}.items() if s is not None}, version="0.2.0")
    assert fusion_hash() == before


def test_a_moved_package_keeps_the_hash(install: Install) -> None:
    install("fsr-x", OFFERS, FILES)
    before = fusion_hash()
    moved = {
        path.replace("fsr_x/", "fsr_x/deep/"): text.replace("fsr_x.", "fsr_x.deep.") for path, text in FILES.items()
    }
    install("fsr-x", {"fusion": "mine = fsr_x.deep.fusion:Mine"}, {**moved, "fsr_x/__init__.py": ""})
    assert fusion_hash() == before


MATHS = {
    "the class": {"fsr_x/fusion.py": FUSION.replace("features + GAIN", "features - GAIN")},
    "when an error is raised": {"fsr_x/fusion.py": FUSION.replace("ndim != 4", "ndim < 4")},
    "the class of an error": {"fsr_x/fusion.py": FUSION.replace("ValueError", "TypeError")},
    "an option's default": {"fsr_x/fusion.py": FUSION.replace("strength=1.0", "strength=2.0")},
    "a constant of a helper": {"fsr_x/gain.py": GAIN.replace("0.5", "0.25")},
    "a function of a helper": {"fsr_x/gain.py": GAIN.replace("2 * x", "x * x")},
    "a helper's helper": {
        "fsr_x/gain.py": GAIN.replace("2 * x", "double(x)") + "from fsr_x.deeper import double\n",
        "fsr_x/deeper.py": "def double(x):\n    return 3 * x\n",
    },
    "what a module does when it is imported": {"fsr_x/gain.py": GAIN + "\nif True:\n    GAIN = 0.25\n"},
    "two statements swapped": {"fsr_x/gain.py": GAIN + "\nGAIN = 3\nGAIN = 2\n"},
    "an import from elsewhere": {
        "fsr_x/fusion.py": FUSION.replace(
            "import GAIN, strengthened", "import GAIN\nfrom torch import relu as strengthened"
        )
    },
    "another name of the same module": {
        "fsr_x/fusion.py": FUSION.replace("strengthened\n", "strengthened as old, weakened as strengthened\n", 1),
        "fsr_x/gain.py": GAIN + "def weakened(x):\n    return x\n",
    },
}


@pytest.mark.parametrize("change", MATHS.values(), ids=MATHS)
def test_maths_changes_the_hash(install: Install, change) -> None:
    install("fsr-x", OFFERS, FILES)
    before = fusion_hash()
    install("fsr-x", OFFERS, {**FILES, **change})
    assert fusion_hash() != before


def test_statements_of_one_name_keep_their_order(install: Install) -> None:
    install("fsr-x", OFFERS, {**FILES, "fsr_x/gain.py": GAIN + "\nGAIN = 3\nGAIN = 2\n"})
    before = fusion_hash()
    install("fsr-x", OFFERS, {**FILES, "fsr_x/gain.py": GAIN + "\nGAIN = 2\nGAIN = 3\n"})
    assert fusion_hash() != before


def test_equal_names_of_two_modules_are_not_mixed_up(install: Install) -> None:
    """The same statements, with the two helpers' private functions swapped, or the import taken from the other."""
    sharp, soft = (
        "def _k():\n    return 1\n\ndef f():\n    return _k()\n",
        "def _k():\n    return 2\n\ndef g():\n    return _k()\n",
    )
    both = FUSION.replace(
        "from fsr_x.gain", "from fsr_x.sharp import f\nfrom fsr_x.soft import g\nUSED = f, g\nfrom fsr_x.gain"
    )
    files = {**FILES, "fsr_x/fusion.py": both, "fsr_x/sharp.py": sharp, "fsr_x/soft.py": soft}
    install("fsr-x", OFFERS, files)
    before = fusion_hash()
    swapped = {"fsr_x/sharp.py": sharp.replace("1", "2"), "fsr_x/soft.py": soft.replace("2", "1")}
    install("fsr-x", OFFERS, {**files, **swapped})
    assert fusion_hash() != before
    install(
        "fsr-x",
        OFFERS,
        {**files, "fsr_x/fusion.py": both.replace("USED = f, g", "from fsr_x.soft import _k\nUSED = f, g, _k")},
    )
    of_soft = fusion_hash()
    install(
        "fsr-x",
        OFFERS,
        {**files, "fsr_x/fusion.py": both.replace("USED = f, g", "from fsr_x.sharp import _k\nUSED = f, g, _k")},
    )
    assert fusion_hash() != of_soft


@pytest.mark.parametrize("helper", ["fsr_x_help.py", "fsr_x_help/__init__.py"])
def test_a_second_package_of_the_same_distribution_counts(install: Install, helper: str) -> None:
    files = {"fsr_x.py": FUSION.replace("fsr_x.gain", "fsr_x_help"), helper: GAIN}
    install("fsr-x", {"fusion": "mine = fsr_x:Mine"}, files)
    before = fusion_hash()
    install("fsr-x", {"fusion": "mine = fsr_x:Mine"}, {**files, helper: GAIN.replace("0.5", "0.25")})
    assert fusion_hash() != before


def test_two_classes_of_one_module_have_two_hashes(install: Install) -> None:
    both = FUSION + "\n\nclass Other(Mine):\n    pass\n"
    install(
        "fsr-x", {"fusion": "mine = fsr_x.fusion:Mine\nother = fsr_x.fusion:Other"}, {**FILES, "fsr_x/fusion.py": both}
    )
    hashes = {
        the("fusion", components_of([priorsr.create("fusion", name, channels=4, prior_channels=2)], "inference")).hash
        for name in ("mine", "other")
    }
    assert len(hashes) == 2


def test_a_circle_of_imports_has_an_end(install: Install) -> None:
    """The package passes on a name that it has of a module, which has it of the package."""
    there = GAIN + "\ndef late():\n    from fsr_x import again\n    return again\n"
    back = "def __getattr__(name):\n    from fsr_x.gain import again\n    return again\n"
    install("fsr-x", OFFERS, {**FILES, "fsr_x/gain.py": there, "fsr_x/__init__.py": back})
    assert len(fusion_hash()) == 64


@pytest.mark.parametrize("through", ["", "from fsr_x.fusion import gain\n"])
def test_a_module_that_its_package_names_counts(install: Install, through: str) -> None:
    fusion = FUSION.replace("from fsr_x.gain import GAIN, strengthened", "from fsr_x import gain")
    assert fusion != FUSION
    fusion = fusion.replace("GAIN * strengthened", "gain.GAIN * gain.strengthened")
    files = {**FILES, "fsr_x/__init__.py": through or "from fsr_x import gain\n", "fsr_x/fusion.py": fusion}
    install("fsr-x", OFFERS, files)
    before = fusion_hash()
    install("fsr-x", OFFERS, {**files, "fsr_x/gain.py": GAIN.replace("0.5", "0.25")})
    assert fusion_hash() != before


def test_a_file_that_is_no_python_counts_by_its_bytes(install: Install) -> None:
    lazy = "\n\ndef late():\n    from fsr_x import broken\n    return broken\n"
    install("fsr-x", OFFERS, {**FILES, "fsr_x/fusion.py": FUSION + lazy, "fsr_x/broken.py": "def ("})
    before = fusion_hash()
    install("fsr-x", OFFERS, {**FILES, "fsr_x/fusion.py": FUSION + lazy, "fsr_x/broken.py": "def (("})
    assert fusion_hash() != before


def test_what_others_import_of_priorsr_is_a_library(install: Install) -> None:
    def library(source: str) -> Component | None:
        install("fsr-x", OFFERS, {**FILES, "fsr_x/fusion.py": source})
        found = components_of([priorsr.create("fusion", "mine", channels=4, prior_channels=2)], "inference")
        return next((part for part in found if part.kind == "library"), None)

    assert library(FUSION) is None
    assert library(FUSION.replace("import torch\n", "from priorsr.errors import PriorsrError\n")) is None
    resize = library(FUSION.replace("import torch\n", "from priorsr.blocks import resize_map\n"))
    check = library(FUSION.replace("import torch\n", "from priorsr.blocks import check_fusion\n"))
    assert resize is not None
    assert check is not None
    assert (resize.name, resize.distribution) == ("priorsr", "priorsr")
    assert resize.hash != check.hash


def test_a_renamed_module_of_the_core_keeps_the_hash(install: Install) -> None:
    def digest(module: str, name: str) -> str | None:
        source = f"from {module} import {name}\n\n\ndef mine():\n    return {name}\n"
        install("fsr-x", {}, {"fsr_x/__init__.py": "", "fsr_x/mine.py": source})
        counted = Closure(["fsr_x.mine"], lambda module: "fsr-x" if module.startswith("fsr_x") else None)
        return counted.hash_of("fsr_x.mine", "mine")

    assert digest("priorsr.containers", "Prior") == digest("priorsr.types", "Prior")
    assert digest("priorsr.containers", "Prior") != digest("priorsr.registry", "Prior")


def test_the_hash_does_not_depend_on_the_process() -> None:
    program = (
        "import priorsr\nfrom priorsr.sources import components_of\n"
        "print(components_of([priorsr.create('model', 'encoder_decoder', width=4, depth=1)], 'inference'))"
    )
    found = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout.strip()
    here = components_of([priorsr.create("model", "encoder_decoder", width=4, depth=1)], "inference")
    assert found == str(here)


def test_code_that_is_given_by_its_modules_has_a_hash() -> None:
    assert code_hash(["priorsr.metrics.psnr"]) != code_hash(["priorsr.metrics.ssim"])
    assert code_hash(["priorsr.metrics.psnr", "priorsr.metrics.pairs"]) == code_hash(["priorsr.metrics.psnr"])

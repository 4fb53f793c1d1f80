"""The contract checks: what every component must hold, whoever wrote it.

Each takes an example, and raises AssertionError, or lets out what the component itself raises.
"""

from __future__ import annotations

from priorsr.testing.component_results import Check
from priorsr.testing.declaration_checks import (
    declares_its_facts,
    docstring_headings,
    local_options_are_declared,
    options_are_documented,
)
from priorsr.testing.gradient_checks import every_parameter_has_a_gradient, second_backward, teacher_is_detached
from priorsr.testing.output_checks import (
    bad_shapes_raise,
    device_follows_input,
    dtype_follows_input,
    finite_results,
    odd_sizes,
    prior_as_declared,
    residual_is_added,
    result_type,
    shapes,
)
from priorsr.testing.recipe_checks import resumes_exactly, stages_learn
from priorsr.testing.score_checks import (
    half_precision_is_close,
    numbers_for_odd_faces,
    one_number_an_image,
    values_in_range,
)
from priorsr.testing.state_checks import (
    another_batch_size,
    inputs_unchanged,
    permuted_batch,
    same_result_twice,
    state_dict_round_trip,
)

CHECKS: tuple[Check, ...] = (
    result_type,
    shapes,
    finite_results,
    odd_sizes,
    dtype_follows_input,
    device_follows_input,
    inputs_unchanged,
    same_result_twice,
    second_backward,
    another_batch_size,
    permuted_batch,
    every_parameter_has_a_gradient,
    state_dict_round_trip,
    bad_shapes_raise,
    local_options_are_declared,
    docstring_headings,
    options_are_documented,
)
ALSO: dict[str, tuple[Check, ...]] = {
    "attention": (residual_is_added,),
    "distillation": (teacher_is_detached,),
    "model": (declares_its_facts, prior_as_declared),
    "score": (one_number_an_image, values_in_range, half_precision_is_close, numbers_for_odd_faces),
}
_TRAINED = (second_backward, every_parameter_has_a_gradient)
INSTEAD: dict[str, tuple[Check, ...]] = {
    "recipe": (stages_learn, resumes_exactly, docstring_headings, options_are_documented),
    "score": tuple(check for check in CHECKS if check not in _TRAINED),  # nothing learns from a score
}


def checks_of(kind: str) -> tuple[Check, ...]:
    """Return the checks that components of a kind must pass."""
    return INSTEAD.get(kind, CHECKS) + ALSO.get(kind, ())

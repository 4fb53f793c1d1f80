"""Imports of OpenVINO and NNCF that report nothing to their makers."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

_PACKAGE = "openvino_telemetry"  # which both import, and without which both do nothing but their work


@contextmanager
def without_telemetry() -> Iterator[None]:
    """Hide the telemetry package within the block, so that what is imported there first cannot find it.

    OpenVINO sends an event whenever it is imported. Modules that a program has imported before are not affected.
    """
    hidden = {name: module for name, module in sys.modules.items() if name.partition(".")[0] == _PACKAGE}
    for name in hidden:
        del sys.modules[name]
    sys.modules[_PACKAGE] = None  # type: ignore[assignment]  # then importing it raises ImportError
    try:
        yield
    finally:
        del sys.modules[_PACKAGE]
        sys.modules.update(hidden)

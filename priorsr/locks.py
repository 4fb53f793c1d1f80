"""Locks on open files, which end with their process, however it dies."""

from __future__ import annotations

import sys

if sys.platform != "win32":
    import fcntl


def lock(descriptor: int, *, wait: bool = False) -> bool | None:
    """Lock an open file unless another process has; return whether it is locked now, or None without support for locks.

    wait: whether to wait until it can be locked.
    """
    if sys.platform == "win32":
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True

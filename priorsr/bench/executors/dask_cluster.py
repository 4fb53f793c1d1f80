"""Run tasks on the workers of a Dask cluster (dask.distributed)."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any, TypeVar

from priorsr.errors import OptionError, raised
from priorsr.files import require_extra

T = TypeVar("T")

CONNECT_SECONDS = 15


class DaskWorkers(Executor):
    """Runs tasks on the workers of the scheduler at an address of Dask's, such as tcp://HOST:PORT.

    TLS certificates are those of Dask's own configuration. Raises OptionError if no scheduler is there, and
    MissingExtraError without dask.distributed.
    """

    def __init__(self, address: str) -> None:
        require_extra("distributed", "dask")
        from distributed import Client

        try:
            self._client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False, name="priorsr")
        except Exception as error:  # of the network, of TLS, or of the address
            raise OptionError(
                f"{address}: no Dask scheduler could be reached ({raised(error)}); the address that "
                "'dask scheduler' prints was expected"
            ) from error
        self._executor = self._client.get_executor(pure=False)

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Submit a call; its future raises KilledWorker if several workers in turn die of it."""
        return self._executor.submit(fn, *args, **kwargs)

    def on_each_worker(self, fn: Callable[..., T], *args: Any) -> list[T]:
        """Return the results of a short call on every worker, busy ones too; raises the first error."""
        return list(self._client.run(fn, *args).values())

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Leave the cluster, which goes on; see `concurrent.futures.Executor`."""
        self._executor.shutdown(wait=wait and not cancel_futures)
        self._client.close()

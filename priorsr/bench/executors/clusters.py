"""Open the executor that a user names: `dask://ADDRESS` or `slurm`."""

from __future__ import annotations

import re
from concurrent.futures import Executor
from pathlib import Path

from priorsr.bench.executors.dask_cluster import DaskWorkers
from priorsr.bench.executors.slurm_cluster import slurm_jobs
from priorsr.errors import OptionError, did_you_mean

FORMS = "dask://HOST:PORT, dask://tls://HOST:PORT, slurm or slurm:NAME=VALUE,... was expected"
_DASK = re.compile(r"(?:(?:tcp|tls|ws|wss|ucx)://)?(?:\[[0-9A-Fa-f:.%]+\]|[^\s:/@\[\]]+):(?P<port>\d{1,5})")
_OPTION = re.compile(r"(?P<name>[a-z_]+)=(?P<value>[^,]+)")


def open_cluster(cluster: str, out: str | Path) -> Executor:
    """Return an executor whose tasks run on a cluster; close it with `shutdown`, or use it as a context.

    cluster: `dask://HOST:PORT` of a Dask scheduler (`dask://tls://HOST:PORT` with TLS), or `slurm`, with options of
        sbatch as in `slurm:partition=gpu,time=240,cpus_per_task=8` (time in minutes).
    out: the folder of the results, which must be shared; SLURM's job files are put into its folder `.slurm`.

    Raises OptionError for another form and an unreachable cluster, and MissingExtraError for a missing package.
    """
    kind, colon, rest = cluster.partition(":")
    if kind == "dask" and rest.startswith("//"):
        return DaskWorkers(_dask_address(cluster, rest[2:]))
    if kind == "slurm":
        return slurm_jobs(_options(cluster, rest) if colon else {}, Path(out) / ".slurm")
    hint = "" if kind in ("dask", "slurm") else f"; {did_you_mean(kind, ('dask', 'slurm'))}"
    raise OptionError(f"the cluster is {cluster!r}; {FORMS}{hint}")


def _dask_address(cluster: str, address: str) -> str:
    found = _DASK.fullmatch(address)
    if found is None or not 0 < int(found["port"]) < 2**16:
        raise OptionError(f"the cluster is {cluster!r}; dask://HOST:PORT or dask://tls://HOST:PORT was expected")
    return address if "://" in address else f"tcp://{address}"


def _options(cluster: str, text: str) -> dict[str, int | str]:
    options: dict[str, int | str] = {}
    for part in text.split(","):
        found = _OPTION.fullmatch(part)
        if found is None or found["name"] in options:
            raise OptionError(f"the cluster is {cluster!r}; slurm:NAME=VALUE,... with each name once was expected")
        options[found["name"]] = int(found["value"]) if found["value"].isdecimal() else found["value"]
    return options

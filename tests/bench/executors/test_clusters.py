"""Names of clusters: each form, and a sentence for any other."""

from __future__ import annotations

from pathlib import Path

import pytest

from priorsr.bench.executors import clusters
from priorsr.bench.executors.clusters import open_cluster
from priorsr.errors import MissingExtraError, OptionError


@pytest.mark.parametrize(
    ("cluster", "address"),
    [
        ("dask://10.0.0.1:8786", "tcp://10.0.0.1:8786"),
        ("dask://head-node.example:8786", "tcp://head-node.example:8786"),
        ("dask://[::1]:8786", "tcp://[::1]:8786"),
        ("dask://tls://head:8786", "tls://head:8786"),
    ],
)
def test_addresses_of_dask(cluster: str, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "DaskWorkers", lambda found: found)
    assert open_cluster(cluster, tmp_path) == address


def test_options_of_slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "slurm_jobs", lambda options, folder: (options, folder))
    assert open_cluster("slurm", tmp_path) == ({}, tmp_path / ".slurm")
    assert open_cluster("slurm:partition=gpu,time=240", tmp_path)[0] == {"partition": "gpu", "time": 240}


WRONG = """
dask|dask:|dask:head:8786|dask://|dask://head|dask://head:|dask://head:0|dask://head:65536|dask://http://head:1
dask://a b:1|dask://user@head:1|dask://tcp://head:1/x|dask://::1|ray://head:1|slrum|slurm://head|slurm:|slurm:time
slurm:time=1,time=2|slurm:time=1,|kubernetes|Slurm
"""


@pytest.mark.parametrize("cluster", ["", *WRONG.strip().replace("\n", "|").split("|")])
def test_other_forms_are_one_sentence(cluster: str, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="was expected") as raised:
        open_cluster(cluster, tmp_path)
    assert str(raised.value).startswith(f"the cluster is {cluster!r}; ")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("cluster", "package"), [("dask://head:8786", "distributed"), ("slurm", "submitit")])
def test_a_missing_package_is_named_with_its_extra(cluster, package, tmp_path, monkeypatch) -> None:
    found = "importlib.util.find_spec"
    monkeypatch.setattr(found, lambda name: None)
    extra = cluster.partition(":")[0]
    with pytest.raises(MissingExtraError, match=rf"the package '{package}': install it with .*priorsr\[{extra}\]"):
        open_cluster(cluster, tmp_path)

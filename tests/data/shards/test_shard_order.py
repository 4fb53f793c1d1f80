from __future__ import annotations

import pickle
from collections import Counter, defaultdict

import pytest

from priorsr.data.shards.shard_order import GROUPS, ShardOrder

COUNTS = [5, 5, 2, 5, 5, 5, 3, 5, 5, 1] * 20  # 820 faces


def epoch(order: ShardOrder, number: int, batch: int) -> list[tuple[int, int]]:
    steps = range(number * order.steps_per_epoch, (number + 1) * order.steps_per_epoch)
    return [(face.chunk, face.place) for step in steps for face in order.faces(step, 0, batch)]


@pytest.mark.parametrize("batch", [1, 3, 7, 16, 100, 820, 1000])
def test_an_epoch_has_every_face_once_and_fills_its_last_batch(batch: int) -> None:
    order = ShardOrder(COUNTS, batch, seed=1)
    every = {(chunk, place) for chunk, count in enumerate(COUNTS) for place in range(count)}
    for number in (0, 1, 5):
        seen = Counter(epoch(order, number, batch))
        assert seen.keys() == every
        assert sum(seen.values()) == order.steps_per_epoch * batch
        assert max(seen.values()) <= 2
        assert sum(count - 1 for count in seen.values()) == -len(every) % batch


def test_the_order_is_a_function_of_seed_and_step() -> None:
    one, two, other = (ShardOrder(COUNTS, 16, seed) for seed in (4, 4, 5))
    for step in (0, 77, 3, 1000):
        assert list(one.faces(step, 0, 16)) == list(two.faces(step, 0, 16))
        assert list(pickle.loads(pickle.dumps(one)).faces(step, 0, 16)) == list(two.faces(step, 0, 16))
    assert epoch(one, 0, 16) != epoch(other, 0, 16)
    assert epoch(one, 0, 16) != epoch(one, 1, 16)


@pytest.mark.parametrize(("batch", "world"), [(16, 2), (16, 4), (16, 8), (24, 3), (256, 32)])
def test_processes_have_the_parts_of_one_batch_and_share_no_lane(batch: int, world: int) -> None:
    order = ShardOrder(COUNTS, batch, seed=0)
    lanes = defaultdict(set)
    for step in range(2 * order.steps_per_epoch):
        share = batch // world
        parts = [list(order.faces(step, rank * share, (rank + 1) * share)) for rank in range(world)]
        assert [face for part in parts for face in part] == list(order.faces(step, 0, batch))
        for rank, part in enumerate(parts):
            lanes[rank] |= {face.lane for face in part}
    if world in (2, 4, 8, 32):
        assert sum(map(len, lanes.values())) == len(set.union(*lanes.values()))


@pytest.mark.parametrize("workers", [2, 4, 8])
def test_workers_that_take_every_nth_step_share_no_lane(workers: int) -> None:
    order = ShardOrder(COUNTS, 16, seed=0)
    lanes = [
        {face.lane for step in range(worker, 300, workers) for face in order.faces(step, 0, 16)}
        for worker in range(workers)
    ]
    assert sum(map(len, lanes)) == len(set.union(*lanes)) == 8 * GROUPS


def test_a_lane_reads_one_chunk_after_the_other() -> None:
    order = ShardOrder([64] * 200, 16, seed=0)
    lanes = defaultdict(list)
    for step in range(order.steps_per_epoch):
        for face in order.faces(step, 0, 16):
            if not lanes[face.lane] or lanes[face.lane][-1] != face.chunk:
                lanes[face.lane].append(face.chunk)
    reads = Counter(chunk for chunks in lanes.values() for chunk in chunks)
    assert sum(reads.values()) <= 200 + len(lanes)  # a chunk at the border of two lanes is read by both


def test_batches_mix_chunks() -> None:
    order = ShardOrder([64] * 200, 16, seed=0)
    assert min(len({face.chunk for face in order.faces(step, 0, 16)}) for step in range(100)) >= 7

"""The work of one shard: one pure function from a range of images to a few files.

It runs in this process or on a cluster, and writes the same bytes in both. Its last act is the
marker `shards/NNNNN.json`: a shard without one has not been done.
"""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from types import MappingProxyType

import torch
from torch import Tensor

from workbench.errors import DataError, RunError
from workbench.recording.activations import Buffers
from workbench.recording.manifest import (
    FileMark,
    ShardRecord,
    file_name,
    write_marker,
    write_tensors,
)
from workbench.recording.plan import Plan, Shard
from workbench.recording.products import Collector, by_file, collectors
from workbench.recording.seen import Seen
from workbench.recording.sources import Piece, Source


def record_shard(
    plan: Plan,
    shard: Shard,
    source: Source,
    folder: Path,
    *,
    kinds: Collection[str],
    kept: Mapping[str, FileMark] = MappingProxyType({}),
    known: Mapping[int, str] | None = None,
    strict: bool = False,
    on_images: Callable[[int], None] = lambda _: None,
    buffers: Buffers | None = None,
) -> ShardRecord:
    """Record the images of one shard and return what was written.

    `kinds` are the files to write: `activations`, `maxima` and `parts` (what is to be merged);
    `kept` are the marks of those that are there already, and `known` the images that these (or the
    merged products) are without, with the reasons: they are left out again, and no others.
    `on_images` is told of every few images that are done. `buffers` are for whoever does several
    shards. Out of memory, the pictures are taken in smaller pieces, and the record says so.

    Raises `DataError` for an unreadable picture if `strict` or if it is not `known`, `ModelError`
    for activations that are not finite, `RunError` if the disk is full or a single picture does
    not fit in memory.
    """
    gathering = collectors(plan, shard, kinds, buffers)
    unreadable = dict(known or {})
    batch_size, seen_before = plan.batch_size, 0
    for piece in source.pieces(shard, unreadable):
        _stop_if(strict, unreadable, plan)
        batch_size = _take(piece, gathering, batch_size)
        done = piece.images[-1] + 1 - shard.start
        on_images(done - seen_before)
        seen_before = done
    _stop_if(strict, unreadable, plan)
    if known is not None:
        _stop_if_gone(unreadable, known, plan)
    on_images(len(shard) - seen_before)
    files = dict(kept)
    for kind, states in by_file(gathering).items():
        name = file_name(kind, shard.index)
        files[name] = write_tensors(folder / name, states)
    events = []
    if batch_size < plan.batch_size:
        events.append(f"out of memory: {batch_size} images at a time instead of {plan.batch_size}")
    record = ShardRecord(
        shard.index, shard.start, shard.stop, files, batch_size, unreadable, tuple(events)
    )
    write_marker(folder, record)
    return record


def _take(
    piece: Piece,
    gathering: Mapping[str, Collector],
    most: int,
    already: frozenset[tuple[str, str]] = frozenset(),
) -> int:
    """Feed a piece to the collectors, `most` pictures at a time; return how many go from now on.

    Out of memory, it is half as many, without what had been fed `already` when the memory gave out.
    """
    if len(piece.images) > most:
        for half in piece.halves():
            most = _take(half, gathering, most, already)
        return most
    fed: set[tuple[str, str]] = set()

    def look(site: str, tokens: Tensor) -> None:
        seen = Seen(site, piece.images, tokens)
        for product, collector in gathering.items():
            if (product, site) not in already:
                collector.update(seen)
                fed.add((product, site))

    try:
        piece.show(look)
    except (MemoryError, RuntimeError) as error:
        if not _is_out_of_memory(error):
            raise
    else:
        return most
    # Only here, outside the except block, are the failed forward's tensors free.
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    if len(piece.images) == 1:
        raise RunError(
            "one image at a time is already too much for the memory there is. Ask for fewer sites "
            "or products, a smaller --image-size, or a device with more memory; what is done is "
            "kept, and --resume goes on with it."
        )
    return _take(piece, gathering, len(piece.images) // 2, already | fed)


def _is_out_of_memory(error: BaseException) -> bool:
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    said = str(error).lower()
    return "out of memory" in said or "can't allocate memory" in said or "not enough memory" in said


def _stop_if(strict: bool, unreadable: Mapping[int, str], plan: Plan) -> None:
    if strict and unreadable:
        index, problem = next(iter(unreadable.items()))
        raise DataError(
            f"{plan.images[index].name}: {problem.rstrip('.')}. Recording stopped because of "
            "--strict; without it such images are listed and the rest goes on."
        )


def _stop_if_gone(unreadable: Mapping[int, str], known: Mapping[int, str], plan: Plan) -> None:
    """Raise if a picture is missing that other files, which stay, were made with."""
    for index in unreadable.keys() - known.keys():
        raise DataError(
            f"{plan.images[index].name}: {unreadable[index]}. The rest of the store was recorded "
            "with it. Put it back and go on with --resume, or record anew with --overwrite."
        )

"""How quickly raw activations are written, beside a bare `save_file` loop of the same tensors.

Nothing waits for the disk unless `--sync` says so; then both sides do, and are timed with it.
"""

import os
import time
from argparse import Namespace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from recording_common import TOWERS, interleave, ratio, scratch_folder
from safetensors.torch import save_file

BARE = "bare save_file loop"
GATHERED = "torch.cat of the batches, then save_file"
WRITING = "writing only"
COLLECTED = "collecting and writing"


def run(options: Namespace) -> dict[str, Any]:
    from workbench.recording.activations import Activations, Buffers
    from workbench.recording.manifest import write_tensors
    from workbench.recording.seen import Seen

    vision, size = TOWERS[options.tower], options.batch
    tokens = 1 + (vision["image_size"] // vision["patch_size"]) ** 2
    images = options.images_per_shard or 2**27 // (4 * (tokens - 1) * vision["width"])
    images = max(size, images // size * size)
    site, shards = "blocks.0.hook_resid_post", options.shards
    noise = torch.Generator().manual_seed(0)
    batch = torch.randn(size, tokens, vision["width"], generator=noise)
    buffers = Buffers()  # kept between shards, as a recording keeps them
    with scratch_folder(options) as scratch:

        def collect() -> dict[str, torch.Tensor]:
            gathered = Activations(
                {site: vision["width"]}, "patches", "fp32", 0, images, tokens, buffers=buffers
            )
            for start in range(0, images, size):
                gathered.update(Seen(site, tuple(range(start, start + size)), batch))
            return gathered.state()

        def cat() -> dict[str, torch.Tensor]:
            return {site: torch.cat([batch[:, 1:] for _ in range(images // size)])}

        held = collect()

        def writing(get: Any, write: Any) -> float:
            begin = time.perf_counter()
            for index in range(shards):
                write(scratch / "shards" / f"{index:05}.safetensors", get())
            if options.sync:
                _force(scratch / "shards")
            spent = time.perf_counter() - begin
            _empty(scratch / "shards")
            return spent

        def bare(path: Path, tensors: dict[str, torch.Tensor]) -> None:
            path.parent.mkdir(exist_ok=True)
            save_file(tensors, path)

        calls = {
            BARE: partial(writing, lambda: held, bare),
            "the same again (noise)": partial(writing, lambda: held, bare),
            GATHERED: partial(writing, cat, bare),
            WRITING: partial(writing, lambda: held, write_tensors),
            COLLECTED: partial(writing, collect, write_tensors),
        }
        times = interleave(calls, options.rounds)
    whole = shards * sum(tensor.nbytes for tensor in held.values())
    speed = whole / min(times[BARE]) / 2**20
    print(
        f"write: {shards} shards of {images} images, {whole / 2**20:,.0f} MiB"
        f"{', synced' if options.sync else ''}; the bare loop at its best {speed:,.0f} MiB/s"
    )
    found = {name: ratio(times, BARE, name) for name in times}
    pair = f"{COLLECTED}, to the loop that also gathers its batches"
    found[pair] = ratio(times, GATHERED, COLLECTED)
    aims = {WRITING: ">= 0.8", COLLECTED: ">= 0.8", pair: ">= 0.8"}
    for name, value in found.items():
        aim = f"   (aim {aims[name]})" if name in aims else ""
        print(f"  {value:8.3f}  of the throughput: {name}{aim}")
    return {
        "bytes": whole,
        "shards": shards,
        "synced": options.sync,
        "throughput": found,
        "seconds": times,
    }


def _force(folder: Path) -> None:
    """Wait until these files are on the disk; what others have to write is not waited for."""
    for file in folder.iterdir():
        with file.open("rb") as written:
            os.fsync(written.fileno())


def _empty(folder: Path) -> None:
    _force(folder)  # what this one left to be written is not the next one's burden
    for file in folder.iterdir():
        file.unlink()

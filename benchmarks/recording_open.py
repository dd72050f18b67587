"""How soon a large store is open, and whether reading one picture reads only its own bytes.

The store is written by the functions that a recording writes with, without a model. Before each
measurement the system is asked to forget the files, so that every byte comes from the disk.
"""

import ctypes
import json
import mmap
import os
import statistics
import sys
import time
from argparse import Namespace
from pathlib import Path
from typing import Any

import torch
from recording_common import TOWERS, child, scratch_folder

SITE = "blocks.5.hook_resid_post"


def run(options: Namespace) -> dict[str, Any]:
    size = options.gigabytes or (0.02 if options.tower == "toy" else 5.0)
    with scratch_folder(options) as scratch:
        folder = scratch / "store"
        images = write_store(folder, options.tower, int(size * 1e9))
        rounds = [
            child(Path(__file__).name, {"folder": str(folder), "image": images * turn // 7 + turn})
            for turn in range(min(options.rounds, 6))
        ]
    found = {
        key: statistics.median(one[key] for one in rounds) for key in rounds[0] if key != "facts"
    }
    print(f"open: a store of {size:g} GB, {images:,} images, files not in memory before")
    print(f"  {1e3 * found['opened']:8.1f} ms to open it   (aim < 50)")
    print(f"  {1e3 * found['parsed']:8.1f} ms of them are json.loads of its manifest")
    print(f"  {1e3 * found['opened_again']:8.1f} ms to open it once more")
    print(f"  {1e3 * found['read']:8.1f} ms to read one image, verified")
    print(f"  {1e3 * found['bare_read']:8.1f} ms with safe_open(...).get_slice(...), not verified")
    print(f"  {found['bytes']:12,.0f} bytes read from the disk for it")
    print(f"  {found['bare_bytes']:12,.0f} bytes read with safe_open")
    print(f"  {found['resident']:12,.0f} bytes of its shard in memory afterwards")
    share = found["bytes"] / found["image_bytes"]
    print(f"  {share:8.3f} of the image's own {found['image_bytes']:,.0f} bytes   (aim about 1)")
    return {"gigabytes": size, "images": images, "medians": found, "bytes_read_to_own": share}


def write_store(folder: Path, tower: str, size: int) -> int:
    """Write a finished store of about `size` bytes; return how many images it has."""
    from workbench.recording.activations import Activations
    from workbench.recording.manifest import (
        ShardRecord,
        complete_recording,
        file_name,
        start_recording,
        write_marker,
        write_tensors,
    )
    from workbench.recording.needs import choose_images_per_shard
    from workbench.recording.plan import ImageEntry, Plan
    from workbench.recording.seen import Seen

    vision = TOWERS[tower]
    side, width = vision["image_size"] // vision["patch_size"], vision["width"]
    tokens = 1 + side * side
    number = size // (4 * (tokens - 1) * width)
    per_shard = choose_images_per_shard(
        {SITE: width},
        side * side,
        products=["activations"],
        tokens="patches",
        dtype="fp32",
        batch_size=16,
    )
    facts = {
        "name": tower,
        "fingerprint": "sha256:" + 64 * "0",
        "source": "none",
        "n_layers": vision["layers"],
        "n_heads": width // 64,
        "d_model": width,
        "d_head": 64,
        "d_mlp": 4 * width,
        "grid": [side, side],
        "patch_size": [vision["patch_size"]] * 2,
        "act_fn": "gelu",
        "eps": 1e-5,
        "dtype": "float32",
    }
    shown = {"image_size": [vision["image_size"]] * 2, "mean": [0.0] * 3, "std": [1.0] * 3}
    plan = Plan(
        model=facts,
        preprocessing=shown | {"resize": "squash bicubic"},
        sites=(SITE,),
        widths={SITE: width},
        products=("activations",),
        tokens="patches",
        dtype="fp32",
        k=32,
        batch_size=16,
        images_per_shard=per_shard,
        threads=1,
        device_type="cpu",
        images=tuple(
            ImageEntry(f"{at:07}.jpg", f"/nowhere/{at:07}.jpg", 100_000, f"{at:016x}", 600, 600)
            for at in range(number)
        ),
    )
    gathered = Activations(plan.widths, "patches", "fp32", 0, per_shard, tokens)
    noise = torch.Generator().manual_seed(0)
    for at in range(per_shard):
        gathered.update(Seen(SITE, (at,), torch.randn(1, tokens, width, generator=noise)))
    state = gathered.state()
    folder.mkdir()
    start_recording(folder, plan, "benchmark")
    records = []
    for shard in plan.shards:
        name = file_name("activations", shard.index)
        here = {key: value[: len(shard)] for key, value in state.items()}
        files = {name: write_tensors(folder / name, here)}
        record = ShardRecord(shard.index, shard.start, shard.stop, files, plan.batch_size)
        write_marker(folder, record)
        records.append(record)
    complete_recording(folder, records, {})
    for file in folder.rglob("*"):
        if file.is_file():
            with file.open("rb") as written:
                os.fsync(written.fileno())  # or it could not be forgotten
    return number


# In a process of its own.


def measure(task: dict[str, Any]) -> dict[str, float]:
    from safetensors import safe_open

    from workbench.recording.store import open_store

    folder, image = Path(task["folder"]), task["image"]
    forget(folder)
    begin = time.perf_counter()
    store = open_store(folder)
    opened = time.perf_counter() - begin
    begin = time.perf_counter()
    open_store(folder)
    again = time.perf_counter() - begin
    content = (folder / "manifest.json").read_bytes()
    begin = time.perf_counter()
    json.loads(content)
    parsed = time.perf_counter() - begin

    record = next(r for r in store.manifest.shards.values() if r.start <= image < r.stop)
    path = folder / f"activations/{record.index:05}.safetensors"
    before, begin = bytes_read(), time.perf_counter()
    value = store[SITE][image]
    read, number = time.perf_counter() - begin, bytes_read() - before
    resident = in_memory(path)

    # Of another shard: pages that are mapped are not forgotten.
    other = store.manifest.shards[record.index - 1 if record.index else 1]
    path, row = folder / f"activations/{other.index:05}.safetensors", image - record.start
    row %= other.stop - other.start
    before, begin = bytes_read(), time.perf_counter()
    with safe_open(path, "pt") as file:
        bare = file.get_slice(f"{SITE}/values")[row]
    bare_read, bare_number = time.perf_counter() - begin, bytes_read() - before
    assert torch.equal(bare, store[SITE][other.start + row])
    return {
        "opened": opened,
        "opened_again": again,
        "parsed": parsed,
        "read": read,
        "bytes": number,
        "resident": resident,
        "bare_read": bare_read,
        "bare_bytes": bare_number,
        "image_bytes": value.nbytes,
    }


def forget(folder: Path) -> None:
    """Ask the system to drop the pages that it holds of the files."""
    for file in folder.rglob("*"):
        if file.is_file():
            with file.open("rb") as held:
                os.posix_fadvise(held.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def bytes_read() -> int:
    """Return how many bytes this process has had read from a disk, mapped pages included."""
    lines = Path("/proc/self/io").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("read_bytes"))


def in_memory(path: Path) -> int:
    """Return how many bytes of a file the system holds in memory, by asking `mincore`."""
    length = path.stat().st_size
    pages = -(-length // mmap.PAGESIZE)
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *3 * [ctypes.c_int], ctypes.c_long]
    libc.mincore.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p]
    libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
    with path.open("rb") as file:
        address = libc.mmap(None, length, mmap.PROT_READ, mmap.MAP_SHARED, file.fileno(), 0)
        held = ctypes.create_string_buffer(pages)
        if libc.mincore(address, length, held):
            raise OSError(ctypes.get_errno(), "mincore")
        libc.munmap(address, length)
    return sum(byte & 1 for byte in held.raw[:pages]) * mmap.PAGESIZE


if __name__ == "__main__":
    print(json.dumps(measure(json.loads(sys.argv[1]))))

"""A small store written by hand: random activations of drawn pictures, nothing computed."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from workbench.images.stream import Picture, pictures
from workbench.recording.activations import Activations
from workbench.recording.manifest import (
    ShardRecord,
    complete_recording,
    file_name,
    start_recording,
    write_marker,
    write_tensors,
)
from workbench.recording.plan import ImageEntry, Plan, survey_images
from workbench.recording.seen import Seen

RESID, HEADS = "blocks.0.hook_resid_post", "blocks.1.attn.hook_z"
WIDTHS = {RESID: 32, HEADS: 32}
PATCHES = 16


def draw(folder: Path, number: int = 7) -> list[Picture]:
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(number):
        Image.new("RGB", (20 + index, 16), (index * 30, 9, 9)).save(folder / f"{index:02}.png")
    return pictures(folder)


def make_plan(images: list[ImageEntry], **changes) -> Plan:
    plan = Plan(
        model={
            "name": "tiny",
            "fingerprint": "sha256:" + "ab" * 32,
            "source": "nowhere",
            "n_layers": 3,
            "n_heads": 4,
            "d_model": 32,
            "d_head": 8,
            "d_mlp": 128,
            "grid": [4, 4],
            "patch_size": [8, 8],
            "act_fn": "gelu",
            "eps": 1e-5,
            "dtype": "float32",
        },
        preprocessing={
            "image_size": [32, 32],
            "mean": [0.5, 0.5, 0.5],
            "std": [0.25, 0.25, 0.25],
            "resize": "squash bicubic",
        },
        sites=(RESID, HEADS),
        widths=WIDTHS,
        products=("activations",),
        tokens="all",
        dtype="fp32",
        k=4,
        batch_size=2,
        images_per_shard=3,
        threads=1,
        device_type="cpu",
        images=tuple(images),
    )
    return replace(plan, **changes)


def values_of(number: int, seed: int = 0) -> dict[str, torch.Tensor]:
    noise = torch.Generator().manual_seed(seed)
    return {
        site: torch.randn(number, 1 + PATCHES, width, generator=noise)
        for site, width in WIDTHS.items()
    }


def write_shard(folder: Path, plan: Plan, index: int, values, unreadable=None) -> ShardRecord:
    shard, bad = plan.shards[index], unreadable or {}
    gathered = Activations(
        plan.widths, plan.tokens, plan.dtype, shard.start, shard.stop, plan.tokens_per_image
    )
    good = tuple(at for at in range(shard.start, shard.stop) if at not in bad)
    for site in plan.sites:
        gathered.update(Seen(site, good, values[site][list(good)]))
    name = file_name("activations", index)
    mark = write_tensors(folder / name, gathered.state())
    here = {at: why for at, why in bad.items() if shard.start <= at < shard.stop}
    record = ShardRecord(index, shard.start, shard.stop, {name: mark}, plan.batch_size, here)
    write_marker(folder, record)
    return record


def write_store(folder: Path, plan: Plan, values, unreadable=None, merged=None) -> Path:
    start_recording(folder, plan, "workbench record by hand")
    records = [write_shard(folder, plan, s.index, values, unreadable) for s in plan.shards]
    complete_recording(folder, records, merged or {})
    return folder


def small_store(tmp_path: Path, number: int = 7, unreadable=None, **changes):
    """Return (folder of a finished store, its pictures, the values that were recorded)."""
    found = draw(tmp_path / "images", number)
    values = values_of(number)
    plan = make_plan(survey_images(found), **changes)
    return write_store(tmp_path / "store", plan, values, unreadable), found, values


def flip(path: Path, at: int) -> None:
    """Flip one bit of a file."""
    content = np.fromfile(path, np.uint8)
    content[at] ^= 1
    content.tofile(path)

"""What a recording will need of disk and memory, said and checked before it begins."""

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.clip.cost import Cost, cost, readable, width_of
from workbench.errors import RunError

if TYPE_CHECKING:
    import torch

    from workbench.clip.hooked import HookedCLIP
    from workbench.recording.plan import Plan

TARGET_BYTES = 2**27
"""What the tables of one shard should take in memory: 128 MiB."""

_MOST_IMAGES = 1024  # of a shard: lost at most when the work is killed
_FEWEST_IMAGES = 128  # of a shard without activations: its part is read and merged in full
_MOST_AT_ONCE = {"cpu": 16, "cuda": 256}  # more gains nothing
_SHARE = 4  # a forward may take a quarter of the free memory

_MOMENTS = 6 * 8  # bytes of a neuron's statistics, in double precision
_DIGEST = 1750  # bytes of a neuron's quantiles once many values were seen
_EXEMPLAR = 2 * 8  # bytes of one exemplar at either end
_MAXIMUM = 2 + 2  # a value and a patch
_CHECKSUM = 8  # of an image of the activations, of a neuron of the maxima
_HEADER = 100  # of one tensor in a file
_ENTRY = 200  # of an image in the list
_RECORD = 600  # of a shard in the manifest
_PARTS = 8 + 2  # parts that wait to be merged, and the running result, old and new
_GROUP = Path("/sys/fs/cgroup")
_TENSORS = {"statistics": 7, "quantiles": 2, "exemplars": 2}  # of a site, in a file


@dataclass(frozen=True)
class Needs:
    """Bytes that a recording needs.

    `disk_bytes` are by product, and under `parts` what is there only meanwhile. `memory_bytes`
    are by use: `model` (its image tower) and `forward` on the model's device, `products` and
    `shard` in the computer's own memory.
    """

    disk_bytes: Mapping[str, int]
    memory_bytes: Mapping[str, int]

    @property
    def disk(self) -> int:
        """All bytes on disk at the worst moment."""
        return sum(self.disk_bytes.values())

    @property
    def memory(self) -> int:
        """All bytes in memory, libraries and interpreter left out."""
        return sum(self.memory_bytes.values())

    def lines(self) -> list[str]:
        """Say it for a person."""
        stays = {name: size for name, size in self.disk_bytes.items() if name != "parts"}
        meanwhile = self.disk_bytes.get("parts", 0)
        passing = f", and {readable(meanwhile)} meanwhile" if meanwhile else ""
        return [
            f"disk: {readable(sum(stays.values()))} ({_listed(stays)}){passing}",
            f"memory: about {readable(self.memory)} ({_listed(self.memory_bytes)})",
        ]


def needs(plan: "Plan", model: Cost | None = None) -> Needs:
    """Return what recording a plan needs; `model` is reckoned from the plan where it is not given.

    The sizes on disk are those of the tensors and close to the files'; quantiles are an upper
    bound, which few pictures do not reach.
    """
    model = model or cost_of(plan)
    images, sites = len(plan.images), len(plan.sites)
    shards = len(plan.shards)
    neurons = sum(plan.widths.values())
    longest = min(plan.images_per_shard, images)
    disk: dict[str, int] = {}
    memory = {
        "model": width_of(plan.model["dtype"]) * model.image_parameters,
        "forward": model.activation_bytes(min(plan.batch_size, images), plan.model["dtype"]),
    }
    per_neuron = {"statistics": _MOMENTS, "quantiles": _DIGEST, "exemplars": _EXEMPLAR * plan.k}
    merged = {name: neurons * per_neuron[name] for name in _TENSORS if name in plan.products}
    disk |= {name: size + _TENSORS[name] * _HEADER * sites for name, size in merged.items()}
    if "maxima" in plan.products:
        checksums = shards * neurons * _CHECKSUM
        disk["maxima"] = images * neurons * _MAXIMUM + checksums + shards * sites * 3 * _HEADER
    shard = 0
    if "maxima" in plan.products:
        shard += 2 * longest * neurons * _MAXIMUM  # turned round before it is written
    if "activations" in plan.products:
        image = _image_bytes(plan.widths, plan.patches_per_image, plan.tokens, plan.dtype)
        disk["activations"] = images * (image + sites * _CHECKSUM) + shards * sites * 2 * _HEADER
        shard += longest * image
    disk["lists"] = images * _ENTRY + shards * _RECORD + 4096
    if merged:
        disk["parts"] = sum(merged.values()) * min(_PARTS, shards + 2)
        memory["products"] = 3 * sum(merged.values())  # a shard's, the running ones, one to merge
    if shard:
        memory["shard"] = shard
    return Needs(disk, memory)


def cost_of(plan: "Plan") -> Cost:
    """Return the cost of a plan's image tower; its text tower is not known, and counts nothing."""
    facts = plan.model
    width, hidden, layers = facts["d_model"], facts["d_mlp"], facts["n_layers"]
    block = 4 * width * width + 2 * width * hidden + 9 * width + hidden
    patch = 3 * prod(facts["patch_size"])
    weights = layers * block + width * (patch + 2 + plan.patches_per_image + 4 + width)
    height, breadth = plan.preprocessing["image_size"]
    patch_height, patch_breadth = facts["patch_size"]
    return Cost(
        name=facts["name"],
        image_size=(height, breadth),
        patch_size=(patch_height, patch_breadth),
        n_layers=layers,
        n_heads=facts["n_heads"],
        d_model=width,
        d_mlp=hidden,
        d_embed=width,
        activation=facts["act_fn"],
        parameters=weights,
        image_parameters=weights,
    )


def check_disk(need: Needs, folder: str | Path, already: int = 0) -> None:
    """Raise `RunError` if the disk of `folder` cannot hold what is needed.

    `already` is how many bytes of it are there from before. The folder need not exist yet.
    """
    place = Path(folder).absolute()
    while not place.exists():
        place = place.parent
    free, missing = shutil.disk_usage(place).free, need.disk - already
    if missing > free:
        raise RunError(
            f"{folder} needs {readable(missing)} ({_listed(need.disk_bytes)}"
            f"{f'; {readable(already)} are there already' if already else ''}), and {place} has "
            f"{readable(free)} free. Nothing was written. Choose another --out, fewer sites "
            "(--site), fewer --products, --dtype fp16, or --tokens cls."
        )


def choose_batch_size(model: "HookedCLIP") -> int:
    """Return how many images to take at a time: a power of two.

    The largest whose forward fits a quarter of the free memory, at most 16 on a CPU and 256 on a
    GPU, at least 1.
    """
    device, dtype = model.device, str(model.dtype)
    free = free_memory(device)
    reckoned = cost(model)
    chosen, most = 1, _MOST_AT_ONCE.get(device.type, _MOST_AT_ONCE["cpu"])
    while chosen < most and reckoned.activation_bytes(2 * chosen, dtype) * _SHARE <= free:
        chosen *= 2
    return chosen


def choose_images_per_shard(
    widths: Mapping[str, int],
    patches_per_image: int,
    *,
    products: Sequence[str],
    tokens: str,
    dtype: str,
    batch_size: int,
    target_bytes: int = TARGET_BYTES,
) -> int:
    """Return how many images make a shard: whole batches, from one of them to 1024 images.

    The activations and maxima of a shard take about `target_bytes` in memory. Without activations
    it is at least 128 images.

    >>> common = {"tokens": "patches", "dtype": "fp32", "batch_size": 16}
    >>> choose_images_per_shard({"a": 768}, 196, products=["activations"], **common)
    208
    >>> choose_images_per_shard({"a": 768}, 196, products=["statistics"], **common)
    1024
    """
    image = 0
    if "activations" in products:
        image += _image_bytes(widths, patches_per_image, tokens, dtype)
    if "maxima" in products:
        image += sum(widths.values()) * _MAXIMUM
    fewest = 1 if "activations" in products else _FEWEST_IMAGES
    fitting = max(fewest, min(_MOST_IMAGES, target_bytes // max(image, 1)))
    batches = max(1, fitting // batch_size)
    if batches * batch_size < fewest:
        batches = -(-fewest // batch_size)
    return batches * batch_size


def free_memory(device: "torch.device") -> int:
    """Return how many bytes a device has free, within what this process may use."""
    import torch

    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    return min(_available(), _allowed())


def _available() -> int:
    """Return what the system has to give; where it does not say, half of what it is made of."""
    try:
        return _numbers(Path("/proc/meminfo"), ":")["MemAvailable"] * 1024
    except (OSError, KeyError):
        if not hasattr(os, "sysconf"):
            return 2**32
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2


def _allowed() -> int:
    """Return what a container's limit leaves of it; what only buffers files can be had back."""
    try:
        limit = int((_GROUP / "memory.max").read_text("ascii"))
        used = int((_GROUP / "memory.current").read_text("ascii"))
        files = _numbers(_GROUP / "memory.stat", " ")
    except (OSError, ValueError):  # no container, or one without a limit ("max")
        return 2**63
    return max(0, limit - used + files.get("inactive_file", 0) + files.get("active_file", 0))


def _numbers(path: Path, separator: str) -> dict[str, int]:
    lines = (line.partition(separator) for line in path.read_text("ascii").splitlines())
    return {name: int(rest.split()[0]) for name, _, rest in lines if rest.strip()}


def _image_bytes(widths: Mapping[str, int], patches_per_image: int, tokens: str, dtype: str) -> int:
    """Return the bytes of one image's recorded activations at all sites."""
    number = {"patches": patches_per_image, "cls": 1, "all": patches_per_image + 1}[tokens]
    return number * sum(widths.values()) * width_of(dtype)


def _listed(sizes: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {readable(size)}" for name, size in sizes.items())

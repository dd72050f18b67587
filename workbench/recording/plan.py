"""What a recording is of: the model, the sites, the products and every image, with a fingerprint.

Two recordings with the same fingerprint have the same bytes. Where they differ, the plans say in
words what is different.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import torch
import xxhash

from workbench.errors import SettingError
from workbench.recording.image_list import ImageEntry, survey_images

__all__ = [
    "DTYPES",
    "PRODUCTS",
    "TOKENS",
    "ImageEntry",
    "Plan",
    "Shard",
    "describe_model",
    "survey_images",
]

PRODUCTS = ("statistics", "quantiles", "exemplars", "maxima", "activations")
TOKENS = ("patches", "cls", "all")
DTYPES = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}

_NOT_COMPARED = ("name", "source")  # the same weights may lie elsewhere
_SETTLED = ("batch_size", "images_per_shard", "threads")  # an existing store's win on resume
_TOLD = {
    "image_size": "the input size",
    "mean": "the colour mean",
    "std": "the colour deviation",
    "resize": "the way pictures are resized",
    "rounded": "the number format of the store that is read",
    "fingerprint": "the weights",
    "dtype": "the model's number format",
}


@dataclass(frozen=True)
class Shard:
    """A range of the image list, `start` to `stop` (exclusive)."""

    index: int
    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start


def describe_model(model: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what a plan says of a `HookedCLIP`, and of the way pictures are put into it."""
    # The type is not imported: a store is opened without loading what runs models.
    facts = {
        "name": model.name,
        "fingerprint": model.fingerprint,
        "source": model.source,
        "n_layers": model.n_layers,
        "n_heads": model.n_heads,
        "d_model": model.d_model,
        "d_head": model.d_head,
        "d_mlp": model.d_mlp,
        "grid": list(model.grid),
        "patch_size": list(model.patch_size),
        "act_fn": model.activation,
        "eps": model.cfg.eps,
        "dtype": str(model.dtype).removeprefix("torch."),
    }
    preprocessing = {
        "image_size": list(model.image_size),
        "mean": list(model.mean),
        "std": list(model.std),
        "resize": "squash bicubic",
    }
    return facts, preprocessing


@dataclass(frozen=True)
class Plan:
    """Everything that defines the bytes of a store.

    Attributes:
        model: `describe_model`'s first: name, weights, sizes.
        preprocessing: `describe_model`'s second: input size, colours, resizing.
        sites: the recorded sites, in forward order.
        widths: neurons per site.
        products: which of `PRODUCTS`; put into their order.
        tokens: which tokens the activations hold: patches, cls or all.
        dtype: the number format of the activations: fp32, fp16 or bf16.
        k: exemplars per neuron at either end.
        batch_size: images in one forward; sums depend on it in their last bits.
        images_per_shard: images in one shard.
        threads: CPU threads of the forward; its results can depend on them.
        device_type: kind of device of the forward.
        images: every image.

    Raises `SettingError`, naming the valid ones, for an unknown product, token choice or format.
    """

    model: dict[str, Any]
    preprocessing: dict[str, Any]
    sites: tuple[str, ...]
    widths: dict[str, int]
    products: tuple[str, ...]
    tokens: str
    dtype: str
    k: int
    batch_size: int
    images_per_shard: int
    threads: int
    device_type: str
    images: tuple[ImageEntry, ...] = field(repr=False)

    def __post_init__(self) -> None:
        for product in self.products:
            _check("product", product, PRODUCTS)
        if not self.products:
            raise SettingError(f"no product was asked for; choose from {', '.join(PRODUCTS)}.")
        _check("choice of tokens", self.tokens, TOKENS)
        _check("number format", self.dtype, tuple(DTYPES))
        for name in ("k", "batch_size", "images_per_shard", "threads"):
            if getattr(self, name) < 1:
                raise SettingError(f"{name} is {getattr(self, name)}; it must be at least 1.")
        if not self.sites or set(self.sites) != set(self.widths):
            raise SettingError(
                f"the plan has sites {', '.join(self.sites) or '(none)'} and widths of "
                f"{', '.join(self.widths) or '(none)'}; they must be the same, at least one."
            )
        ordered = tuple(product for product in PRODUCTS if product in self.products)
        object.__setattr__(self, "products", ordered)

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of patches."""
        rows, columns = self.model["grid"]
        return rows, columns

    @property
    def patches_per_image(self) -> int:
        """Number of patches of an image."""
        return self.grid[0] * self.grid[1]

    @property
    def tokens_per_image(self) -> int:
        """Number of tokens of an image in the model: CLS and the patches."""
        return 1 + self.patches_per_image

    @property
    def shards(self) -> list[Shard]:
        """The image list cut into ranges."""
        starts = range(0, len(self.images), self.images_per_shard)
        return [
            Shard(index, start, min(start + self.images_per_shard, len(self.images)))
            for index, start in enumerate(starts)
        ]

    @property
    def fingerprint(self) -> str:
        """`xxh3:` over everything that defines the bytes; not over names and places of files.

        Images count with their name in the list, size and content; the weights with their own
        fingerprint, wherever they were loaded from.
        """
        content = self.to_json()
        content["model"] = _compared(self.model)
        digest = xxhash.xxh3_64(_canonical(content))
        for image in self.images:
            digest.update(_canonical(_identity(image)))
        return f"xxh3:{digest.hexdigest()}"

    def differences(self, other: "Plan") -> list[str]:
        """Say in sentences what is different in `other`, the newer plan.

        The batch size, the images per shard and the threads are not compared: those of an
        existing store are kept when its recording goes on.
        """
        before, now = self.to_json(), other.to_json()
        found: list[str] = []
        for group, title in (("model", "the model's"), ("preprocessing", "the preprocessing's")):
            old, new = _compared(before.pop(group)), _compared(now.pop(group))
            for key in sorted({*old, *new}):
                if old.get(key) != new.get(key):
                    what = _TOLD.get(key, f"{title} {key}")
                    found.append(_sentence(what, old.get(key), new.get(key)))
        for key in ("sites", "products"):
            if before[key] != now[key]:
                found.append(_sets(key, before[key], now[key]))
        same_sites = [site for site in self.sites if site in other.widths]
        found += [
            _sentence(f"the neurons at {site}", self.widths[site], other.widths[site])
            for site in same_sites
            if self.widths[site] != other.widths[site]
        ]
        for key, what in (
            ("tokens", "the tokens"),
            ("dtype", "the number format of the activations"),
            ("k", "the number of exemplars"),
            ("device_type", "the device"),
        ):
            if before[key] != now[key]:
                found.append(_sentence(what, before[key], now[key]))
        return found + _image_differences(self.images, other.images)

    def to_json(self) -> dict[str, Any]:
        """Return the plan as plain data, without its images (they have a file of their own)."""
        content = {
            name: getattr(self, name) for name in self.__dataclass_fields__ if name != "images"
        }
        return {
            **content,
            "sites": list(self.sites),
            "products": list(self.products),
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any], images: Iterable[ImageEntry]) -> "Plan":
        """Return a plan from what `to_json` returned and its images; other keys are ignored."""
        named = {name: content[name] for name in cls.__dataclass_fields__ if name != "images"}
        named["sites"], named["products"] = tuple(named["sites"]), tuple(named["products"])
        return cls(**named, images=tuple(images))


def _check(what: str, given: str, valid: Sequence[str]) -> None:
    if given not in valid:
        raise SettingError(f"no {what} {given!r}; there are {', '.join(valid)}.")


def _canonical(content: Any) -> bytes:
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()


def _compared(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in facts.items() if key not in _NOT_COMPARED}


def _identity(image: ImageEntry) -> dict[str, Any]:
    content = asdict(image)
    del content["path"]
    return content


def _sentence(what: str, before: Any, now: Any) -> str:
    return f"{what}: {_short(before)} before, {_short(now)} now"


def _short(value: Any) -> str:
    text = str(value)
    return text[:23] + ".." if ":" in text and len(text) > 40 else text


def _sets(what: str, before: Sequence[str], now: Sequence[str]) -> str:
    gone = [name for name in before if name not in now]
    new = [name for name in now if name not in before]
    parts = [f"without {_listed(gone)}"] * bool(gone) + [f"with {_listed(new)}"] * bool(new)
    return f"the {what}: now {' and '.join(parts) or 'in another order'}"


def _image_differences(before: Sequence[ImageEntry], now: Sequence[ImageEntry]) -> list[str]:
    if [image.name for image in before] != [image.name for image in now]:
        old, new = {image.name for image in before}, {image.name for image in now}
        parts = [f"{len(before)} images before, {len(now)} now"] * (len(before) != len(now))
        parts += [f"gone: {_listed(sorted(old - new))}"] * bool(old - new)
        parts += [f"new: {_listed(sorted(new - old))}"] * bool(new - old)
        return [f"the image list: {'; '.join(parts) or 'the same images in another order'}"]
    changed = [
        new.name for old, new in zip(before, now, strict=True) if _identity(old) != _identity(new)
    ]
    if not changed:
        return []
    many = len(changed) > 1
    start = f"{len(changed)} images have" if many else "1 image has"
    return [f"{start} other contents: {_listed(changed)}"]


def _listed(names: Sequence[str], most: int = 5) -> str:
    return ", ".join(names[:most]) + (f", ... ({len(names)} in all)" if len(names) > most else "")

"""A finished recording: its activations, its products, its images, read when they are asked for."""

import html
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from jaxtyping import Float
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from workbench.errors import RunError, SettingError
from workbench.images.stream import Picture
from workbench.recording.activations import StoredSite, token_slice
from workbench.recording.finding import Finder, moved
from workbench.recording.lookup import check_site
from workbench.recording.manifest import Manifest, file_name, read_manifest, read_plan
from workbench.recording.own_files import MANIFEST
from workbench.recording.plan import DTYPES, Plan
from workbench.recording.stand_in import ModelFacts
from workbench.recording.tensor_files import damaged
from workbench.recording.verification import Verification, expected_files, shard_number, verify

if TYPE_CHECKING:
    from transformer_lens import ActivationCache

    from workbench.clip.hooked import HookedCLIP
    from workbench.recording.exemplars import ExemplarTable
    from workbench.recording.maxima import MaximaTable
    from workbench.recording.quantiles import Quantiles
    from workbench.recording.statistics import Statistics


def is_store(path: str | Path) -> bool:
    """Say whether a folder is a recording, finished or not."""
    return (Path(path) / MANIFEST).is_file()


def open_store(path: str | Path) -> "ActivationStore":
    """Open the folder that `workbench record` wrote.

        store = workbench.open_store("bolts.store")
        store["blocks.3.hook_resid_post"][17]       # one image, [token, neuron]
        store.statistics["blocks.3.hook_resid_post"].mean
        store.exemplars.crop("blocks.3.mlp.hook_post:17")

    Raises `RunError` if it is none.
    """
    return ActivationStore(path)


class ActivationStore(ModelFacts):
    """What was recorded of a set of images, and of the model that looked at them.

    Opening reads `manifest.json` only. `store[site]` are activations (see `StoredSite`);
    `statistics`, `quantiles`, `exemplars` and `maxima` are the other products. Where only
    recorded activations are needed the store stands in for its model: it has the model's sizes,
    `fingerprint`, `site_width`, and `read`.

    Args:
        path: the folder.
        images_at: where the images lie now, if they were moved.

    Raises `RunError` if the folder is no store, or one of a newer workbench.
    """

    def __init__(self, path: str | Path, *, images_at: str | Path | None = None) -> None:
        self.path = Path(path).absolute()  # wherever the process moves to
        self.manifest: Manifest = read_manifest(self.path)
        self.facts = self.manifest.facts
        self._images_at = None if images_at is None else Path(images_at)
        self._sites: dict[str, StoredSite] = {}

    # What it is of.

    def __len__(self) -> int:
        return self.manifest.number

    @cached_property
    def plan(self) -> Plan:
        """Everything that defines the store, its images included."""
        return read_plan(self.manifest)

    @property
    def products(self) -> tuple[str, ...]:
        """What was recorded."""
        return self.facts.products

    @property
    def complete(self) -> bool:
        """Whether the recording was finished."""
        return self.manifest.complete

    @property
    def unreadable(self) -> dict[int, str]:
        """Why an image could not be read, by its index; such an image is in no product."""
        return self.manifest.unreadable

    @property
    def images(self) -> tuple[str, ...]:
        """The images' names; an image is meant by its index in this list."""
        return tuple(image.name for image in self.plan.images)

    @cached_property
    def pictures(self) -> list[Picture]:
        """The images as they lie on disk."""
        if self._images_at is not None:
            return moved(self.plan.images, self._images_at)
        return [image.picture for image in self.plan.images]

    def with_images_at(self, folder: str | Path) -> "ActivationStore":
        """Return this store with its pictures in another folder, which stands for the old one.

        Raises `DataError` if images are not there.
        """
        view = ActivationStore(self.path, images_at=folder)
        _ = view.pictures
        return view

    # Activations.

    def __getitem__(self, site: str) -> StoredSite:
        """Return the activations of a site; `SiteError` for one that was not recorded."""
        check_site(site, self.sites)
        self._need("activations")
        if site not in self._sites:
            kept = len(range(self.facts.tokens_per_image)[token_slice(self.facts.tokens)])
            self._sites[site] = StoredSite(
                site=site,
                shape=(len(self), kept, self.facts.widths[site]),
                dtype=DTYPES[self.facts.dtype],
                shards=self._shard_files("activations"),
                unreadable=self.unreadable,
                name_of=lambda index: self.plan.images[index].name,
            )
        return self._sites[site]

    def read(
        self, pictures: Sequence[Picture], sites: Sequence[str], batch_size: int
    ) -> Iterator[tuple[tuple[int, ...], dict[str, Float[Tensor, "image patch neuron"]]]]:
        """Yield the patches of pictures at every site in single precision, batch by batch.

        With each batch come its images' indices in this store. Pictures are found by their path,
        or else by their contents; one that is not here, or was unreadable, is a `DataError`.
        Raises `SiteError` for a site that was not recorded, `RunError` if no patches were.
        """
        if batch_size < 1:
            raise SettingError(f"the batch size is {batch_size}; it must be at least 1.")
        stored = {site: self[site] for site in sites}
        if self.facts.tokens == "cls":
            raise RunError(
                f"{self.path} holds activations of the CLS token only. Record with --tokens "
                "patches or --tokens all."
            )
        first = 1 if self.facts.tokens == "all" else 0
        indices = [self._finder.index(picture) for picture in pictures]
        for start in range(0, len(indices), batch_size):
            chosen = indices[start : start + batch_size]
            values = {site: here[chosen][:, first:].float() for site, here in stored.items()}
            yield tuple(chosen), values

    def cache(self, image: int, model: "HookedCLIP | None" = None) -> "ActivationCache":
        """Return an image's activations as a TransformerLens cache, with one image in the batch.

        Heads are apart (`[1, token, head, d_head]`). With the model that it was recorded with, it
        is a `ClipCache` whose helpers (`decompose_resid` and so on) work, on the model's device.
        Raises `ModelError` for another model, `RunError` if not all tokens were recorded then.
        """
        from workbench.recording.store_cache import cache_of

        return cache_of(self, image, model)

    # The other products.

    @cached_property
    def statistics(self) -> "Statistics":
        """Mean, variance, extremes and share above zero of every neuron, over all patches."""
        from workbench.recording.statistics import Statistics

        return Statistics.from_state(self._merged("statistics"))

    @cached_property
    def quantiles(self) -> "Quantiles":
        """Quantiles of every neuron, over all patches."""
        from workbench.recording.quantiles import Quantiles

        return Quantiles.from_state(self._merged("quantiles"))

    @cached_property
    def exemplars(self) -> "ExemplarTable":
        """The patches at which each neuron is highest and lowest, and their pictures."""
        from workbench.recording.exemplars import Exemplars, ExemplarTable

        found = Exemplars.from_state(
            self._merged("exemplars"), patches_per_image=self.facts.patches_per_image
        )
        return ExemplarTable(found, self.pictures, self.grid)

    @cached_property
    def maxima(self) -> "MaximaTable":
        """The maximum over each image's patches, of every neuron, and where it is."""
        from workbench.recording.maxima import MaximaTable

        self._need("maxima")
        self._need_complete()
        for record in self.manifest.shards.values():  # lengths only: a table can be very large
            name = file_name("maxima", record.index)
            if problem := record.files[name].problem(self.path / name, contents=False):
                raise damaged(self.path / name, problem)
        return MaximaTable(self._shard_files("maxima"), self.images, self.grid, self.unreadable)

    # About itself.

    def verify(self) -> Verification:
        """Read every file and compare it with its checksum; look for missing and foreign ones."""
        return verify(self.manifest)

    def info(self) -> dict[str, Any]:
        """Return what the store says of itself, as plain data."""
        content, facts = self.manifest.content, self.facts
        return {
            "path": str(self.path),
            "status": content["status"],
            "model": self.name,
            "weights": self.fingerprint,
            "images": len(self),
            "unreadable": len(self.unreadable),
            "sites": {site: facts.widths[site] for site in facts.sites},
            "products": list(facts.products),
            "tokens": facts.tokens,
            "dtype": facts.dtype,
            "exemplars_per_neuron": facts.k,
            "shards": [len(self.manifest.shards), shard_number(self.manifest)],
            "batch_size": facts.batch_size,
            "bytes": sum(mark.bytes for mark in expected_files(self.manifest).values()),
            "fingerprint": self.manifest.fingerprint,
            "created": content["created"],
            "command": content["command"],
            "workbench": content["workbench"],
            "events": list(self.manifest.events),
        }

    def __repr__(self) -> str:
        state = "" if self.complete else ", not finished"
        return (
            f"ActivationStore({str(self.path)!r}, {len(self):,} images, {self.name}, "
            f"{len(self.sites)} sites, {', '.join(self.products)}{state})"
        )

    def _repr_html_(self) -> str:
        info = self.info()
        done, number = info["shards"]
        sites = list(info["sites"].items())
        shown = ", ".join(f"{site} ({width:,})" for site, width in sites[:6])
        rows = {
            "what": f"recording at {info['path']}",
            "model": f"{info['model']} ({info['weights'][:19]}...)",
            "images": f"{info['images']:,} ({info['unreadable']:,} unreadable)",
            "sites": shown + (f" and {len(sites) - 6} more" if len(sites) > 6 else ""),
            "products": ", ".join(info["products"]),
            "activations": f"{info['tokens']}, {info['dtype']}",
            "on disk": f"{info['bytes'] / 2**20:,.1f} MiB",
            "status": info["status"] + ("" if self.complete else f", {done} of {number} shards"),
        }
        if "activations" not in info["products"]:
            del rows["activations"]
        body = "".join(
            f"<tr><th style='text-align:left'>{name}</th>"
            f"<td style='text-align:left'>{html.escape(value)}</td></tr>"
            for name, value in rows.items()
        )
        return f"<table>{body}</table>"

    # How it is read.

    @cached_property
    def _finder(self) -> Finder:
        return Finder(self.path, self.plan.images)

    def _shard_files(self, product: str) -> list[tuple[int, int, Path]]:
        return [
            (record.start, record.stop, self.path / file_name(product, index))
            for index, record in sorted(self.manifest.shards.items())
        ]

    def _need(self, product: str) -> None:
        if product not in self.products:
            raise RunError(
                f"{self.path} holds no {product}: it was recorded with "
                f"{', '.join(self.products)}. Record with --products {product}."
            )

    def _need_complete(self) -> None:
        if not self.complete:
            raise RunError(
                f"the recording of {self.path} is not finished. Go on with "
                "`workbench record ... --resume`."
            )

    def _merged(self, product: str) -> dict[str, Tensor]:
        self._need(product)
        self._need_complete()
        name = f"{product}.safetensors"
        file, mark = self.path / name, self.manifest.files.get(name)
        if problem := "has no checksum" if mark is None else mark.problem(file):
            raise damaged(file, problem)
        try:
            found: dict[str, torch.Tensor] = load_file(file)
        except (SafetensorError, OSError) as error:
            raise damaged(file, f"cannot be read ({error})") from error
        return found

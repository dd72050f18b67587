"""Excavation: what a few normal images taught, ready to judge others."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from workbench.clip.neuron_set import NeuronSet
from workbench.errors import ModelError, SettingError
from workbench.excavation.detection import BRANCHES, Detection
from workbench.excavation.features import BATCH, Activations, Tower, walk
from workbench.excavation.fusion import Fusion
from workbench.excavation.layer_norm import normed
from workbench.excavation.normality import Normality
from workbench.excavation.settings import Settings
from workbench.excavation.text import TextBranch
from workbench.images.stream import ImageLike, Shown, pictures


@dataclass(frozen=True)
class HeldOut:
    """Patch scores of normal images that were held out: what normal scores look like.

    Every support image judged by the others, or mirrored copies of a single one.
    """

    visual: Float[Tensor, "image patch"]
    text: Float[Tensor, "image patch"] | None


@dataclass(frozen=True, eq=False)
class PatchScores:
    """The patches of some images, judged: raw scores, and what they were judged by."""

    fused: Float[Tensor, "image patch"]
    visual: Float[Tensor, "image patch"]
    text: Float[Tensor, "image patch"] | None
    selected: Float[Tensor, "image patch chosen"]
    nearest: Int[Tensor, "image patch neighbour"]


@dataclass(frozen=True, eq=False)
class Excavation:
    """A detector made of a model's most sensitive neurons and a few normal images.

    Made by `excavate`, stored by `save`, read back by `Excavation.load`.

    Attributes:
        model: the CLIP it was made with, or a store recorded with it.
        settings: every choice, resolved for the model and the category.
        category: the object's name.
        support: the names of the normal images, in gallery order.
        shots, seed, protocol: how the support was drawn (`None`: it was given).
        contaminated: how many of the support, the last ones, are test anomalies put there on
            purpose; they must leave the test set (`images.support.without_support`).
        sensitivity: the ranking statistic of every neuron at the site.
        neurons: the selected ones, most sensitive first.
        normality: their activations on the support, as gallery or moments.
        text: the prompts' directions; `None` if the text weight is 0.
        held_out: scores of held-out normal images.
        fingerprint: the model's, when this was made.
    """

    model: Tower = field(repr=False)
    settings: Settings
    category: str
    support: tuple[str, ...]
    shots: int | None
    seed: int | None
    sensitivity: Float[np.ndarray, "neuron"] = field(repr=False)
    neurons: NeuronSet
    normality: Normality = field(repr=False)
    text: TextBranch | None = field(repr=False)
    held_out: HeldOut = field(repr=False)
    fingerprint: str = field(repr=False)
    protocol: str | None = None
    contaminated: int = 0

    def score(
        self, images: ImageLike | Iterable[ImageLike], *, batch_size: int = BATCH
    ) -> Iterator[Detection]:
        """Yield a `Detection` per image, in order: files, samples, pictures, or a folder of them.

        Holds one batch of activations at a time. Raises `DataError` for an image that does not
        open, `ModelError` if the model's weights have changed since.
        """
        self.check_model()
        found = pictures(images)
        for batch, activations in walk(
            self.model, found, self.sites, batch_size=batch_size, what="judging"
        ):
            yield from self.judge(batch, activations)

    def judge(self, batch: Shown, activations: Activations) -> list[Detection]:
        """Return the detections of a batch whose activations at `sites` are at hand."""
        found = self.patch_scores(activations)
        grid = self.model.grid

        def as_maps(scores: Tensor) -> Float[np.ndarray, "image row column"]:
            values: Float[np.ndarray, "image row column"] = (
                scores.view(len(scores), *grid).cpu().numpy()
            )
            return values

        fused, visual = as_maps(found.fused), as_maps(found.visual)
        text = None if found.text is None else as_maps(found.text)
        nearest, features = found.nearest.cpu(), found.selected.cpu()
        return [
            Detection(
                name=picture.name,
                path=picture.path,
                size=batch.sizes[index],
                fused=fused[index],
                visual=visual[index],
                text=None if text is None else text[index],
                neurons=self.neurons,
                normality=self.normality,
                support=self.support,
                activations=features[index],
                nearest_rows=nearest[index],
            )
            for index, picture in enumerate(batch.pictures)
        ]

    def patch_scores(self, activations: Mapping[str, Tensor]) -> "PatchScores":
        """Return every patch's raw scores, from activations at `sites`, and nothing more."""
        site, text_site = self.settings.places
        selected = self.selected(activations[site])
        judged = self.normality.judge(selected.flatten(0, 1))
        visual = judged.scores.view(selected.shape[:2])
        text = self.text.scores(self.model, activations[text_site]) if self.text else None
        return PatchScores(
            fused=self.fusion()(visual, text),
            visual=visual,
            text=text,
            selected=selected,
            nearest=judged.nearest.unflatten(0, visual.shape),
        )

    @property
    def sites(self) -> list[str]:
        """The sites whose activations are needed."""
        return needed_sites(self.settings)

    def selected(self, patches: Float[Tensor, "*patch neuron"]) -> Float[Tensor, "*patch chosen"]:
        """Return the selected neurons' columns, in single precision (after LayerNorm, if set)."""
        rows = normed(patches, self.settings.layer_norm)
        columns = torch.tensor(self.neurons.indices, device=rows.device)
        return rows.index_select(-1, columns).float()

    def fusion(self, kind: str | None = None) -> Fusion:
        """Return how the branches are joined: as set, or `standardised` or `raw`."""
        weight = self.settings.text_weight
        if (kind or self.settings.fusion) == "raw":
            return Fusion(weight)
        return self._standardised

    def display_range(self, branch: str = "fused") -> tuple[float, float]:
        """Return the scores at the two ends of the colour scale, the same for every image.

        The lower end is the median of the held-out normal patches; the middle is the largest of
        them; so the upper half of the scale is for scores that no normal image reached.
        """
        scores = self._held_out_scores(branch)
        low, most = float(scores.median()), float(scores.max())
        return low, low + 2 * max(most - low, 1e-6 * abs(low), 1e-12)

    @cached_property
    def _standardised(self) -> Fusion:
        """The fusion on the scales of the held-out normals, which are measured once."""
        weight, held_out = self.settings.text_weight, self.held_out
        return Fusion.standardised(weight, held_out.visual, held_out.text)

    @cached_property
    def held_out_scores(self) -> tuple[float, ...]:
        """The image scores of the held-out normal images."""
        return tuple(self._held_out_scores("fused").amax(1).tolist())

    def check_model(self) -> None:
        """Raise `ModelError` if the model's weights are not those this was made with."""
        if self.model.fingerprint != self.fingerprint:
            raise ModelError(
                f"the weights of {self.model.name} have changed since this excavation of "
                f"{self.category} was made. Excavate again."
            )

    def save(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write a run folder (safetensors and JSON), all of it or nothing; return its path.

        Raises `RunError` if the folder is taken (unless `overwrite`) or cannot be written.
        """
        from workbench.excavation.run_format import save

        return save(self, Path(path), overwrite=overwrite)

    @classmethod
    def load(cls, path: str | Path, model: Tower) -> "Excavation":
        """Read a run folder back.

        Raises `RunError`, naming the file and the remedy, if it is missing, half written, edited,
        of another version or made with another model.
        """
        from workbench.excavation.run_format import load

        return load(Path(path), model)

    def _held_out_scores(self, branch: str) -> Float[Tensor, "image patch"]:
        if branch == "visual":
            return self.held_out.visual
        if branch == "text" and self.held_out.text is not None:
            return self.held_out.text
        if branch == "fused":
            return self.fusion()(self.held_out.visual, self.held_out.text)
        raise SettingError(
            f"no branch {branch!r}: there are {', '.join(BRANCHES)}"
            + (" (there is no text score: text_weight is 0)" if branch == "text" else "")
        )

    def __repr__(self) -> str:
        return (
            f"Excavation({self.category!r}, {len(self.neurons)} {self.settings.selection} neurons "
            f"of {len(self.sensitivity)} at {self.neurons.site}, {len(self.support)} normal "
            f"images, {self.model.name})"
        )


def needed_sites(settings: Settings) -> list[str]:
    """Return the sites that settings need activations of, each once."""
    site, text_site = settings.places
    return [site, text_site] if settings.uses_text and text_site != site else [site]

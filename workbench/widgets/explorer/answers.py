"""What each question of the front end is answered with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from workbench.clip.sites import layer_of
from workbench.errors import SettingError
from workbench.evaluation.evaluate import threshold_of
from workbench.evaluation.image_metrics import auroc
from workbench.excavation.detector import Excavation
from workbench.excavation.fusion import Scale
from workbench.excavation.normality import Gallery
from workbench.neurons.labels import Labels
from workbench.widgets.explorer.features import narrow
from workbench.widgets.explorer.neurons import Neurons
from workbench.widgets.explorer.normal import Normal
from workbench.widgets.explorer.opening import Opening
from workbench.widgets.explorer.parcel import Parcel
from workbench.widgets.explorer.pictures import (
    COLUMNS,
    MASK_SIDE,
    PER_PART,
    PICTURE_SIDE,
    THUMB,
    atlas,
    mask,
    picture,
)
from workbench.widgets.explorer.subset import Subset, restricted

SCHEMA = 1
OWN_SCALES = (
    "The support's pictures were not given, so both branches keep the scales of the whole set."
)


@dataclass(eq=False)
class Answers:
    """Answers from an excavation and what was found in the images; nothing is drawn here."""

    excavation: Excavation
    opening: Opening
    normal: Normal | None
    labels: Labels | None = None
    _subsets: dict[Subset, tuple[Excavation, bool]] = field(default_factory=dict)

    @cached_property
    def sensitivity(self) -> Mapping[str, Float[np.ndarray, "_neuron"]]:
        """The run's statistic of every neuron that is listed, by site."""
        if self.normal is not None:
            return self.normal.sensitivity
        return {self.excavation.neurons.site: self.excavation.sensitivity}

    @cached_property
    def neurons(self) -> Neurons:
        """What is known of single neurons."""
        return Neurons(self.excavation, self.opening, self.normal, self.sensitivity, self.labels)

    @property
    def redo(self) -> bool:
        """Whether a page can redo detection from features alone: one nearest patch, by cosine."""
        kept = self.excavation.normality
        return isinstance(kept, Gallery) and kept.metric == "cosine" and kept.neighbours == 1

    def open(self, *, thumbs: bool = True, **more: Any) -> Parcel:
        """Return what every view starts from; `more` are further fields of the header."""
        own, opening = self.excavation, self.opening
        weight = own.settings.text_weight
        header = {
            "schema": SCHEMA,
            "title": f"{own.category} as {own.model.name} sees it",
            "category": own.category,
            "model": own.model.name,
            "site": own.neurons.site,
            "grid": own.model.grid,
            "threshold": threshold_of(own).value,
            "display_range": _ranges(own),
            "text_weight": weight,
            "fusion": _fusion(own),
            "support": own.support,
            "support_shown": self.normal is not None,
            "images": [
                {
                    "name": sample.name,
                    "defect": sample.defect if sample.label == 1 else "",
                    "label": sample.label,
                    "width": width,
                    "height": height,
                }
                for sample, (height, width) in zip(opening.samples, opening.sizes, strict=True)
            ],
            "sites": [
                {"site": site, "layer": _layer(site), "neurons": len(values)}
                for site, values in self.sensitivity.items()
            ],
            "selected": own.neurons.indices,
            "labels": self._terms(),
            "thumb": {"side": THUMB, "columns": COLUMNS},
            "notes": self._notes(),
            "live": True,
            **more,
        }
        ends = opening.watch.ends
        centre, spread = self._normal_figures()
        arrays = {
            "scores": opening.scores.astype(np.float32),
            "visual": opening.visual.max(1),
            **({} if opening.text is None else {"text": opening.text.max(1)}),
            "peaks": self._places(opening.fused),
            "sensitivity": np.concatenate([*self.sensitivity.values()]).astype(np.float32),
            "maxima": narrow(ends[:, 1]),
            "minima": narrow(ends[:, 0]),
            "centre": centre,
            "spread": spread,
        }
        if thumbs and len(opening.samples) <= PER_PART:
            arrays["thumbs"] = atlas(opening.samples)
        return Parcel(header, arrays)

    def thumbs(self, part: int) -> Parcel:
        """Return the thumbnails from number `part * PER_PART` on."""
        parts = -(-len(self.opening.samples) // PER_PART)
        _whole(part, parts, "part of the thumbnails")
        some = self.opening.samples[part * PER_PART : (part + 1) * PER_PART]
        return Parcel({"part": part}, {"thumbs": atlas(some)})

    def image(
        self,
        index: int,
        subset: Subset | None = None,
        *,
        side: int = PICTURE_SIDE,
        mask_side: int = MASK_SIDE,
        nearest: bool = True,
    ) -> Parcel:
        """Return an image with its maps and the selected neurons' activations at every patch.

        Under a subset the maps are those of the detector with only its neurons. `side` and
        `mask_side` bound the picture's and the mask's sides; without `nearest` the activations at
        the nearest gallery patches are left out.
        """
        _whole(index, len(self.opening.samples), "image")
        opening, sample = self.opening, self.opening.samples[index]
        height, width = opening.sizes[index]
        features = opening.features[index]
        arrays: dict[str, np.ndarray] = {"picture": picture(sample, side)}
        if subset is None:
            judge, columns = self.excavation, list(range(len(self.excavation.neurons)))
            fused, visual = opening.fused[index], opening.visual[index]
        else:
            (judge, _), columns = self._restricted(subset), subset.columns
            fused, visual = (
                each[0] for each in self.judged(judge, columns, features[None], [index])
            )
        arrays |= {"fused": fused, "visual": visual}
        if opening.text is not None:
            arrays["text"] = opening.text[index]
        arrays["features"] = narrow(features)
        arrays |= self._compared(judge, columns, features, nearest=nearest)
        truth = mask(sample, (height, width), mask_side)
        if truth is not None:
            arrays["mask"] = truth.astype(np.uint8)
        return Parcel({"index": index, "width": width, "height": height}, arrays)

    def detect(self, subset: Subset | None) -> Parcel:
        """Return all image scores with some of the neurons, or (`None`) with all of them."""
        opening = self.opening
        count = len(opening.samples)
        if subset is None:
            judge, own_scales = self.excavation, True
            fused, visual = opening.fused, opening.visual
        else:
            judge, own_scales = self._restricted(subset)
            fused, visual = np.empty_like(opening.fused), np.empty_like(opening.visual)
            for indices, features in opening.features.batches(range(count)):
                fused[indices], visual[indices] = self.judged(
                    judge, subset.columns, features, indices
                )
        return self.detected(
            judge,
            fused,
            own_scales=own_scales,
            note="" if own_scales else OWN_SCALES,
            visual=visual,
            mode=None if subset is None else subset.mode,
            positions=[] if subset is None else list(subset.positions),
        )

    def detected(
        self,
        judge: Excavation,
        fused: Float[np.ndarray, "image patch"],
        *,
        own_scales: bool,
        note: str = "",
        visual: Float[np.ndarray, "image patch"] | None = None,
        **more: Any,
    ) -> Parcel:
        """Return all image scores as a detector's patch scores have them.

        Without `own_scales` there is no threshold. `more` are further fields of the header.
        """
        scores = fused.max(1)
        header = {
            "threshold": threshold_of(judge).value if own_scales else None,
            "display_range": _ranges(judge),
            "auroc": self._auroc(scores),
            "own_scales": own_scales,
            **({"note": note} if note else {}),
            **more,
        }
        return Parcel(
            header,
            {
                "scores": scores.astype(np.float32),
                **({} if visual is None else {"visual": visual.max(1)}),
                "peaks": self._places(fused),
            },
        )

    def gallery(self) -> Parcel:
        """Return the normal patches of all selected neurons, for a page that detects by itself."""
        rows = self._gallery_rows()
        return Parcel({}, {} if rows is None else {"gallery": narrow(rows)})

    def subset(self, mode: Any, positions: Any) -> Subset | None:
        """Return the subset that the front end means; `None` for the whole.

        Raises `SettingError` for what is no subset.
        """
        if not isinstance(positions, Sequence) or isinstance(positions, str):
            raise SettingError(f"positions is {positions!r}; it must be a list of whole numbers.")
        for position in positions:
            _whole(position, len(self.excavation.neurons), "selected neuron at position")
        if not positions:
            return None
        return Subset(str(mode), tuple(sorted(set(positions))), len(self.excavation.neurons))

    def _restricted(self, subset: Subset) -> tuple[Excavation, bool]:
        """Return the detector of a subset; the last one is kept, as its maps are asked for next."""
        if subset not in self._subsets:
            self._subsets.clear()
            self._subsets[subset] = restricted(self.excavation, subset.columns, self.normal)
        return self._subsets[subset]

    def judged(
        self,
        judge: Excavation,
        columns: Sequence[int],
        features: Float[Tensor, "image patch neuron"],
        indices: Sequence[int],
    ) -> tuple[Float[np.ndarray, "image patch"], Float[np.ndarray, "image patch"]]:
        """Return fused and visual patch scores of images from their features."""
        rows = features[..., list(columns)].to(judge.normality.device)
        visual = judge.normality.judge(rows.flatten(0, 1)).scores.view(rows.shape[:2]).cpu()
        return self.fused(judge, visual.numpy(), indices), visual.numpy()

    def fused(
        self,
        judge: Excavation,
        visual: Float[np.ndarray, "image patch"],
        indices: Sequence[int],
    ) -> Float[np.ndarray, "image patch"]:
        """Return the fused patch scores of images from their visual ones, as a detector joins."""
        text = self.opening.text
        odds = None if text is None else torch.from_numpy(text[list(indices)])
        found: Float[np.ndarray, "image patch"] = judge.fusion()(
            torch.from_numpy(visual), odds
        ).numpy()
        return found

    def _compared(
        self,
        judge: Excavation,
        columns: Sequence[int],
        features: Float[Tensor, "patch neuron"],
        *,
        nearest: bool,
    ) -> dict[str, np.ndarray]:
        """Return what the patches were compared with: nearest activations, or the shares."""
        normality = judge.normality
        rows = features[:, list(columns)].to(normality.device)
        found = normality.judge(rows).nearest
        arrays: dict[str, np.ndarray] = {}
        if found.shape[1]:
            first = found[:, 0].cpu()
            patches = self.opening.visual.shape[1]
            row, column = self._divided(first.numpy() % patches)
            arrays["nearest_at"] = np.stack([first.numpy() // patches, row, column], 1).astype(
                np.int32
            )
            if self.redo and nearest:
                gallery = self._gallery_rows()
                assert gallery is not None
                near = gallery[first]
                if self.normal is None:  # unit rows: brought to the patch's own length
                    near = near * (
                        features[:, list(columns)].norm(dim=1, keepdim=True)
                        / near[:, list(columns)].norm(dim=1, keepdim=True).clamp_min(1e-12)
                    )
                arrays["nearest"] = narrow(near)
        if not self.redo:
            shares = torch.zeros(features.shape)
            shares[:, list(columns)] = normality.shares(rows, found).cpu()
            arrays["shares"] = shares.numpy()
        return arrays

    def _gallery_rows(self) -> Float[Tensor, "row neuron"] | None:
        """Return the gallery's activations; as unit rows where the support is not at hand."""
        kept = self.excavation.normality
        if not isinstance(kept, Gallery):
            return None
        return kept.rows.cpu() if self.normal is None else self.normal.rows.flatten(0, 1)

    def _normal_figures(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the selected neurons' mean and deviation on the support, or on what is shown."""
        if self.normal is not None:
            variance, mean = torch.var_mean(self.normal.rows.flatten(0, 1), dim=0, correction=0)
        else:
            groups = self.opening.watch.groups
            group = groups.get("normal") or next(iter(groups.values()))
            mean, variance = group.mean, group.variance
        return mean.numpy(), variance.sqrt().numpy()

    def _notes(self) -> list[str]:
        notes = []
        if self.normal is None:
            notes.append(
                "The support's pictures are not among the images: sensitivities are of the run's "
                "own site, and what is normal for a neuron is taken from the images shown."
            )
        training = sum(sample.split == "train" for sample in self.opening.samples)
        if training:
            notes.append(
                f"Judged too: {training} training {'image' if training == 1 else 'images'}. What "
                "is in the support scores low, and makes AUROC too high; a data set shows its "
                "test images alone."
            )
        return notes

    def _terms(self) -> dict[str, str]:
        if self.labels is None:
            return {}
        found: dict[str, str] = {}
        for at, name in enumerate(self.labels.neurons.names):
            named = [one.term for one in self.labels.of(at).values() if one.term is not None]
            found |= {name: named[0]} if named else {}
        return found

    def _auroc(self, scores: Float[np.ndarray, "image"]) -> float | None:
        samples = self.opening.samples
        known = [at for at, sample in enumerate(samples) if sample.label is not None]
        labels = [int(samples[at].label == 1) for at in known]
        return auroc(labels, scores[known]).value if known else None

    def _places(self, fused: Float[np.ndarray, "image patch"]) -> np.ndarray:
        row, column = self._divided(fused.argmax(1))
        return np.stack([row, column], 1).astype(np.int32)

    def _divided(self, patch: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        columns = self.excavation.model.grid[1]
        return patch // columns, patch % columns


def _ranges(excavation: Excavation) -> dict[str, tuple[float, float]]:
    branches = ["fused", "visual", *(["text"] if excavation.held_out.text is not None else [])]
    return {branch: excavation.display_range(branch) for branch in branches}


def _fusion(excavation: Excavation) -> dict[str, Any]:
    fusion = excavation.fusion()

    def ends(scale: Scale) -> tuple[float, float]:
        return scale.mean, scale.deviation

    return {
        "kind": excavation.settings.fusion,
        "weight": fusion.weight,
        "visual": ends(fusion.visual),
        "text": ends(fusion.text),
    }


def _layer(site: str) -> int:
    """Return the block of a site; what comes before the first counts to it."""
    return layer_of(site) or 0


def _whole(value: Any, count: int, what: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < count:
        raise SettingError(f"no {what} {value!r}: there are {count}, counted from 0.")

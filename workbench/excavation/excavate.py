"""Excavate: from a few normal images and a model to a detector. Nothing is trained."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from workbench.clip.hooked import HookedCLIP
from workbench.errors import DataError, SettingError
from workbench.excavation.detector import Excavation
from workbench.excavation.features import BATCH, Tower, walk
from workbench.excavation.fitting import fit
from workbench.excavation.settings import Settings
from workbench.excavation.text import TextBranch
from workbench.images.layouts import LIST_SUFFIXES, category_name, read_dataset
from workbench.images.samples import Dataset, Sample, train_normals
from workbench.images.stream import ImageLike, Picture, pictures
from workbench.images.support import support


def excavate(
    normals: ImageLike | Dataset | Iterable[ImageLike],
    model: Tower,
    settings: Settings | None = None,
    *,
    shots: int | None = None,
    seed: int = 0,
    category: str | None = None,
    protocol: str = "nested",
    contaminated: int = 0,
    batch_size: int = BATCH,
    **choices: Any,
) -> Excavation:
    """Find the neurons that vary most over normal images, and keep what normal looks like to them.

        model = workbench.load_model("demo")
        excavation = workbench.excavate("my_bolts/", model)
        for detection in excavation.score("new_photos/"): ...

    `normals` is a folder (bare, or a category of a data set), samples, files or pictures; of
    samples only training normals are taken. `shots`, `seed`, `protocol` and `contaminated` draw a
    support set from them as `images.support` does; without `shots` all are taken. `category` names
    the object in the prompts. Further arguments are fields of `Settings`, changed from `settings`.

    In place of a model, a store (`workbench.open_store`) gives the activations it holds: the
    images must be in it, and there is no text side, so `text_weight` must be 0.

    The images pass the model twice (once if they fit in a batch): for the statistics, then for
    the gallery. Never are more activations in memory than one batch and the gallery.

    Raises `DataError` for images that cannot be used, `SettingError` for a choice out of range,
    `SiteError` for an unknown site, `ModelError` for activations that are not finite.
    """
    chosen = _settings(settings, choices)
    images, name, drawn = _support(normals, shots, seed, category, protocol, contaminated)
    chosen = chosen.resolved(model, name)
    text = (
        TextBranch.of(model, chosen.prompts, chosen.temperature)
        if chosen.uses_text and chosen.prompts
        else None
    )
    if len(images) == 1 and not isinstance(model, HookedCLIP):
        raise SettingError(
            "one normal image is judged by its mirrored copies, and a store does not hold them: "
            "give two or more, or the model."
        )
    found = fit(
        images,
        chosen,
        lambda shown, sites, what: walk(model, shown, sites, batch_size=batch_size, what=what),
        partial(text.scores, model) if text else None,
        keep=len(images) <= batch_size,
    )
    return Excavation(
        model=model,
        settings=chosen,
        category=name,
        support=tuple(picture.name for picture in images),
        shots=len(images) if drawn else None,
        seed=seed if drawn else None,
        protocol=protocol if drawn else None,
        contaminated=contaminated,
        sensitivity=found.sensitivity,
        neurons=found.neurons,
        normality=found.normality,
        text=text,
        held_out=found.held_out,
        fingerprint=model.fingerprint,
    )


def _settings(settings: Settings | None, choices: dict[str, Any]) -> Settings:
    converted = Settings.from_dict(choices)  # names an unknown choice
    given = {name: getattr(converted, name) for name in choices}
    return replace(settings or Settings(), **given)


def _support(
    normals: ImageLike | Dataset | Iterable[ImageLike],
    shots: int | None,
    seed: int,
    category: str | None,
    protocol: str,
    contaminated: int,
) -> tuple[list[Picture], str, bool]:
    """Return the support images, the category's name, and whether they were drawn by seed."""
    if isinstance(normals, str | Path) and _holds_a_set(Path(normals)):
        normals = read_dataset(normals)
    if isinstance(normals, Dataset):
        if len(normals.categories) > 1:
            raise DataError(
                f"{normals.root} holds {len(normals.categories)} categories "
                f"({', '.join(normals.categories)}); excavate one at a time."
            )
        samples: Sequence[Sample] = normals.samples
    else:
        given = [normals] if isinstance(normals, ImageLike) else list(normals)
        samples = _samples(given)
        if given and not samples:
            if shots is not None or contaminated:
                raise SettingError(
                    "shots are drawn from named images: give files or samples, or leave shots out."
                )
            return pictures(given), category or "object", False
    by_rule = shots is not None or contaminated > 0
    if by_rule:
        chosen = support(samples, shots, seed, protocol, contaminated)
    else:
        chosen = list(train_normals(samples))
        support(samples, None)  # complains if there is none, or more than one category
    found = [Picture(sample.name, sample.path) for sample in chosen]
    return found, category or chosen[0].category, by_rule


def _holds_a_set(path: Path) -> bool:
    return path.is_dir() or path.suffix.lower() in LIST_SUFFIXES


def _samples(given: Sequence[ImageLike]) -> list[Sample]:
    """Return files and samples as samples; none of them if a picture among them has no name."""
    found: list[Sample] = []
    for one in given:
        if isinstance(one, Sample):
            found.append(one)
            continue
        for picture in pictures(one):
            if picture.path is None:
                return []
            name = category_name(picture.path.parent)
            found.append(Sample(picture.path, "train", 0, "good", category=name))
    return found

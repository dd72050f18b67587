"""The explorer in one file: everything embedded, nothing to fetch, detection redone in the page."""

import base64
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from workbench.errors import SettingError
from workbench.files import write_text
from workbench.images.samples import Sample
from workbench.widgets.explorer.answers import Answers
from workbench.widgets.explorer.chosen import number_of
from workbench.widgets.explorer.front import EXPLORER, module
from workbench.widgets.explorer.parcel import Parcel, packed
from workbench.widgets.explorer.pictures import PER_PART

ROOM = 8_000_000
"""Bytes of a file whose images are not chosen by the user."""

PANELS = 0.35
"""The part of the room that panels of neurons may take."""

TITLES = {EXPLORER: "neuron explorer", "threshold": "threshold", "sweep": "settings"}

_PICTURE_SIDE = 320
_MASK_SIDE = 128
_REDO = (
    "Detection is redone here for cosine distance to one nearest normal patch only; with this run, "
    "in a notebook."
)
_TEXT = 4 / 3  # base64


def save(
    answers: Answers,
    path: Path,
    view: str,
    images: Iterable[int | str | Sample] | None,
    more: Mapping[str, Parcel],
) -> Path:
    """Write the page, all of it or nothing; see `NeuronExplorer.save_html`.

    `more` are the parcels that only this view asks for.
    """
    source = module(view)
    room = ROOM - len(source.encode()) - _size(more.values())
    found = {**parcels(answers, room, images, panels=view == EXPLORER), **more}
    return write(path, f"{answers.excavation.category}: {TITLES[view]}", view, source, found)


def write(path: Path, title: str, view: str, source: str, parcels: Mapping[str, Parcel]) -> Path:
    """Write a page that holds parcels and the module which shows them."""
    headers, content = packed(parcels)
    coded = base64.b64encode(content).decode("ascii")
    write_text(
        path,
        f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{escape(title)}</title>
<link rel="icon" href="data:,">
</head>
<body>
<div data-neuron-explorer="{escape(view)}"></div>
<noscript>This page computes what it shows: please allow its script. It fetches nothing.</noscript>
<script type="application/json" data-explorer="headers">{headers}</script>
<script type="text/plain" data-explorer="bytes">{coded}</script>
<script type="module">
{source}
</script>
</body>
</html>
""",
    )
    return path


def parcels(
    answers: Answers,
    room: float,
    images: Iterable[int | str | Sample] | None,
    *,
    panels: bool = True,
) -> dict[str, Parcel]:
    """Return what the page holds, by key; `panels` of neurons among it or not.

    Without `images` they are as many as fit `room` bytes: evenly spread over the ranking by score,
    its ends included. Raises `SettingError` for an image that is not shown or if none is asked for.
    """
    samples = answers.opening.samples
    neurons = len(answers.excavation.neurons)
    every = _opened(answers, range(len(samples)), neurons)
    gallery = answers.gallery()
    base = {
        **({"gallery": gallery} if answers.redo else {}),
        **{f"thumbs:{part}": answers.thumbs(part) for part in _parts(len(samples))},
    }
    left = room - _size([every, *base.values()])
    shown = _panels(answers, PANELS * left) if panels else {}
    left -= _size(shown.values())
    if images is None:
        chosen = _spread(answers, left)
    else:
        chosen = sorted({number_of(image, samples) for image in images})
        if not chosen:
            raise SettingError("no image is to be put into the file: name some, or leave it out.")
    return {
        "open": _opened(answers, chosen, len(shown) if panels else neurons),
        **base,
        **shown,
        **{f"image:{number}": _image(answers, number) for number in chosen},
    }


def _opened(answers: Answers, chosen: Sequence[int], panels: int) -> Parcel:
    """Return the open parcel; it says what the file leaves out."""
    images, neurons = len(answers.opening.samples), len(answers.excavation.neurons)
    said = []
    if len(chosen) < images:
        said.append(f"the pictures of {len(chosen)} of the {images:,} images")
    if panels < neurons:
        said.append(f"the panels of the {panels} most sensitive of the {neurons:,} neurons")
    more: dict[str, Any] = {"live": False, "redo": answers.redo}
    if not answers.redo:
        more["redo_reason"] = _REDO
    if said:
        more["selection"] = f"This file holds {' and '.join(said)}."
    return answers.open(**more)


def _panels(answers: Answers, room: float) -> dict[str, Parcel]:
    """Return the panels of the selected neurons, most sensitive first, as long as they fit."""
    found: dict[str, Parcel] = {}
    site, taken = answers.excavation.neurons.site, 0.0
    for index in answers.excavation.neurons.indices:
        parcel = answers.neurons.answer(site, index, prompt=False)
        taken += _size([parcel])
        if taken > room and found:
            break
        found[f"neuron:{site}:{index}"] = parcel
    return found


def _spread(answers: Answers, room: float) -> list[int]:
    """Return the images that fit, evenly spread over the ranking by score."""
    order = np.argsort(-answers.opening.scores, kind="stable")
    count = len(order)
    tried = [int(order[at]) for at in sorted({0, count // 2, count - 1})]
    largest = max(_size([_image(answers, number)]) for number in tried)
    fit = max(1, min(count, int(room / largest)))
    places = np.unique(np.linspace(0, count - 1, fit).round().astype(int))
    return sorted(int(order[place]) for place in places)


def _image(answers: Answers, number: int) -> Parcel:
    """Return an image for the file; the gallery, which is there once, holds what is nearest."""
    return answers.image(number, side=_PICTURE_SIDE, mask_side=_MASK_SIDE, nearest=not answers.redo)


def _parts(images: int) -> range:
    return range(-(-images // PER_PART)) if images > PER_PART else range(0)


def _size(several: Iterable[Parcel]) -> float:
    return _TEXT * sum(parcel.size for parcel in several)

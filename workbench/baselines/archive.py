"""What a backbone has seen, on disk: computed once per picture, whatever asks for it.

    FOLDER/backbone.json          the model and the way pictures are put into it
    FOLDER/sites/NAME/            activation stores (`workbench.recording`), one per request
    FOLDER/views/ITEM/XXH3.safetensors
                                  a view of one picture; or a site, of one that came up later

Pictures are known by their content, so that a renamed folder or a second path costs nothing, and
two copies of a file are looked at once. (Sites and views are two passes: a picture of which both
are needed costs one plain forward more than `views.forwards_per_image` says.) What is computed
together is fixed by the request, never by what happens to be missing: after a kill the same call
gives the same bytes.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
import xxhash
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from workbench.baselines.method import Needs
from workbench.baselines.views import Views, check_needs, compute
from workbench.clip.hooked import HookedCLIP
from workbench.errors import DataError, RunError
from workbench.files import check_new_folder, write_json
from workbench.images.progress import progress
from workbench.images.stream import Picture, Shown, stream
from workbench.recording.image_list import ImageEntry, survey_image, survey_images
from workbench.recording.plan import describe_model
from workbench.recording.record import record
from workbench.recording.store import ActivationStore, is_store
from workbench.recording.tensor_files import write_tensors

HEADER = "backbone.json"
FORMAT = "workbench backbone"
VERSION = 1
_VALUES = "values"


class Archive:
    """Views of pictures on disk, filled as they are asked for.

    Raises `RunError` if the folder is another model's, holds something else, or is taken and
    `resume` is off.
    """

    def __init__(
        self, model: HookedCLIP, folder: Path, *, resume: bool = True, batch_size: int
    ) -> None:
        self.model, self.folder, self.batch_size = model, folder.absolute(), batch_size
        self._entries: dict[tuple[str, int, int], ImageEntry] = {}
        self._places: dict[str, dict[str, tuple[ActivationStore, int]]] = {}
        self._open(resume)
        for path in sorted((self.folder / "sites").glob("*")):
            self._add_store(path)

    def record(self, pictures: Sequence[Picture], needs: Needs) -> None:
        """Compute and keep what is needed and not here yet (see `Backbone.recorded`)."""
        check_needs(self.model, needs)
        unique: dict[str, tuple[Picture, ImageEntry]] = {}
        for picture, entry in zip(pictures, survey_images(pictures), strict=True):
            unique.setdefault(self._checked(picture, entry).xxh3, (picture, entry))
            if picture.path is not None:
                self._entries[_known(picture.path)] = entry
        self._record_sites(unique, needs.sites)
        chosen = list(unique)
        chunks = [
            chosen[start : start + self.batch_size]
            for start in range(0, len(chosen), self.batch_size)
        ]
        views = Needs(views=needs.views)
        watched = progress(chunks, total=len(chosen), what="recording views", size=len)
        for keys in watched:
            if self._missing(keys, views):
                self._compute([unique[key][0] for key in keys], keys, views)

    def walk(
        self, pictures: Sequence[Picture], needs: Needs, *, what: str
    ) -> Iterator[tuple[Shown, Views]]:
        """Yield pictures in order with their views, as `Backbone.walk` does."""
        check_needs(self.model, needs)
        starts = range(0, len(pictures), self.batch_size)
        chunks = [tuple(pictures[start : start + self.batch_size]) for start in starts]
        for chunk in progress(chunks, total=len(pictures), what=what, size=len):
            entries = [self._entry(picture) for picture in chunk]
            keys = [entry.xxh3 for entry in entries]
            if missing := self._missing(keys, needs):
                self._compute(chunk, keys, missing)
            views = Views(
                {site: self._read(site, keys) for site in sorted(needs.sites)},
                {view: self._read(view, keys) for view in sorted(needs.views)},
            )
            yield Shown(chunk, tuple((entry.height, entry.width) for entry in entries)), views

    # The folder.

    def _open(self, resume: bool) -> None:
        facts, preprocessing = describe_model(self.model)
        header: dict[str, Any] = {
            "format": FORMAT,
            "version": VERSION,
            "model": facts,
            "preprocessing": preprocessing,
            "device_type": self.model.device.type,
        }
        file = self.folder / HEADER
        if not file.is_file():
            check_new_folder(self.folder)
            write_json(file, header)
            return
        if not resume:
            raise RunError(
                f"{self.folder} holds recorded features already. Go on with them (--resume), or "
                "choose another folder."
            )
        there = _read_header(file)
        changed = [
            f"{key}: {there[group].get(key)} then, {header[group].get(key)} now"
            for group in ("model", "preprocessing")
            for key in header[group]
            if key not in ("name", "source") and there[group].get(key) != header[group][key]
        ]
        if there["device_type"] != header["device_type"]:
            changed.append(f"device: {there['device_type']} then, {header['device_type']} now")
        if changed:
            raise RunError(
                f"{self.folder} holds features of {there['model']['name']}, made otherwise than "
                f"now ({'; '.join(changed)}). Choose another folder, or delete that one."
            )

    def _add_store(self, path: Path) -> None:
        if not is_store(path):
            return
        store = ActivationStore(path)
        if not store.complete:
            return
        for site in store.facts.sites:
            places = self._places.setdefault(site, {})
            for index, entry in enumerate(store.plan.images):
                places.setdefault(entry.xxh3, (store, index))

    def _record_sites(
        self, unique: dict[str, tuple[Picture, ImageEntry]], sites: frozenset[str]
    ) -> None:
        """Record what sites are missing; pictures that lack the same sites into one store."""
        groups: dict[tuple[str, ...], list[str]] = {}
        for key in unique:
            lacking = tuple(sorted(s for s in sites if key not in self._places.get(s, {})))
            if lacking:
                groups.setdefault(lacking, []).append(key)
        for lacking, keys in sorted(groups.items()):
            name = xxhash.xxh3_64_hexdigest("\n".join((*lacking, "", *keys)).encode())
            path = self.folder / "sites" / name
            record(
                [unique[key][0] for key in keys],
                self.model,
                path,
                sites=list(lacking),
                products=("activations",),
                dtype="fp32",
                tokens="patches",
                batch_size=self.batch_size,
                resume=True,
                strict=True,
            )
            self._add_store(path)

    # One picture.

    def _entry(self, picture: Picture) -> ImageEntry:
        if picture.path is None:
            return self._checked(picture, survey_image(picture))
        known = _known(picture.path)
        if known not in self._entries:
            self._entries[known] = self._checked(picture, survey_image(picture))
        return self._entries[known]

    @staticmethod
    def _checked(picture: Picture, entry: ImageEntry) -> ImageEntry:
        if not entry.xxh3:
            picture.open()  # says what is wrong with it
            raise DataError(f"{picture.path or picture.name} cannot be read.")
        return entry

    def _file(self, item: str, key: str) -> Path:
        return self.folder / "views" / item / f"{key}.safetensors"

    def _missing(self, keys: Sequence[str], needs: Needs) -> Needs:
        def lacks(item: str) -> bool:
            places = self._places.get(item, {})
            return any(key not in places and not self._file(item, key).is_file() for key in keys)

        return Needs(
            frozenset(site for site in needs.sites if lacks(site)),
            frozenset(view for view in needs.views if lacks(view)),
        )

    def _compute(self, pictures: Sequence[Picture], keys: Sequence[str], needs: Needs) -> None:
        """Look at pictures together and keep what is needed; what is there already stays."""
        model = self.model
        (batch,) = stream(
            pictures,
            batch_size=len(pictures),
            image_size=model.image_size,
            mean=model.mean,
            std=model.std,
        )
        views = compute(model, batch.pixels.to(model.device, model.dtype), needs)
        for item, values in views.items().items():
            places = self._places.get(item, {})
            for key, value in zip(keys, values.cpu(), strict=True):
                if key not in places and not self._file(item, key).is_file():
                    write_tensors(self._file(item, key), {_VALUES: value.contiguous()})

    def _read(self, item: str, keys: Sequence[str]) -> Tensor:
        places = [self._places.get(item, {}).get(key) for key in keys]
        stores = {id(place[0]): place[0] for place in places if place}
        if len(stores) == 1 and all(places):
            (store,) = stores.values()
            values = store[item][[place[1] for place in places if place]]
        else:
            values = torch.stack(
                [
                    place[0][item][place[1]] if place else self._load(item, key)
                    for place, key in zip(places, keys, strict=True)
                ]
            )
        return values.float().to(self.model.device)

    def _load(self, item: str, key: str) -> Tensor:
        file = self._file(item, key)
        try:
            found: Tensor = load_file(file)[_VALUES]
        except (SafetensorError, OSError, KeyError) as error:
            raise RunError(
                f"{file} is damaged ({error}). Delete it: it is computed again when it is needed."
            ) from error
        return found


def _known(path: Path) -> tuple[str, int, int]:
    """Return what a file is known by while this process runs: its place, size and time."""
    try:
        stat = path.stat()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}. Check the path.") from error
    return str(path.absolute()), stat.st_size, stat.st_mtime_ns


def _read_header(file: Path) -> dict[str, Any]:
    import json

    try:
        content: dict[str, Any] = json.loads(file.read_bytes())
        if content["format"] != FORMAT:
            raise ValueError("it is something else")
        if content["version"] != VERSION:
            raise ValueError(f"it is of version {content['version']}, not {VERSION}")
        _ = content["model"]["name"], content["preprocessing"], content["device_type"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(
            f"{file} is not the header of recorded features ({error}). Choose another folder."
        ) from error
    return content

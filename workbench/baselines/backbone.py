"""The backbone: everything that methods ask of the model about pictures."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.baselines.method import Needs
from workbench.baselines.views import Views, compute, joined
from workbench.clip.hooked import HookedCLIP
from workbench.clip.prompts import PromptEnsemble
from workbench.errors import DataError
from workbench.excavation.features import BATCH
from workbench.excavation.text import TextBranch
from workbench.images.progress import progress
from workbench.images.stream import Picture, Shown, stream

if TYPE_CHECKING:
    from workbench.baselines.archive import Archive


class Backbone:
    """A model that looks at pictures, or what was recorded of it.

        backbone = Backbone(model)                                      # computes as it goes
        backbone = Backbone.recorded(model, pictures, needs, "recorded/")   # computes each once
        for shown, views in backbone.walk(pictures, needs): ...

    Either way a walk gives the same values, so a method never knows which it is.

    Args:
        model: the CLIP.
        batch_size: pictures in one forward.
        archive: where views are kept (see `recorded`).
    """

    def __init__(
        self, model: HookedCLIP, *, batch_size: int = BATCH, archive: "Archive | None" = None
    ) -> None:
        self.model, self.batch_size, self.archive = model, batch_size, archive
        self._held: tuple[list[Picture], Needs, list[tuple[Shown, Views]]] | None = None
        self._texts: dict[tuple[PromptEnsemble, float], TextBranch] = {}

    @classmethod
    def recorded(
        cls,
        model: HookedCLIP,
        pictures: Sequence[Picture],
        needs: Needs,
        folder: str | Path,
        *,
        resume: bool = True,
        batch_size: int = BATCH,
    ) -> "Backbone":
        """Look at pictures once, write down what is needed, and read it ever after.

        Sites are recorded as an activation store, views as safetensors files beside it. What the
        folder holds already is not computed again, however the pictures or the needs have grown
        since; killed at any moment, the same call goes on. Pictures that come up later (rotated
        or mirrored copies of a support set) are computed when they are first walked over, and
        kept too.

        Raises `RunError` if the folder is of another model, or is taken and `resume` is off;
        `DataError` for a picture that does not open; `SettingError` and `SiteError` for needs
        that cannot be met.
        """
        from workbench.baselines.archive import Archive

        archive = Archive(model, Path(folder), resume=resume, batch_size=batch_size)
        archive.record(pictures, needs)
        return cls(model, batch_size=batch_size, archive=archive)

    def hold(self, pictures: Sequence[Picture], needs: Needs) -> None:
        """Keep a few pictures' views in memory: walks over these very pictures repeat nothing."""
        self._held = list(pictures), needs, list(self.walk(pictures, needs))

    def walk(
        self, pictures: Sequence[Picture], needs: Needs, *, what: str = "looking"
    ) -> Iterator[tuple[Shown, Views]]:
        """Yield the pictures in order, batch by batch, with all that is needed of them.

        Raises `DataError` for a picture that does not open, and what `views.compute` raises.
        """
        if self._held is not None and self._held[0] == list(pictures):
            _, held, kept = self._held
            if needs.sites <= held.sites and needs.views <= held.views:
                yield from ((shown, views.only(needs)) for shown, views in kept)
                return
        if self.archive is not None:
            yield from self.archive.walk(pictures, needs, what=what)
            return
        model = self.model
        batches = stream(
            pictures,
            batch_size=self.batch_size,
            image_size=model.image_size,
            mean=model.mean,
            std=model.std,
        )
        shown = progress(batches, total=len(pictures), what=what, size=lambda b: len(b.pictures))
        for batch in shown:
            views = compute(model, batch.pixels.to(model.device, model.dtype), needs)
            yield Shown(batch.pictures, batch.sizes), views

    def views(self, pictures: Sequence[Picture], needs: Needs, *, what: str = "looking") -> Views:
        """Return all pictures' views at once. Raises `DataError` if there are no pictures."""
        parts = [views for _, views in self.walk(pictures, needs, what=what)]
        if not parts:
            raise DataError("no pictures were given; at least one is needed.")
        return joined(parts)

    def text(self, prompts: PromptEnsemble, temperature: float) -> TextBranch:
        """Return the text branch of prompts; they pass the text tower once."""
        key = (prompts, temperature)
        if key not in self._texts:
            self._texts[key] = TextBranch.of(self.model, prompts, temperature)
        return self._texts[key]

    def __repr__(self) -> str:
        where = "" if self.archive is None else f", recorded in {str(self.archive.folder)!r}"
        return f"Backbone({self.model.name}{where})"

"""What methods with a support set have in common: seeing it, learning, and held-out scores."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float
from torch import Tensor

from workbench.baselines.backbone import Backbone
from workbench.baselines.method import Needs, Scored
from workbench.baselines.views import Views, joined
from workbench.clip.hooked import HookedCLIP
from workbench.errors import DataError
from workbench.excavation.fitting import mirrored
from workbench.excavation.fusion import held_out_indices
from workbench.excavation.settings import Settings
from workbench.images.stream import Picture, Shown


@runtime_checkable
class Judge(Protocol):
    """What was learned from normal images."""

    @property
    def gallery_bytes(self) -> int:
        """What it keeps of them."""
        ...

    def scores(self, views: Views) -> Scored:
        """Score pictures."""
        ...


@dataclass(frozen=True, eq=False)
class FittedJudge:
    """A judge, and how it judges normal images that it has not seen."""

    learned: Judge
    held_out: Float[np.ndarray, "normal"] | None

    @property
    def gallery_bytes(self) -> int:
        """What is kept of the support."""
        return self.learned.gallery_bytes

    def judge(self, batch: Shown, seen: Views) -> Scored:  # noqa: ARG002
        """Score pictures."""
        return self.learned.scores(seen)


@dataclass(frozen=True)
class SupportMethod(ABC):
    """A method that looks at a few normal images; how it sees them, and which it holds out.

    Held out is each support image in turn (at most 32): everything is learned anew from the
    others. Of a single image its mirrored copies are judged, as LAKE does.
    """

    name: str
    title: str
    recipe: str
    settings: Settings = field(default_factory=Settings)
    uses_support: bool = True
    draws: int = 1

    @abstractmethod
    def needs(self, model: HookedCLIP) -> Needs:
        """Return what it has to see of pictures."""

    @abstractmethod
    def fit(
        self,
        backbone: Backbone,
        category: str,
        support: Sequence[Picture],
        *,
        seed: int = 0,
        draw: int = 0,
    ) -> FittedJudge:
        """Learn from the support. Raises `DataError` without normal images."""

    def versions(self, picture: Picture) -> list[Picture]:
        """Return the pictures that a support image stands for, itself first."""
        return [picture]

    def held_out_copies(self, picture: Picture) -> list[Picture]:
        """Return the copies that stand for unseen normals where there is one image only."""
        return mirrored(picture)

    def see(self, backbone: Backbone, category: str, support: Sequence[Picture]) -> list[Views]:
        """Return the views of each support image, with those of its other versions.

        Raises `DataError` without normal images.
        """
        if not support:
            raise DataError(f"{category} has no normal images to learn from; give at least one.")
        needs = self.needs(backbone.model)
        versions = [self.versions(picture) for picture in support]
        if all(len(pictures) == 1 for pictures in versions):  # all in the same batches
            views = backbone.views(support, needs, what="normal images")
            return [views[index : index + 1] for index in range(len(support))]
        # The copies of an image in batches of their own, so that these do not depend on the rest.
        originals = backbone.views(support, needs, what="normal images")
        seen = []
        for index, (_, *copies) in enumerate(versions):
            parts = backbone.views(copies, needs, what="copies")
            seen.append(joined([originals[index : index + 1], parts]))
        return seen

    def held_out(
        self, backbone: Backbone, support: Sequence[Picture], seen: Sequence[Views]
    ) -> Iterator[tuple[Sequence[Views], Views]]:
        """Yield what to learn from, and normal images that are then unseen.

        Of a single image that is `seen` itself.
        """
        if len(seen) == 1:
            copies = self.held_out_copies(support[0])
            yield seen, backbone.views(copies, self.needs(backbone.model), what="mirrored copies")
            return
        for index in held_out_indices(len(seen)):
            yield [*seen[:index], *seen[index + 1 :]], seen[index][:1]


@dataclass(frozen=True)
class FewShot(SupportMethod):
    """A method whose judge is all that it learns; subclasses say what it sees and learns."""

    @abstractmethod
    def learn(
        self, backbone: Backbone, category: str, seen: Sequence[Views], seed: int, draw: int
    ) -> Judge:
        """Learn from the support: the views of each image, its copies of `versions` included."""

    def fit(
        self,
        backbone: Backbone,
        category: str,
        support: Sequence[Picture],
        *,
        seed: int = 0,
        draw: int = 0,
    ) -> FittedJudge:
        """Learn from the support. Raises `DataError` without normal images."""
        seen = self.see(backbone, category, support)
        judge = self.learn(backbone, category, seen, seed, draw)
        scores = []
        for others, unseen in self.held_out(backbone, support, seen):
            known = judge if others is seen else self.learn(backbone, category, others, seed, draw)
            scores.append(known.scores(unseen).image)
        return FittedJudge(judge, np.concatenate(scores))


def largest(scores: Float[Tensor, "image patch"], grid: tuple[int, int]) -> Scored:
    """Return patch scores as maps, and each image's largest as its score."""
    maps = scores.view(len(scores), *grid).float().cpu().numpy()
    return Scored(maps.max(axis=(1, 2)), maps)

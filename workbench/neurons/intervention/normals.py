"""What neurons do on normal patches: what interventions bring them back to."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from jaxtyping import Float
from torch import Tensor

from workbench.clip.neuron_set import NeuronSet
from workbench.errors import DataError, SettingError
from workbench.excavation.features import BATCH, Tower, walk
from workbench.images.stream import ImageLike, pictures
from workbench.neurons.patch_figures import PatchFigures


@dataclass(frozen=True, eq=False)
class Normals:
    """Mean, variance, range and a sample of the normal patches at one site, on the CPU."""

    site: str
    mean: Float[Tensor, "neuron"] = field(repr=False)
    variance: Float[Tensor, "neuron"] = field(repr=False)
    lowest: Float[Tensor, "neuron"] = field(repr=False)
    highest: Float[Tensor, "neuron"] = field(repr=False)
    rows: Float[Tensor, "row neuron"] = field(repr=False)

    @classmethod
    def measure(
        cls,
        model: Tower,
        images: ImageLike | Iterable[ImageLike],
        site: str,
        *,
        seed: int = 0,
        batch_size: int = BATCH,
    ) -> "Normals":
        """Read normal images, a batch at a time. Raises `DataError` if there are none."""
        found = pictures(images)
        batches = walk(model, found, [site], batch_size=batch_size)
        return cls.from_patches(site, (patches[site] for _, patches in batches), seed)

    @classmethod
    def from_patches(
        cls, site: str, batches: Iterable[Float[Tensor, "... neuron"]], seed: int = 0
    ) -> "Normals":
        """Measure patches that are at hand; a uniform sample of them is kept (by `seed`)."""
        seen = PatchFigures(seed)
        for batch in batches:
            seen.add(batch)
        if not seen.count:
            raise DataError(f"no normal image to measure the neurons at {site} by.")
        return cls(site, seen.mean, seen.variance, seen.lowest, seen.highest, seen.rows)

    def of(self, neurons: NeuronSet, figure: Float[Tensor, "*any neuron"]) -> Tensor:
        """Return the columns of some neurons; `SettingError` if they are elsewhere."""
        if neurons.site != self.site:
            raise SettingError(f"these normals are of {self.site}, the neurons at {neurons.site}.")
        if max(neurons.indices, default=0) >= len(self.mean):
            raise SettingError(
                f"no neuron {max(neurons.indices)} at {self.site}: it has {len(self.mean)}."
            )
        return figure[..., list(neurons.indices)]

"""The patches at which each neuron was highest and lowest, over any number of pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float, Int64
from PIL import Image
from torch import Tensor

from workbench.clip.neuron_set import NeuronSet
from workbench.errors import SettingError
from workbench.images.stream import Picture
from workbench.recording.crops import cut
from workbench.recording.keys import LAST_POSITION, NOTHING, keys_of, read_keys
from workbench.recording.lookup import check_index, check_site, one_neuron
from workbench.recording.seen import Seen

K = 32
Side = Literal["top", "bottom"]
SIDES: tuple[Side, ...] = ("top", "bottom")

_BYTES_PER_VALUE = 48  # what a candidate takes while it is looked at, rounded up
_MEMORY = 2**28
_FEW = 20  # one value in so many may be better than those held, to be looked at singly


@dataclass(frozen=True)
class Exemplar:
    """A patch at which a neuron was extreme: its value, and where in which picture it lies."""

    value: float
    image: int
    name: str
    row: int
    column: int


class Exemplars:
    """Collects the k highest and k lowest patches of every neuron of some sites.

    Values are kept in single precision (those of a double precision model are rounded to it).
    Of equal values the one in the earlier picture, then in the earlier patch, is kept; so the
    result is the same bytes however the stream is cut and in whatever order parts are merged.
    A neuron takes 16 k bytes: 98,304 neurons with k = 32 take 48 MiB.

    Raises `SettingError` for a `k` below 1.
    """

    def __init__(
        self,
        widths: Mapping[str, int],
        patches_per_image: int,
        k: int = K,
        device: torch.device | str = "cpu",
    ) -> None:
        if k < 1:
            raise SettingError(f"{k} exemplars of a neuron are asked for; at least 1 is needed.")
        self.patches_per_image = patches_per_image
        self.k = k
        self._device = torch.device(device)
        if self._device.type == "mps":  # it does not sort 64-bit integers on every macOS
            self._device = torch.device("cpu")
        self._keys: dict[tuple[str, Side], Int64[Tensor, "neuron k"]] = {
            (site, side): torch.full((width, k), NOTHING, device=self._device)
            for site, width in widths.items()
            for side in SIDES
        }

    @property
    def widths(self) -> dict[str, int]:
        """How many neurons each site has."""
        return {site: len(keys) for (site, side), keys in self._keys.items() if side == "top"}

    def update(self, seen: Seen) -> None:
        """Add the patches of a batch; on an exception nothing of it was added.

        Raises `SettingError` if a picture's number is too large for a position to fit 32 bits.
        """
        patches = seen.patches.detach().to(self._device)
        if patches.numel() == 0:
            return
        if patches.shape[1] != self.patches_per_image:
            raise SettingError(
                f"{seen.site} shows {patches.shape[1]} patches a picture, and the exemplars are "
                f"counted by {self.patches_per_image}."
            )
        most = (LAST_POSITION + 1) // self.patches_per_image
        if max(seen.images) >= most:
            raise SettingError(
                f"exemplars with {self.patches_per_image} patches a picture can be told apart for "
                f"up to {most:,} pictures, and this is number {max(seen.images) + 1:,}. Record "
                "the pictures in several stores, or leave exemplars out of --products."
            )
        first = torch.tensor(seen.images, device=self._device) * self.patches_per_image
        top = self._improved("top", seen.site, patches, seen.highest, first)
        bottom = self._improved("bottom", seen.site, patches, seen.lowest, first)
        self._keys[seen.site, "top"] = top
        self._keys[seen.site, "bottom"] = bottom

    def _improved(
        self,
        side: Side,
        site: str,
        patches: Float[Tensor, "image patch neuron"],
        extremes: Float[Tensor, "image neuron"],
        first: Int64[Tensor, "image"],
    ) -> Int64[Tensor, "neuron k"]:
        """Return the keys held for a site, with those of a batch among them where they belong."""
        held = self._keys[site, side]
        sign = 1.0 if side == "top" else -1.0
        # No patch of a picture has a larger key than its extreme at its first patch would have.
        bounds = keys_of(sign * extremes.detach().to(self._device), first[:, None])
        neurons = (bounds > held[:, -1]).any(0).nonzero().squeeze(1)
        if len(neurons) == 0:
            return held
        numbers = torch.arange(patches.shape[1], device=self._device)
        positions = first[:, None] + numbers
        few = _better(held, patches, positions, sign)
        if few is not None:
            return _with_few(held, *few)
        improved = held.clone()
        for some in neurons.split(max(1, _MEMORY // (positions.numel() * _BYTES_PER_VALUE))):
            values = (sign * patches[:, :, some].float()).flatten(0, 1).T.contiguous()
            rivals = torch.cat([held[some], keys_of(values, positions.flatten())], 1)
            improved[some] = rivals.topk(self.k).values
        return improved

    def merge(self, later: "Exemplars") -> None:
        """Add what another collector saw of the same sites, whichever pictures those were."""
        self._keys = {
            which: torch.cat([held, later._keys[which].to(self._device)], 1).topk(self.k).values
            for which, held in self._keys.items()
        }

    def state(self) -> dict[str, Tensor]:
        """Return the keys as tensors named `site/top` and `site/bottom`."""
        return {
            f"{site}/{side}": keys.cpu().contiguous().clone()
            for (site, side), keys in self._keys.items()
        }

    @classmethod
    def from_state(
        cls,
        state: Mapping[str, Tensor],
        patches_per_image: int,
        device: torch.device | str = "cpu",
    ) -> "Exemplars":
        """Return the collector that `state` describes."""
        tops = {
            key.removesuffix("/top"): keys for key, keys in state.items() if key.endswith("/top")
        }
        k = next(iter(tops.values())).shape[1] if tops else K
        made = cls({site: len(keys) for site, keys in tops.items()}, patches_per_image, k, device)
        made._keys = {which: state["/".join(which)].to(made._device) for which in made._keys}
        return made

    def ranked(
        self, site: str, index: int, side: Side = "top"
    ) -> tuple[Float[Tensor, "k"], Int64[Tensor, "k"], Int64[Tensor, "k"]]:
        """Return values, pictures and patches of a neuron, the most extreme first.

        Where fewer than k patches were seen the last are infinite, at picture and patch -1.
        """
        check_site(site, self.widths)
        check_index(site, index, self.widths[site])
        values, positions = read_keys(self._keys[site, side][index].cpu())
        values = values if side == "top" else 0.0 - values
        nowhere = positions < 0
        images = torch.where(nowhere, -1, positions // self.patches_per_image)
        return values, images, torch.where(nowhere, -1, positions % self.patches_per_image)


class ExemplarTable:
    """Exemplars with the pictures they came from: what a neuron likes, as a list or as crops.

    A neuron is spelled `site:index`, or is a `NeuronSet` of one.
    """

    def __init__(
        self, exemplars: Exemplars, pictures: Sequence[Picture], grid: tuple[int, int]
    ) -> None:
        self._exemplars = exemplars
        self.pictures = pictures
        self.grid = grid

    @property
    def sites(self) -> tuple[str, ...]:
        """The recorded sites."""
        return tuple(self._exemplars.widths)

    @property
    def k(self) -> int:
        """How many patches are held of each neuron, at either end."""
        return self._exemplars.k

    def top(self, neuron: str | NeuronSet, most: int | None = None) -> list[Exemplar]:
        """Return the patches at which a neuron was highest, the highest first.

        Raises `SiteError` for a site that was not recorded, `SettingError` for a neuron that the
        site does not have.
        """
        return self.of(neuron, "top", most)

    def bottom(self, neuron: str | NeuronSet, most: int | None = None) -> list[Exemplar]:
        """Return the patches at which a neuron was lowest, the lowest first (see `top`)."""
        return self.of(neuron, "bottom", most)

    def of(self, neuron: str | NeuronSet, side: Side, most: int | None = None) -> list[Exemplar]:
        """Return the patches at one end of a neuron's range, the most extreme first."""
        site, index = one_neuron(neuron)
        ranked = zip(
            *(part.tolist() for part in self._exemplars.ranked(site, index, side)), strict=True
        )
        found = [
            Exemplar(value, image, self.pictures[image].name, *divmod(patch, self.grid[1]))
            for value, image, patch in ranked
            if image >= 0
        ]
        return found[:most]

    def crop(
        self,
        neuron: str | NeuronSet,
        most: int = 9,
        context: float = 1.0,
        side: Side = "top",
    ) -> list[Image.Image]:
        """Return the neuron's extreme patches as pictures, `context` patches around each.

        Raises `DataError` if a picture no longer opens.
        """
        chosen = self.of(neuron, side, most)
        opened = self.open(chosen)
        return [cut(opened[e.image], e.row, e.column, self.grid, context) for e in chosen]

    def open(self, chosen: Sequence[Exemplar]) -> dict[int, Image.Image]:
        """Return the pictures of some exemplars by number, each opened once."""
        return {image: self.pictures[image].open() for image in sorted({e.image for e in chosen})}

    def __repr__(self) -> str:
        return (
            f"ExemplarTable(top and bottom {self.k} of {sum(self._exemplars.widths.values()):,} "
            f"neurons at {len(self.sites)} sites, {len(self.pictures):,} pictures)"
        )


def _better(
    held: Int64[Tensor, "neuron k"],
    patches: Float[Tensor, "image patch neuron"],
    positions: Int64[Tensor, "image patch"],
    sign: float,
) -> tuple[Int64[Tensor, "pair"], Int64[Tensor, "pair"]] | None:
    """Return the neurons and the keys of the values that belong among those held.

    None where they are many, or where a tie with what is held would not be lost: then all values
    must be looked at.
    """
    least, place = read_keys(held[:, -1])
    if bool(least.isneginf().any()) or int(positions.min()) < int(place.max()):
        return None
    better = patches > least if sign > 0 else patches < -least
    if int(better.sum()) > better.numel() // _FEW:
        return None
    image, patch, neuron = better.nonzero(as_tuple=True)
    order = neuron.argsort(stable=True)
    image, patch, neuron = image[order], patch[order], neuron[order]
    return neuron, keys_of(sign * patches[image, patch, neuron], positions[image, patch])


def _with_few(
    held: Int64[Tensor, "neuron k"], neurons: Int64[Tensor, "pair"], keys: Int64[Tensor, "pair"]
) -> Int64[Tensor, "neuron k"]:
    """Return the k largest keys of every neuron, of those held and of pairs ordered by neuron."""
    some, which, counts = neurons.unique_consecutive(return_inverse=True, return_counts=True)
    slots = torch.arange(len(keys), device=keys.device) - (counts.cumsum(0) - counts)[which]
    rivals = held.new_full((len(some), int(counts.max()) if len(some) else 0), NOTHING)
    rivals[which, slots] = keys
    improved = held.clone()
    improved[some] = torch.cat([held[some], rivals], 1).topk(held.shape[1]).values
    return improved

"""The patches at the ends of a neuron's range, cut out of their pictures."""

from collections import OrderedDict
from collections.abc import Callable

from PIL import Image

from workbench.cards.card import Ends, Shown
from workbench.recording.crops import cut, patch_box
from workbench.recording.exemplars import Exemplar, ExemplarTable, Side

SIDE = 96
"""Pixels along the longer side of a crop: a patch, and one patch around it."""
_OPEN = 48  # pictures kept open at once; neurons often like the same ones


class Crops:
    """Cuts exemplars out; pictures that were just opened are not opened again.

    `touches` says of an exemplar whether its patch touches a defect, `None` where nobody knows.
    """

    def __init__(self, table: ExemplarTable, touches: Callable[[Exemplar], bool | None]) -> None:
        self._table, self._touches = table, touches
        self._opened: OrderedDict[int, Image.Image] = OrderedDict()

    def ends(self, neuron: str, most: int, touching: float | None, *, lowest: bool = True) -> Ends:
        """Return both ends of a neuron, `most` patches each; without `lowest` the upper one alone.

        Raises `DataError` as opening does.
        """
        below = self._end(neuron, "bottom", most) if lowest else ()
        return Ends(self._end(neuron, "top", most), below, touching)

    def _end(self, neuron: str, side: Side, most: int) -> tuple[Shown, ...]:
        return tuple(self._shown(one) for one in self._table.of(neuron, side, most))

    def _shown(self, one: Exemplar) -> Shown:
        picture = self._picture(one.image)
        place = (one.row, one.column, self._table.grid, 1.0, SIDE)
        return Shown(
            value=one.value,
            image=one.name,
            row=one.row,
            column=one.column,
            touches=self._touches(one),
            crop=cut(picture, *place),
            box=patch_box(picture.size, *place),
        )

    def _picture(self, index: int) -> Image.Image:
        if index not in self._opened:
            self._opened[index] = self._table.pictures[index].open()
            if len(self._opened) > _OPEN:
                self._opened.popitem(last=False)
        self._opened.move_to_end(index)
        return self._opened[index]

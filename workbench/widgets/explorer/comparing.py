"""The view of two runs side by side, on the same images."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import traitlets

from workbench.clip.hooked import HookedCLIP
from workbench.errors import SettingError
from workbench.excavation.detector import Excavation
from workbench.images.samples import Sample
from workbench.images.support import without_support
from workbench.widgets.explorer.answers import Answers
from workbench.widgets.explorer.comparison import compared, described, overlap
from workbench.widgets.explorer.front import module
from workbench.widgets.explorer.normal import look_again
from workbench.widgets.explorer.opening import look
from workbench.widgets.explorer.page import ROOM, parcels, write
from workbench.widgets.explorer.parcel import Parcel
from workbench.widgets.explorer.widget import NeuronExplorer, whole
from workbench.widgets.inputs import Images, loaded

Run = Excavation | str | Path

SIDE = 1
"""What the front end says where it means the second run."""


class CompareView(NeuronExplorer):
    """Two runs side by side on the same images: where they agree, and what only one catches.

        view = wb.CompareView(four_shots, sixteen_shots, data, names=("4 shots", "16 shots"))
        view  # click an image; the next cell reads view.selected_image

    A scatter of the image scores with both thresholds, the images that only one of them flags, the
    chosen image with both maps, the neurons they share, and the AUROC of both with the difference
    and its interval over the same images. Neurons are compared at the same site of the same model
    only; otherwise the view says so. Both runs must be of one category.

    `run_a` and `run_b` are excavations or folders of saved ones, which need the `model` they were
    made with; `images` is as `explore` takes it. `excavation`, `threshold` and `selected_neurons`
    are of the first run. Raises `SettingError` for runs of two categories, or names that are not
    two or not different, and what `explore` raises.
    """

    view = traitlets.Unicode("compare").tag(sync=True)
    _panels = False

    def __init__(
        self,
        run_a: Run,
        run_b: Run,
        images: Images,
        names: tuple[str, str] = ("A", "B"),
        model: HookedCLIP | None = None,
    ) -> None:
        first, second = loaded(run_a, model), loaded(run_b, model)
        if first.category != second.category:
            raise SettingError(
                f"the runs are of {first.category} and {second.category}: compare two of one "
                "category."
            )
        if len(set(names)) != 2 or len(names) != 2:
            raise SettingError(f"names is {names!r}; it must be two different names.")
        self.names = (str(names[0]), str(names[1]))
        self._second = second
        super().__init__(first, images)
        opening = look(second, self.images)
        self._other = Answers(second, opening, look_again(second, self._known))

    @property
    def excavations(self) -> tuple[Excavation, Excavation]:
        """Both runs."""
        return self.excavation, self._second

    def save_html(self, path: str | Path, images: Any = None) -> Path:
        """Write the comparison as one file that needs no kernel and no network; return its path.

        `images` and what is raised are as `NeuronExplorer.save_html` has them.
        """
        source = module(self.view)
        room = (ROOM - len(source.encode())) / 2
        first = parcels(self._answers, room, images, panels=False)
        numbers = [int(key.removeprefix("image:")) for key in first if key.startswith("image:")]
        second = parcels(self._other, room, numbers, panels=False)
        found = {
            **first,
            **{f"{SIDE}:{key}": _without_thumbs(one) for key, one in second.items()},
            "compare": self._compared(),
        }
        kept = {key: one for key, one in found.items() if not key.endswith("gallery")}
        title = f"{self.excavation.category}: {' and '.join(self.names)}"
        return write(Path(path), title, self.view, source, kept)

    def _given(self, images: Images) -> tuple[list[Sample], tuple[Sample, ...]]:
        shown, known = super()._given(images)
        if self._second.contaminated:
            shown = without_support(shown, self._second.support)
        return shown, known

    def _asked(self, number: Any, ask: Any, content: Mapping[str, Any]) -> None:
        if ask == "compare":
            self._reply(number, self._compared())
        elif content.get("side") == SIDE and ask == "open":
            self._reply(number, self._other.open(thumbs=False))
        elif content.get("side") == SIDE and ask == "image":
            self._reply(number, self._other.image(whole(content, "index"), nearest=False))
        else:
            super()._asked(number, ask, content)

    def _was_chosen(self, content: Mapping[str, Any]) -> None:
        if content.get("side") != SIDE:  # the second picture only follows
            super()._was_chosen(content)

    def _compared(self) -> Parcel:
        openings = self._answers.opening, self._other.opening
        return Parcel(
            {
                "names": self.names,
                "runs": [described(one) for one in self.excavations],
                **compared(openings),
                "neurons": overlap(*self.excavations),
            }
        )


def _without_thumbs(parcel: Parcel) -> Parcel:
    kept = {name: array for name, array in parcel.arrays.items() if name != "thumbs"}
    return Parcel(parcel.header, kept)

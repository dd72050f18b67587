"""The view of a detector's settings: how good it is along each."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import traitlets

from workbench.clip.hooked import HookedCLIP
from workbench.errors import SettingError
from workbench.excavation.detector import Excavation
from workbench.widgets.explorer.parcel import Parcel
from workbench.widgets.explorer.shared import Shared
from workbench.widgets.explorer.sweep import Place, Sweep, SweepPoint
from workbench.widgets.explorer.widget import NeuronExplorer
from workbench.widgets.inputs import Images, loaded


class SweepView(NeuronExplorer):
    """How good a run would be with other settings: K, text weight, layer, shots; one at a time.

        view = wb.SweepView(excavation, data)
        view  # click a point; the next cell reads view.selected

    Each point keeps all other settings of the run. Choosing one shows the scores, the curves and
    the maps with it. Points come a few at a time while nothing else is asked; `finish` works out
    the rest at once, and what was finished stays when it is interrupted. K up to the run's own and
    the text weight need no model; the other points take one walk over the images together, and
    need the data set with the support.

    The labels judge the points, and nothing is picked by them: a setting that is chosen because it
    does best on these images would have to be judged on others. `run`, `images` and `model` are as
    `explore` takes them; raises as it does.
    """

    view = traitlets.Unicode("sweep").tag(sync=True)
    _panels = False

    def __init__(
        self, run: Excavation | str | Path, images: Images, model: HookedCLIP | None = None
    ) -> None:
        super().__init__(loaded(run, model), images)
        self._sweep = Sweep(self._answers, self._known)
        self._shared = Shared(self._later, self._sweep.steps, self._reply, self._fail)
        self._place: Place | None = None

    @property
    def points(self) -> tuple[SweepPoint, ...]:
        """The points that are finished, axis by axis."""
        return tuple(self._sweep.points[place] for place in sorted(self._sweep.points))

    @property
    def selected(self) -> SweepPoint | None:
        """The chosen point; can be set to one, to an axis and a value (`("k", 20)`), or to `None`.

        Raises `SettingError` for a point that there is not or that is not worked out yet.
        """
        return None if self._place is None else self._sweep.points[self._place]

    @selected.setter
    def selected(self, point: SweepPoint | tuple[str, Any] | None) -> None:
        if isinstance(point, SweepPoint):
            point = point.axis, point.value
        self._place = None if point is None else self._found(*point)
        self.send({"push": "choose", "point": list(self._place or ())})

    def finish(self) -> tuple[SweepPoint, ...]:
        """Work out all that is left, and return every point. What an interrupt leaves, it keeps."""
        self._shared.finish()
        return self.points

    def _asked(self, number: Any, ask: Any, content: Mapping[str, Any]) -> None:
        subset = content if ask == "detect" else content.get("subset")
        if ask == "sweep":
            self._shared.ask(number, self._sweep.now)
        elif ask == "pause":
            self._shared.pause(self._sweep.now)
            self._reply(number, self._sweep.now)
        elif ask == "open":
            chosen = self._chosen.told
            if self._place is not None:
                chosen["point"] = self._place
            self._reply(number, self._answers.open(chosen=chosen))
        elif (
            ask in ("detect", "image")
            and isinstance(subset, Mapping)
            and (subset.get("mode") == "point")
        ):
            place = self._checked(subset.get("positions"))
            if ask == "detect":
                self._reply(number, self._detected(place))
            else:
                self._reply(number, self._pictured(place, content.get("index")))
        else:
            super()._asked(number, ask, content)

    def _was_chosen(self, content: Mapping[str, Any]) -> None:
        point = content.get("point")
        self._place = None if point is None else self._checked(point)
        super()._was_chosen(content)

    def _embedded(self) -> Mapping[str, Parcel]:
        points = {
            f"point:{axis}:{place}": self._detected((axis, place))
            for axis, place in self._sweep.points
        }
        return {"sweep": self._sweep.now, **points}

    def _detected(self, place: Place) -> Parcel:
        point, axis = self._sweep.points[place], self._sweep.axes[place[0]]
        scales = "its own" if point.own_scales else "the run's, and there is no threshold"
        note = f"{axis.title}: {axis.shown(place[1])}. Scales are {scales}."
        return self._answers.detected(
            point.excavation, point.fused, own_scales=point.own_scales, note=note
        )

    def _pictured(self, place: Place, index: Any) -> Parcel:
        whole = self._answers.image(index, nearest=False)
        kept = {name: whole.arrays[name] for name in ("picture", "mask") if name in whole.arrays}
        return Parcel(whole.header, {**kept, "fused": self._sweep.points[place].fused[index]})

    def _checked(self, point: Any) -> Place:
        if not isinstance(point, list | tuple) or tuple(point) not in self._sweep.points:
            raise SettingError(f"there is no point {point!r}, or it is not worked out yet.")
        axis, place = point
        return int(axis), int(place)

    def _found(self, name: str, value: Any) -> Place:
        for number, axis in enumerate(self._sweep.axes):
            if axis.name == name and value in axis.values:
                return self._checked((number, axis.values.index(value)))
        every = {axis.name: list(axis.values) for axis in self._sweep.axes}
        raise SettingError(f"no point {name!r}, {value!r}; there are {every}.")

"""The explorer's judging part alone, with the curve of the pixel metric."""

from collections.abc import Mapping
from typing import Any

import traitlets

from workbench.excavation.detector import Excavation
from workbench.neurons.labels import Labels
from workbench.widgets.explorer.parcel import Parcel
from workbench.widgets.explorer.pixels import Pro, Truths
from workbench.widgets.explorer.shared import Shared
from workbench.widgets.explorer.widget import NeuronExplorer
from workbench.widgets.inputs import Images


class ThresholdView(NeuronExplorer):
    """The explorer's judging part alone: where the threshold lies, and who changes sides.

        view = wb.ThresholdView(excavation, data)
        view  # move the line; the next cell reads view.threshold

    Histogram, ROC and precision-recall of the image scores, the PRO curve of the maps, counts of
    right and wrong, the images that change sides as the threshold moves, and the chosen one with
    its map. Curves and counts need images of both kinds, PRO needs masks; where there are none,
    the view says so. PRO is worked out a few images at a time while nothing else is asked. Takes
    and raises what `NeuronExplorer` does; `save_html` writes this view down, PRO too.
    """

    view = traitlets.Unicode("threshold").tag(sync=True)
    _panels = False

    def __init__(
        self, excavation: Excavation, images: Images, *, labels: Labels | None = None
    ) -> None:
        super().__init__(excavation, images, labels=labels)
        opening = self._answers.opening
        truths = Truths(opening.samples, opening.sizes, excavation.model.grid)
        self._pro = Pro(truths, opening.fused)
        self._shared = Shared(self._later, self._pro.steps, self._reply, self._fail)

    def _asked(self, number: Any, ask: Any, content: Mapping[str, Any]) -> None:
        if ask == "pro":
            self._shared.ask(number, self._pro.now)
        else:
            super()._asked(number, ask, content)

    def _embedded(self) -> Mapping[str, Parcel]:
        return {"pro": self._pro.whole()}

"""A plain view of a run: pick an image, see its map, its score, and the neurons behind a patch.

One picture's bytes travel to the browser at a time, no larger than 512 pixels, so a notebook that
keeps the view stays small. Images are judged when they are first looked at.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import ipywidgets as widgets

from workbench.clip.hooked import HookedCLIP
from workbench.errors import WorkbenchError
from workbench.excavation.detection import Detection
from workbench.excavation.detector import Excavation
from workbench.figures.overlay import OPACITY, encode, outline, overlay
from workbench.images.decode import open_image
from workbench.images.truth import true_mask
from workbench.widgets import texts
from workbench.widgets.home import Home
from workbench.widgets.inputs import Images, Item, items_of, loaded

MAX_SIDE = 512
KEPT = 64
"""So many judged images are remembered; beyond that the oldest is judged again if asked for."""


def browse(
    run: Excavation | str | Path,
    images: Images | None = None,
    model: HookedCLIP | None = None,
) -> "Browser":
    """Return a view of what an excavation finds in images, to stand last in a notebook's cell.

        excavation = wb.excavate("my_bolts/", model)
        wb.browse(excavation, "my_bolts/")

    `run` is an excavation, or the folder of a saved one together with the `model` it was made
    with (not needed for the embedded one). `images` is a data set's folder or table, a folder of
    images, or a list of files or samples; a data set shows its test images.

    Raises `RunError` for a folder that is no run, `DataError` for images that cannot be had.
    """
    excavation = loaded(run, model)
    return Browser(excavation, items_of(images, excavation.category))


class Browser:
    """The view. Its parts are attributes, so that a notebook can read and set them.

    `picker`, `branch`, `row`, `column`, `opacity`, `truth`: what is chosen. `picture`, `summary`,
    `bars`, `message`: what is shown for it. `score_all` judges every image and sorts the list.
    """

    def __init__(self, excavation: Excavation, items: Sequence[Item]) -> None:
        self.excavation = excavation
        self.items = list(items)
        self.scores: dict[Path, float] = {}
        self._found: OrderedDict[Path, Detection] = OrderedDict()
        self._settling = False
        self._home = Home()
        self._build()
        self._list(None)
        if self.items:
            self.picker.value = 0
        else:
            self.message.value = texts.hint("No images yet: browse(run, images) takes a folder.")

    @property
    def item(self) -> Item | None:
        """The image that is picked."""
        return None if self.picker.value is None else self.items[self.picker.value]

    @property
    def detection(self) -> Detection | None:
        """What was found in the picked image; judged on first use."""
        item = self.item
        if item is None:
            return None
        if item.path not in self._found:
            (found,) = self.excavation.score([item.path])
            self._remember(item, found)
        self._found.move_to_end(item.path)
        return self._found[item.path]

    def score_all(self) -> None:
        """Judge every image and sort the list by score, highest first."""
        self.progress.max, self.progress.value = max(len(self.items), 1), 0
        self.progress.layout.visibility = "visible"
        picked = self.item
        missing = [item for item in self.items if item.path not in self.scores]
        self.progress.value = len(self.items) - len(missing)
        try:
            found = self.excavation.score([item.path for item in missing]) if missing else ()
            for item, detection in zip(missing, found, strict=True):
                self._remember(item, detection)
                self.progress.value += 1
            self.message.value = ""
        except WorkbenchError as error:
            self.message.value = texts.problem(error)
        finally:
            self.progress.layout.visibility = "hidden"
        self.items.sort(key=lambda item: -self.scores.get(item.path, float("-inf")))
        self._list(picked)

    def _build(self) -> None:
        wide = widgets.Layout(width="98%")
        self.picker = widgets.Select(rows=12, layout=wide)
        self.sorter = widgets.Button(
            description="Score all and sort", layout=widgets.Layout(width="auto")
        )
        self.progress = widgets.IntProgress(
            layout=widgets.Layout(width="150px", visibility="hidden")
        )
        self.branch = widgets.Dropdown(options=_branches(self.excavation), description="map")
        self.opacity = widgets.FloatSlider(
            OPACITY, min=0, max=1, step=0.05, description="heat", readout_format=".0%"
        )
        self.truth = widgets.Checkbox(value=True, description="ground truth", indent=False)
        self.row = widgets.IntSlider(0, min=0, max=0, description="row", layout=wide)
        self.column = widgets.IntSlider(0, min=0, max=0, description="column", layout=wide)
        self.strongest = widgets.Button(description="Strongest patch", icon="crosshairs")
        self.picture = widgets.Image(
            format="webp", layout=widgets.Layout(max_width="512px", width="100%")
        )
        self.summary, self.bars = widgets.HTML(), widgets.HTML()
        self.scale, self.message = widgets.HTML(), widgets.HTML()
        self.picker.observe(self._at_home(self._picked), "value")
        for part in (self.branch, self.opacity, self.truth):
            part.observe(self._at_home(self._draw), "value")
        for part in (self.row, self.column):
            part.observe(self._at_home(self._patch_moved), "value")
        self.strongest.on_click(self._at_home(self._picked))
        self.sorter.on_click(self._at_home(self.score_all))
        left = widgets.VBox(
            [
                self.picker,
                widgets.HBox([self.sorter, self.progress]),
                self.row,
                self.column,
                self.strongest,
                self.bars,
            ],
            layout=widgets.Layout(width="340px"),
        )
        right = widgets.VBox(
            [self.summary, self.picture, self.scale, self.branch, self.opacity, self.truth],
            layout=widgets.Layout(width="520px"),
        )
        columns = widgets.Layout(flex_flow="row wrap", grid_gap="24px")
        self.view = widgets.VBox([self.message, widgets.HBox([left, right], layout=columns)])

    def _list(self, picked: Item | None) -> None:
        """Fill the list with names and known scores, without losing what was picked."""
        labels = [
            texts.entry(i.name, i.defect, i.label, self.scores.get(i.path)) for i in self.items
        ]
        self._settling = True
        self.picker.options = [(label, index) for index, label in enumerate(labels)]
        self.picker.value = None if picked is None else self.items.index(picked)
        self._settling = False

    def _at_home(self, act: Callable[[], None]) -> Callable[..., None]:
        """Return `act` as a handler of a widget's messages, whose contents it does not need."""
        return lambda *_: self._home.do(act)

    def _picked(self) -> None:
        if self._settling:
            return
        try:
            detection = self.detection
        except WorkbenchError as error:
            self._clear(texts.problem(error))
            return
        if detection is None:
            self._clear("")
            return
        rows, columns = detection.fused.shape
        self._settling = True
        self.row.max, self.column.max = rows - 1, columns - 1
        self.row.value, self.column.value = detection.peak
        self._settling = False
        self._draw()

    def _patch_moved(self) -> None:
        if not self._settling:
            self._draw()

    def _draw(self) -> None:
        """Show the picked image with its map, and the neurons behind the chosen patch."""
        try:
            item, found = self.item, self.detection
            if item is None or found is None:
                return
            self._show(item, found)
            self.message.value = ""
        except WorkbenchError as error:
            self._clear(texts.problem(error))

    def _show(self, item: Item, found: Detection) -> None:
        branch, row, column = self.branch.value, self.row.value, self.column.value
        value_range = self.excavation.display_range(branch)
        image = open_image(item.path)
        image.thumbnail((MAX_SIDE, MAX_SIDE))
        heat = found.map((image.height, image.width), branch)
        known = item.sample if item.mask_path and self.truth.value else None
        mask = true_mask(known, found.size) if known else None
        shown = overlay(image, heat, value_range, mask, self.opacity.value)
        marked = outline(shown, row, column, found.visual.shape)
        self.picture.value = encode(marked, MAX_SIDE)
        self.scale.value = texts.scale(value_range)
        self.summary.value = texts.summary(item.name, item.defect, item.label, found.score)
        self.bars.value = texts.neurons(
            found.neurons.site,
            found.strongest(row, column, most=10),
            float(found.visual[row, column]),
            float(found.branch(branch)[row, column]),
            found.nearest(row, column),
        )

    def _clear(self, message: str) -> None:
        self.message.value = message
        self.picture.value = b""
        self.summary.value = self.bars.value = self.scale.value = ""

    def _remember(self, item: Item, found: Detection) -> None:
        self.scores[item.path] = found.score
        self._found[item.path] = found
        while len(self._found) > KEPT:
            self._found.popitem(last=False)

    def _repr_mimebundle_(self, **options: Any) -> Any:
        bundle = self.view._repr_mimebundle_(**options)
        return bundle and {**bundle, "text/plain": f"{self!r}, where widgets are shown"}

    def __repr__(self) -> str:
        return f"Browser({self.excavation.category!r}, {len(self.items)} images)"


def _branches(excavation: Excavation) -> list[tuple[str, str]]:
    if not excavation.settings.uses_text:
        return [("visual and text", "fused"), ("visual only", "visual")]
    return [("visual and text", "fused"), ("visual only", "visual"), ("text only", "text")]

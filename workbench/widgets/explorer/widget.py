"""The explorer as a widget: questions of the front end come in, parcels go out."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from workbench.clip.hooked import HookedCLIP
from workbench.clip.neuron_set import NeuronSet
from workbench.errors import SettingError, WorkbenchError
from workbench.excavation.detector import Excavation
from workbench.images.progress import unwatched
from workbench.images.samples import Sample
from workbench.neurons.labels import Labels
from workbench.widgets.explorer import front
from workbench.widgets.explorer.answers import Answers
from workbench.widgets.explorer.chosen import Chosen, Neurons, names_of, number_of
from workbench.widgets.explorer.given import shown_and_known
from workbench.widgets.explorer.later import Later
from workbench.widgets.explorer.normal import look_again
from workbench.widgets.explorer.opening import check_there, look
from workbench.widgets.explorer.parcel import Parcel, plain
from workbench.widgets.home import Home
from workbench.widgets.inputs import Images, loaded

Callback = Callable[["NeuronExplorer"], object]


def explore(
    run: Excavation | str | Path,
    images: Images,
    model: HookedCLIP | None = None,
    *,
    labels: Labels | None = None,
) -> "NeuronExplorer":
    """Return the explorer of a run, to stand last in a notebook's cell.

        explorer = wb.explore(excavation, "my_bolts/")
        explorer  # look, click, and go on with explorer.selected_neurons

    `run` is an excavation, or the folder of a saved one together with the `model` it was made
    with (not needed for the embedded one). `images` is a data set's folder or table, a folder of
    images, or a list of files or samples; a data set shows its test images, and gives the support
    too. `labels` are what `wb.label` calls the neurons. The images are looked at once.

    Raises `RunError` for a folder that is no run or of another model, `DataError` for images that
    are missing or do not open.
    """
    return NeuronExplorer(loaded(run, model), images, labels=labels)


class NeuronExplorer(anywidget.AnyWidget):
    """Neurons, images and patches as linked views: choosing anything updates everything.

    The next cell works with what was clicked: `selected_neurons`, `selected_image`,
    `selected_patch` and `threshold` can be read, and set; `on_change` calls a function whenever the
    user has chosen something. `save_html` writes the explorer down as one file.

    Nothing of what it shows is kept in the notebook: a saved one shows it again when its cell is
    run. Raises as `explore` does.
    """

    _esm = traitlets.Unicode().tag(sync=True)
    view = traitlets.Unicode(front.EXPLORER).tag(sync=True)
    _panels = True  # whether single neurons are shown

    def __init__(
        self, excavation: Excavation, images: Images, *, labels: Labels | None = None
    ) -> None:
        self._home = Home()
        self.excavation = excavation
        shown, known = self._given(images)
        check_there(shown)
        self._known = known
        opening = look(excavation, shown)
        self._answers = Answers(excavation, opening, look_again(excavation, known), labels)
        self._rest = self._at_leisure()
        self._chosen = Chosen()
        self._callbacks: list[Callback] = []
        super().__init__()
        self.on_msg(self._received)

    @cached_property
    def _later(self) -> Later:  # closing needs it, also where opening has failed
        return Later()

    @property
    def images(self) -> tuple[Sample, ...]:
        """The images, in the order of their numbers."""
        return self._answers.opening.samples

    @property
    def selected_neurons(self) -> tuple[NeuronSet, ...]:
        """The chosen neurons, one set per site: what `cards_of_run` or `zero` take.

        Can be set to a `NeuronSet`, names spelled `site:index`, or several of either. Raises
        `SiteError` for a neuron that is not listed.
        """
        return self._chosen.sets

    @selected_neurons.setter
    def selected_neurons(self, neurons: Neurons) -> None:
        self._choose(neurons=names_of(neurons))

    @property
    def selected_image(self) -> Sample | None:
        """The chosen image; can be set to a number, a name or a sample. Raises `SettingError`."""
        return None if self._chosen.image is None else self.images[self._chosen.image]

    @selected_image.setter
    def selected_image(self, image: int | str | Sample | None) -> None:
        self._choose(image=None if image is None else number_of(image, self.images))

    @property
    def selected_patch(self) -> tuple[int, int] | None:
        """Row and column of the chosen patch; can be set. Raises `SettingError`."""
        return self._chosen.patch

    @selected_patch.setter
    def selected_patch(self, patch: tuple[int, int] | None) -> None:
        self._choose(patch=patch)

    @property
    def threshold(self) -> float | None:
        """The image score from which on an image counts as anomalous; can be set."""
        return self._chosen.threshold

    @threshold.setter
    def threshold(self, threshold: float | None) -> None:
        self._choose(threshold=threshold)

    def on_change(self, callback: Callback, *, remove: bool = False) -> Callback:
        """Call a function with the explorer whenever the user has chosen something.

        A function that is given twice is called once. Returns it, so that this can decorate.
        """
        if callback in self._callbacks:
            self._callbacks.remove(callback)
        if not remove:
            self._callbacks.append(callback)
        return callback

    def save_html(self, path: str | Path, images: Any = None) -> Path:
        """Write the explorer as one file that needs no kernel and no network; return its path.

        Without `images` as many are put in as fit `page.ROOM`, and the page says which are left
        out; `images` (numbers, names or samples) are put in whatever their size. Raises
        `SettingError` for an image that is not shown, `RunError` if the file cannot be written.
        """
        from workbench.widgets.explorer.page import save

        return save(self._answers, Path(path), self.view, images, self._embedded())

    def close(self) -> None:
        """Close the view; what it holds goes with it."""
        self._later.drop()
        super().close()

    @traitlets.default("_esm")
    def _default_esm(self) -> str:
        return front.module(self.view)

    def _given(self, images: Images) -> tuple[list[Sample], tuple[Sample, ...]]:
        """Return the samples to show, and all that were given."""
        return shown_and_known(images, self.excavation)

    def _embedded(self) -> Mapping[str, Parcel]:
        """Return what else a saved file holds of this view."""
        return {}

    def _choose(self, **changes: Any) -> None:
        """Choose from Python: the front end is told, the callbacks are not called."""
        self._chosen = self._chosen.but(changes, self._answers)
        told = {name: getattr(self._chosen, name) for name in changes}
        self.send({"push": "choose", **plain(told)})

    def _received(self, _: Any, content: Mapping[str, Any], __: Any) -> None:
        """Answer a message where the cells run; a busy cell is waited for."""
        self._home.do(lambda: self._handle(content))

    def _handle(self, content: Mapping[str, Any]) -> None:
        """Answer a message, with one sentence where it cannot be answered."""
        number, ask = content.get("id"), content.get("ask")
        try:
            if ask == "chosen":
                self._was_chosen(content)
            else:
                with unwatched():
                    self._answer(number, ask, content)
        except WorkbenchError as error:
            self._fail(number, str(error))
        except Exception as error:
            self._fail(
                number,
                f"The workbench has a defect ({type(error).__name__}); what it says of it is in "
                "the log.",
            )
            raise

    def _answer(self, number: Any, ask: Any, content: Mapping[str, Any]) -> None:
        self._asked(number, ask, content)
        self._later.wait()

    def _asked(self, number: Any, ask: Any, content: Mapping[str, Any]) -> None:
        answers = self._answers
        if ask == "open":
            self._reply(number, answers.open(chosen=self._chosen.told))
            self._later.put(self._rest)
        elif ask == "thumbs":
            self._reply(number, answers.thumbs(whole(content, "part")))
        elif ask == "image":
            given = content.get("subset") or {"mode": "only", "positions": []}
            subset = answers.subset(given.get("mode"), given.get("positions"))
            self._reply(number, answers.image(whole(content, "index"), subset))
        elif ask == "detect":
            subset = answers.subset(content.get("mode"), content.get("positions"))
            self._reply(number, answers.detect(subset))
        elif ask == "neuron":
            self._tell(number, str(content.get("site")), whole(content, "index"))
        else:
            raise SettingError(f"nothing is known of the question {ask!r}.")

    def _tell(self, number: Any, site: str, index: int) -> None:
        """Answer about a neuron; what takes long follows when nothing else is asked."""
        neurons = self._answers.neurons
        found = neurons.answer(site, index)
        if neurons.follows(site, index):
            self._reply(number, found, more=True)
            self._later.put(chain(self._follow_up(number, site, index), self._rest))
        else:
            self._reply(number, found)
            self._later.put(self._rest)

    def _at_leisure(self) -> Iterator[None]:
        """Find out, while nothing is asked, what questions about other neurons would wait for."""
        if not self._panels:
            return
        with contextlib.suppress(WorkbenchError):  # whoever asks will be told
            yield from self._answers.neurons.watch_the_rest()

    def _follow_up(self, number: Any, site: str, index: int) -> Iterator[None]:
        neurons = self._answers.neurons
        try:
            for found in neurons.rest(site, index):
                if found is not None:
                    more = {"more": True} if neurons.follows(site, index) else {}
                    self._reply(number, found, **more)
                yield
        except WorkbenchError as error:
            self._fail(number, str(error))

    def _was_chosen(self, content: Mapping[str, Any]) -> None:
        changes = {name: content[name] for name in vars(self._chosen) if name in content}
        self._chosen = self._chosen.but(changes, self._answers)
        for callback in tuple(self._callbacks):
            callback(self)

    def _reply(self, number: Any, parcel: Parcel, **more: Any) -> None:
        content, buffers = parcel.message(number, **more)
        self.send(content, buffers)

    def _repr_mimebundle_(self, **given: Any) -> Any:
        """Return what a notebook shows; without widgets, one line that says what to do."""
        shown = super()._repr_mimebundle_(**given)
        data = shown[0] if isinstance(shown, tuple) else shown
        if data is not None:
            data["text/plain"] = (
                f"{self!r}: no widgets are shown here; explorer.save_html('explorer.html') writes "
                "it as a page for any browser."
            )
        return shown

    def _fail(self, number: Any, sentence: str) -> None:
        self.send({"id": number, "error": plain(sentence)})

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}({self.excavation.category!r}, {len(self.images)} images, "
            f"{len(self.excavation.neurons)} neurons)"
        )


def whole(content: Mapping[str, Any], name: str) -> int:
    """Return a whole number that a message holds. Raises `SettingError` where it holds none."""
    value = content.get(name)
    if isinstance(value, bool) or not isinstance(value, int):
        raise SettingError(f"{name} is {value!r}; it must be a whole number.")
    return value

"""The reference's pages: which public names and modules stand on which.

A page is instructions for mkdocstrings, which reads the docstrings. Public names are found by
`workbench.__all__` and their homes, so that a new one has its place at once.
"""

import importlib
import inspect
from collections.abc import Iterator
from dataclasses import dataclass

import workbench


@dataclass(frozen=True)
class Topic:
    """A page: the public names whose home is in `rooms`, and what the `modules` hold besides."""

    slug: str
    title: str
    about: str
    rooms: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        """The names of `workbench.__all__` that stand here."""
        return [name for name in workbench.__all__ if home(name).startswith(self.rooms)]


TOPICS = (
    Topic(
        "models",
        "Models and sites",
        "A CLIP whose inside has names.",
        ("clip.",),
        ("clip.cache", "clip.cost"),
    ),
    Topic(
        "pictures",
        "Pictures and data sets",
        "Pictures in: decoding, folder layouts, support sets, preprocessing.",
        ("images.", "paths"),
        ("images.layouts", "images.support", "images.stream"),
    ),
    Topic(
        "recording",
        "Recording",
        "One pass over the images, written down once. [Guide](../recording.md).",
        ("recording.",),
        ("recording.statistics", "recording.exemplars", "recording.maxima"),
    ),
    Topic(
        "excavation",
        "Excavation and detection",
        "LAKE: from a few normal images to a detector. [Design](../design.md).",
        ("excavation.",),
        (
            "excavation.sensitivity",
            "excavation.selection",
            "excavation.normality",
            "excavation.text",
            "excavation.fusion",
            "excavation.maps",
        ),
    ),
    Topic(
        "evaluation",
        "Evaluation",
        "Metrics for anybody's maps, and judging an excavation. [Guide](../metrics.md).",
        ("evaluation.",),
        ("evaluation", "evaluation.evaluate", "evaluation.interventions"),
    ),
    Topic(
        "attribution",
        "Attribution",
        "How much of a number each neuron, head, patch or pixel accounts for. "
        "[Guide](../neurons.md#attribution).",
        modules=("neurons.attribution",),
    ),
    Topic(
        "intervention",
        "Intervention",
        "Neurons silenced, scaled, clamped or patched. [Guide](../neurons.md#intervention).",
        modules=(
            "neurons.intervention.changes",
            "neurons.intervention.context",
            "neurons.intervention.effects",
            "neurons.intervention.normals",
        ),
    ),
    Topic(
        "labels",
        "Labels in words",
        "What neurons see and say. [Guide](../labels.md).",
        ("neurons.labels",),
        ("neurons.labels",),
    ),
    Topic(
        "sparsity",
        "Sparsity",
        "How few neurons carry how much. [Guide](../neurons.md#sparsity).",
        modules=(
            "neurons.sparsity.measures",
            "neurons.sparsity.activity",
            "neurons.sparsity.spectrum",
            "neurons.sparsity.needed",
            "neurons.sparsity.overlap",
            "neurons.sparsity.universal",
            "neurons.sparsity.layers",
        ),
    ),
    Topic(
        "visualisation",
        "Feature visualisation",
        "Pictures optimised for a neuron. [Guide](../visualisation.md).",
        modules=("neurons.visualisation",),
    ),
    Topic(
        "cards",
        "Neuron cards",
        "All that is known of single neurons. [Guide](../neurons.md#a-card).",
        ("cards.",),
        ("cards.card",),
    ),
    Topic(
        "baselines",
        "Other methods",
        "Other ways to detect, on the same features. [Guide](../detection.md#the-methods).",
        modules=("baselines.registry", "baselines.method"),
    ),
    Topic(
        "benchmark",
        "Benchmark and claims",
        "Methods by categories, shots and seeds. [Guide](../detection.md).",
        modules=(
            "benchmark.grid",
            "benchmark.cell",
            "benchmark.summary",
            "benchmark.results",
            "claims.verdict",
        ),
    ),
    Topic(
        "figures",
        "Figures",
        "Figures for screen and paper. [Guide](../figures.md).",
        modules=(
            "figures.catalogue",
            "figures.results_folder",
            "figures.paper",
            "figures.overlay",
            "figures.contact_sheet",
        ),
    ),
    Topic(
        "widgets",
        "In the notebook",
        "What JupyterLab shows. [Guide](../explorer.md).",
        ("widgets.",),
    ),
    Topic(
        "errors",
        "Errors",
        "What a user can put right. Each kind has [a page with messages and remedies]"
        "(../errors/index.md).",
        ("errors",),
    ),
)


def home(name: str) -> str:
    """Return the module, below `workbench`, that a public name is defined in."""
    return workbench._HOME_OF.get(name, "errors")


def pages() -> dict[str, str]:
    """Return the Markdown of every page of the reference, by its place on the site."""
    return {
        "reference/index.md": _index(),
        **{f"reference/{topic.slug}.md": _page(topic) for topic in TOPICS},
    }


def documented(module: str) -> list[str]:
    """Return the names that a module below `workbench` defines for others.

    Those of `__all__` where it has one, else its public classes and functions in their order.
    """
    found = importlib.import_module(f"workbench.{module}")
    if hasattr(found, "__all__"):
        return [name for name in found.__all__ if inspect.getdoc(getattr(found, name))]
    own = [
        (inspect.getsourcelines(value)[1], name)
        for name, value in vars(found).items()
        if not name.startswith("_")
        and (inspect.isclass(value) or inspect.isfunction(value))
        and value.__module__ == found.__name__
    ]
    return [name for _, name in sorted(own)]


def paths(topic: Topic) -> Iterator[str]:
    """Yield the full path of everything that a page documents."""
    public = {f"workbench.{home(name)}.{name}" for name in workbench.__all__}
    yield from (f"workbench.{name}" for name in topic.names)
    for module in topic.modules:
        for name in documented(module):
            value = getattr(importlib.import_module(f"workbench.{module}"), name)
            where = getattr(value, "__module__", f"workbench.{module}")
            if f"{where}.{name}" not in public:
                yield f"workbench.{module}.{name}"


def _page(topic: Topic) -> str:
    parts = [f"# {topic.title}", topic.about]
    module = ""
    for path in paths(topic):
        place, _, name = path.rpartition(".")
        if place != module:
            module = place
            parts.append(f"## {place}")
        parts.append(f"::: {path}\n    options:\n      heading: {name}\n      toc_label: {name}")
    return "\n\n".join(parts) + "\n"


def _index() -> str:
    parts = [
        "# Reference",
        "What a notebook needs is in `workbench` itself: `import workbench as wb`. Everything is "
        "loaded when it is first used. The [command line](command-line.md) has a page of its own.",
        "\n".join(
            [
                "| `wb.` | what it is |",
                "|---|---|",
                *(
                    f"| [`{name}`][workbench.{name}] | {_first_line(getattr(workbench, name))} |"
                    for name in workbench.__all__
                ),
            ]
        ),
        "## By subject",
        *(f"- [{topic.title}]({topic.slug}.md): {_plain(topic.about)}" for topic in TOPICS),
    ]
    return "\n\n".join(parts) + "\n"


def _first_line(value: object) -> str:
    text = inspect.getdoc(value) or ""
    return " ".join(text.partition("\n\n")[0].split()).replace("|", "\\|")


def _plain(about: str) -> str:
    return about.partition(" [")[0]

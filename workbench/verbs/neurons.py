"""`workbench neurons`: a card for every neuron of a run or a recording, and a page of the set."""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.errors import DataError, RunError, SettingError
from workbench.files import new_folder
from workbench.verbs.neuron_files import begin, finished, write_cards, write_products
from workbench.verbs.outcome import Outcome, table
from workbench.verbs.runs import check_runs, find_runs, load_runs, recorded
from workbench.verbs.shared import (
    add_data_options,
    add_dry_run,
    add_model_options,
    add_output,
    check_output,
    checked_model,
    dry_run,
    load,
    model_arguments,
    plain_command,
    read_data,
)

if TYPE_CHECKING:
    from workbench.cards.common import Choices
    from workbench.clip.neuron_set import NeuronSet
    from workbench.images.samples import Dataset
    from workbench.neurons.labels import Vocabulary


def options(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "source", metavar="RUN|STORE", type=Path, help="what `excavate`, `demo` or `record` wrote"
    )
    add_output(parser)
    parser.add_argument(
        "--neuron",
        action="append",
        metavar="SITE:INDEX",
        help="several times for several (default: those that the run selected; of a store the ten "
        "that stand out most)",
    )
    parser.add_argument(
        "--data", metavar="DATA", help="the labelled images (default: those of the run)"
    )
    parser.add_argument(
        "--resume", action="store_true", help="go on with the categories that --out lacks"
    )
    parser.add_argument("--category", help="only this one, where the run has several")
    add_model_options(parser, default=None)
    group = parser.add_argument_group("cards")
    group.add_argument("--vocabulary", type=Path, metavar="TXT", help="other words for the labels")
    group.add_argument("--exemplars", type=int, default=9, help="patches at either end (default 9)")
    group.add_argument(
        "--silenced",
        type=int,
        default=100,
        metavar="N",
        help="test images that are judged without each neuron (default: at most 100)",
    )
    group.add_argument("--draws", type=int, default=200, help="of the labels' null (default: 200)")
    group.add_argument(
        "--visualise",
        action="store_true",
        help="add pictures optimised for each neuron of a run: about a minute each",
    )
    group.add_argument("--seed", type=int, default=0, help="of every draw (default: 0)")
    add_data_options(parser)
    add_dry_run(parser)


def run(options: argparse.Namespace) -> Outcome:
    """Write `index.html`, `neurons.json`, and a page and a JSON file per neuron."""
    if options.resume and options.overwrite:
        raise SettingError("--resume goes on with --out and --overwrite replaces it: say one.")
    if not options.resume:
        check_output(options, options.source, *([options.data] if options.data else []))
    from workbench.recording.store import is_store

    return _of_store(options) if is_store(options.source) else _of_run(options)


def _of_run(options: argparse.Namespace) -> Outcome:
    from workbench.excavation.run_format import read_header

    folder = options.source / "runs" if (options.source / "runs").is_dir() else options.source
    headers = [read_header(run) for run in find_runs(folder)]
    names = [header.category for header in headers]
    if options.category and options.category not in names:
        raise RunError(f"{folder} has no category {options.category!r}, only {', '.join(names)}.")
    wanted = [options.category] if options.category else names
    dataset = _data(folder, options)
    missing = [name for name in wanted if name not in dataset.categories]
    if missing and (len(names) > 1 or len(dataset.categories) > 1):
        raise DataError(
            f"{dataset.root} has {', '.join(dataset.categories)}, and nothing of "
            f"{', '.join(missing)}. Say where its images are: --data."
        )
    neurons = _asked(options)
    if options.dry_run:
        counts = [
            len(neurons) or len(header.content["neurons"]["indices"])
            for header in headers
            if header.category in wanted
        ]
        return _planned(options, str(check_runs(folder, options)), dataset, sum(counts))
    from workbench.cards.gather import cards_of_run

    several = len(wanted) > 1
    command = plain_command(options)
    homes = {name: options.out / name if several else options.out for name in wanted}
    kept = {
        name: rows
        for name, home in homes.items()
        if options.resume and (rows := finished(home, command)) is not None
    }
    if several:
        begin(options.out, command, replace=options.overwrite)
    for excavation in load_runs(folder, options):
        name = excavation.category
        if name not in wanted or name in kept:
            continue
        cards = cards_of_run(
            excavation,
            dataset[name if name in dataset.categories else dataset.categories[0]],
            neurons or None,
            vocabulary=_vocabulary(options),
            choices=_choices(options),
        )
        varied = excavation.settings.statistic == "variance"
        with new_folder(homes[name], overwrite=options.overwrite) as part:
            write_cards(
                part,
                cards,
                command,
                observations=len(excavation.support) if varied else 0,
                back="../index.html" if several else "",
            )
        kept[name] = [card.row() for card in cards]
    made = {name: kept[name] for name in wanted}
    if several:
        write_products(options.out, made, command)
    return _done(made, options)


def _of_store(options: argparse.Namespace) -> Outcome:
    from workbench.recording.store import open_store

    store = open_store(options.source)
    given = model_arguments(options)
    if given["model"] is None and store.name == "demo":
        given["model"] = "demo"
    dataset = read_data(options.data, options) if options.data else None
    neurons = _asked(options) or _standing_out(options.source)
    if options.dry_run:
        model = str(checked_model(given)) if given["model"] else ""
        return _planned(options, model, dataset, len(neurons))
    from workbench.cards.recorded import cards_of_store

    cards = cards_of_store(
        store,
        neurons,
        load(given) if given["model"] else None,
        dataset.samples if dataset else (),
        vocabulary=_vocabulary(options),
        choices=_choices(options),
    )
    with new_folder(options.out, overwrite=options.overwrite) as part:
        write_cards(part, cards, plain_command(options), observations=len(store))
    return _done({str(options.source): [card.row() for card in cards]}, options)


def _asked(options: argparse.Namespace) -> "list[NeuronSet]":
    from workbench.clip.neuron_set import NeuronSet

    return [NeuronSet.parse(name) for name in options.neuron or ()]


def _standing_out(folder: Path) -> "list[NeuronSet]":
    from workbench.clip.neuron_set import NeuronSet
    from workbench.recording.store import open_store
    from workbench.verbs.store import standing_out

    return [NeuronSet.parse(name) for name in standing_out(open_store(folder), 10)]


def _vocabulary(options: argparse.Namespace) -> "Vocabulary | None":
    from workbench.neurons.labels import Vocabulary

    return None if options.vocabulary is None else Vocabulary.read(options.vocabulary)


def _choices(options: argparse.Namespace) -> "Choices":
    from workbench.cards.common import Choices

    return Choices(
        exemplars=options.exemplars,
        silenced=options.silenced,
        draws=options.draws,
        visualised=options.visualise,
        seed=options.seed,
    )


def _data(folder: Path, options: argparse.Namespace) -> "Dataset":
    """Return the labelled images: those that are named, or those that the run was made from."""
    if options.data:
        return read_data(options.data, options)
    read = recorded(folder).get("read")
    if not read:
        raise RunError(f"{folder} does not say which images it was made from: add --data DATA.")
    if not Path(read["data"]).is_dir():
        raise DataError(
            f"the images of {folder} were at {read['data']}, which is gone. Say where: --data."
        )
    return read_data(read["data"], argparse.Namespace(**{**vars(options), **read}))


def _done(made: Mapping[str, Sequence[Mapping[str, Any]]], options: argparse.Namespace) -> Outcome:
    rows = [
        {**({"category": name} if len(made) > 1 else {}), **row}
        for name, found in made.items()
        for row in found
    ]
    shown = [
        {key: "none" if value is None else value for key, value in row.items()} for row in rows[:20]
    ]
    more = f"\n({len(rows) - 20} more in neurons.json)" if len(rows) > 20 else ""
    return Outcome(
        f"{table(shown)}{more}\n\nopen {options.out}/index.html",
        {"out": str(options.out), "neurons": rows},
    )


def _planned(
    options: argparse.Namespace, model: str, dataset: "Dataset | None", neurons: int
) -> Outcome:
    """Say how many cards would be made of what."""
    would = [f"load {model}"] if model else []
    would += [
        f"look at the images of {dataset.root if dataset else options.source}",
        f"write index.html, neurons.json and {neurons} cards below {options.out}",
    ]
    said = dataset.describe() if dataset else f"{options.source}: a recording"
    return dry_run(
        said, would, {"out": str(options.out), "model": model or None, "neurons": neurons}
    )

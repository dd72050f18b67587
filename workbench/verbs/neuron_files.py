"""What `workbench neurons` writes, and how it finds again what it had finished."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.errors import RunError
from workbench.files import remove_folder, write_json, write_text

if TYPE_CHECKING:
    from workbench.cards.card import Cards

TABLE = "neurons.json"
Rows = Sequence[Mapping[str, Any]]


def write_cards(
    folder: Path, cards: "Cards", command: str, *, observations: int, back: str = ""
) -> None:
    """Write the set's page and table, and each card's page and JSON.

    `observations` are those of the spectrum's null, 0 for none; `back` is the page above.
    """
    from workbench.neurons.sparsity.spectrum import spectrum
    from workbench.pages.neuron_card import card_html
    from workbench.pages.neuron_set import file_of, set_html

    spectra = {
        site: spectrum(values, observations=observations)
        for site, values in cards.sensitivities.items()
        if observations >= 2 and len(values) > 1 and values.max() > 0
    }
    names = [file_of(card) for card in cards]
    for at, card in enumerate(cards):
        steer = [("index.html", "All neurons")]
        steer += [(f"{names[at - 1]}.html", f"← {cards[at - 1].name}")] if at else []
        steer += (
            [(f"{names[at + 1]}.html", f"{cards[at + 1].name} →")] if at + 1 < len(cards) else []
        )
        write_text(folder / f"{names[at]}.html", card_html(card, cards.title, steer))
        write_json(folder / f"{names[at]}.json", card.to_dict())
    write_text(folder / "index.html", set_html(cards, spectra, command, back))
    write_json(folder / TABLE, {"command": command, **cards.to_dict()})


def begin(folder: Path, command: str, *, replace: bool) -> None:
    """Make the folder of several categories, which marks itself as the workbench's own.

    Raises `RunError` if another command has begun it.
    """
    if replace:
        remove_folder(folder)
    if (there := _read(folder / TABLE)) and there.get("command") != command:
        raise RunError(
            f"{folder} was begun by another command ({there.get('command')}). Repeat that one with "
            "--resume, or choose another --out."
        )
    write_json(folder / TABLE, {"command": command, "neurons": {}})


def finished(folder: Path, command: str) -> Rows | None:
    """Return the rows of a category that the same command has finished, `None` if it has not."""
    there = _read(folder / TABLE)
    return there["neurons"] if there and there.get("command") == command else None


def write_products(folder: Path, made: Mapping[str, Rows], command: str) -> None:
    """Write the page over several categories, and their tables as one."""
    from workbench.clip.neuron_set import NeuronSet
    from workbench.neurons.sparsity.overlap import set_overlaps
    from workbench.pages.neuron_set import products_html

    sets, widths = {}, set()
    for name, rows in made.items():
        chosen = [row for row in rows if row["selected"]]
        parsed = [NeuronSet.parse(row["neuron"]) for row in chosen]
        if chosen:
            widths |= {row["of"] for row in chosen}
            sets[name] = NeuronSet(parsed[0].site, tuple(one[0] for one in parsed))
    alike = len(sets) > 1 and len(widths) == 1 and len({one.site for one in sets.values()}) == 1
    overlaps = set_overlaps(sets, widths.pop()) if alike else None
    title = f"Neurons of {len(made)} products"
    write_text(folder / "index.html", products_html(title, made, overlaps, command))
    write_json(folder / TABLE, {"command": command, "neurons": dict(made)})


def _read(file: Path) -> dict[str, Any]:
    if not file.is_file():
        return {}
    try:
        content = json.loads(file.read_bytes())
    except ValueError as error:
        raise RunError(f"{file} is damaged ({error}). Remove {file.parent}.") from error
    return content if isinstance(content, dict) else {}

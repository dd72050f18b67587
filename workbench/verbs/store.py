"""`workbench store`: look into a recording, check it, draw its exemplars."""

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.errors import RunError, SettingError
from workbench.verbs.outcome import Outcome

if TYPE_CHECKING:
    from workbench.recording.store import ActivationStore


def options(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "what",
        choices=["info", "verify", "sheet"],
        help="info: what it holds; verify: is every byte as it was written; sheet: a picture of "
        "the patches that neurons answer most to",
    )
    parser.add_argument("store", metavar="STORE", type=Path, help="what `workbench record` wrote")
    group = parser.add_argument_group("sheet")
    group.add_argument("--out", type=Path, metavar="PNG", help="where the picture goes")
    group.add_argument(
        "--neuron",
        action="append",
        metavar="SITE:INDEX",
        help="several times for several (default: the ten whose largest value lies furthest above "
        "their mean, in standard deviations)",
    )
    group.add_argument("--most", type=int, default=9, help="patches per neuron (default: 9)")
    group.add_argument("--bottom", action="store_true", help="the smallest values instead")
    group.add_argument(
        "--images", type=Path, metavar="DIR", help="where the images are now, if they were moved"
    )


def run(options: argparse.Namespace) -> Outcome:
    """Do what was asked for."""
    from workbench.recording.store import open_store

    store = open_store(options.store)
    if options.what == "info":
        return Outcome(_said(store.info()), store.info())
    if options.what == "verify":
        found = store.verify()
        return Outcome(str(found), {**asdict(found), "path": str(found.path)}, 0 if found.ok else 1)
    if options.out is None:
        raise SettingError("say where the picture goes: --out sheet.png")
    from workbench.figures.contact_sheet import contact_sheet

    if options.images:
        store = store.with_images_at(options.images)
    neurons = options.neuron or standing_out(store, 10)
    sheet = contact_sheet(
        store.exemplars, neurons, most=options.most, side="bottom" if options.bottom else "top"
    )
    try:
        sheet.save(options.out)
    except (OSError, ValueError) as error:
        raise RunError(f"cannot write {options.out}: {error}") from error
    return Outcome(f"written to {options.out}", {"out": str(options.out), "neurons": neurons})


def standing_out(store: "ActivationStore", most: int) -> list[str]:
    """Return the neurons whose largest value lies most standard deviations above their mean.

    Without statistics, the first ones.
    """
    if "statistics" not in store.products:
        site = store.sites[0]
        return [f"{site}:{index}" for index in range(min(most, store.site_width(site)))]
    found = []
    for site in store.sites:
        seen = store.statistics[site]
        spread = seen.std.clip(min=1e-12)
        height = (seen.maximum - seen.mean) / spread
        found += [(float(value), f"{site}:{index}") for index, value in enumerate(height)]
    found.sort(key=lambda pair: -pair[0])
    return [name for _, name in found[:most]]


def _said(info: dict[str, Any]) -> str:
    rows = dict(info)
    rows["sites"] = "\n".join(
        f"{site} ({width:,} neurons)" for site, width in info["sites"].items()
    )
    rows["products"] = ", ".join(info["products"])
    rows["shards"] = "{} of {}".format(*info["shards"])
    rows["bytes"] = f"{info['bytes']:,}"
    rows["events"] = "\n".join(info["events"]) or "none"
    width = max(map(len, rows))
    return "\n".join(
        f"{(name if at == 0 else ''):<{width}}  {line}".rstrip()
        for name, value in rows.items()
        for at, line in enumerate(str(value).splitlines() or [""])
    )

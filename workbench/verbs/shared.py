"""Options that several verbs have: the model, the data, the excavation's choices, the output."""

import argparse
import csv
import io
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.errors import RunError, SettingError
from workbench.files import check_new_folder, write_text
from workbench.verbs.outcome import Outcome

if TYPE_CHECKING:
    from workbench.clip.hooked import HookedCLIP
    from workbench.clip.model_check import ModelCheck
    from workbench.excavation.settings import Settings
    from workbench.images.layouts import PlainNames
    from workbench.images.samples import Dataset, Sample

MODEL_OPTIONS = ("model", "pretrained", "activation", "image_size", "dtype", "device")


def add_model_options(
    parser: argparse.ArgumentParser, default: str | None = "demo", dtype: str = "--dtype"
) -> None:
    """Say which model, and where and how it computes; `dtype` is that option's spelling."""
    group = parser.add_argument_group("model")
    group.add_argument(
        "--model",
        default=default,
        metavar="M",
        help="demo (the embedded one), an open_clip NAME:TAG, or a folder with weights"
        + (f" (default: {default})" if default else " (default: the run's own)"),
    )
    add_model_details(group, dtype)


def add_model_details(group: Any, dtype: str = "--dtype") -> None:
    """Add the options that go with a model's name."""
    group.add_argument(
        "--pretrained", metavar="P", help="a tag, a file of weights, or random:SEED for none"
    )
    group.add_argument("--activation", choices=["gelu", "quickgelu"], help="where weights say none")
    group.add_argument("--image-size", type=int, metavar="PX", help="input side; default: native")
    group.add_argument(
        dtype,
        dest="dtype",
        choices=["fp32", "fp16", "bf16", "fp64"],
        help="what the model computes in (default: fp32)",
    )
    group.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1, mps")


def model_arguments(options: argparse.Namespace) -> dict[str, Any]:
    """Return the model options as they were given, for the record; paths made absolute.

    Only what `load_model` takes for a path is one: a folder that happens to be called like a
    model, or a tag, does not stand in its way.
    """
    from workbench.clip.registry import configs

    given = {name: getattr(options, name) for name in MODEL_OPTIONS}
    model, pretrained = given["model"], given["pretrained"]
    if model and model != "demo" and model not in configs() and Path(model).is_dir():
        given["model"] = str(Path(model).resolve())
    if pretrained and Path(pretrained).is_file():
        given["pretrained"] = str(Path(pretrained).resolve())
    return given


def load(given: Mapping[str, Any]) -> "HookedCLIP":
    """Load the model that `model_arguments` recorded."""
    from workbench.clip.loading import load_model

    return load_model(given["model"], given.get("pretrained"), **_choices(given))


def _choices(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return how the recorded model is to be loaded."""
    names = ("dtype", "image_size", "activation")
    return {"device": given.get("device") or "auto", **{name: given.get(name) for name in names}}


def add_data_options(parser: argparse.ArgumentParser) -> None:
    """Say how a data folder is to be read."""
    group = parser.add_argument_group("data")
    group.add_argument(
        "--layout",
        default="auto",
        help="auto, or one of: mvtec, mvtec_ad_2, mvtec_loco, mpdd, visa, visa_1cls, btad, bmad "
        "(Brain-AD), mtd, meta.json, table (.csv), plain (normal/ and abnormal/), normals (a bare "
        "folder)",
    )
    group.add_argument("--normal", metavar="NAME", default="normal", help="plain: normal folder")
    group.add_argument("--abnormal", metavar="NAME", default="abnormal", help="plain: the other")
    group.add_argument("--masks", metavar="NAME", default="masks", help="plain: the masks' folder")
    group.add_argument(
        "--split-seed",
        type=int,
        metavar="N",
        default=0,
        help="plain, mtd: of the split, as none is published (default: 0)",
    )
    group.add_argument(
        "--skip", action="store_true", help="leave out files that cannot be used, and say which"
    )


def read_data(path: str, options: argparse.Namespace) -> "Dataset":
    """Read a data folder as the options say."""
    from workbench.images.layouts import read_dataset

    return read_dataset(
        path,
        options.layout,
        names=folder_names(options),
        problems="skip" if options.skip else "stop",
    )


def data_arguments(options: argparse.Namespace) -> dict[str, Any]:
    """Return the data options as they were given, for the record; the path made absolute."""
    names = ("layout", "normal", "abnormal", "masks", "split_seed", "skip")
    return {"data": str(Path(options.data).resolve()), **{n: getattr(options, n) for n in names}}


def folder_names(options: argparse.Namespace) -> "PlainNames":
    """Return what the data options say of folders and splits."""
    from workbench.images.layouts import PlainNames

    if options.split_seed < 0:
        raise SettingError(f"split-seed is {options.split_seed}; it must be 0 or more.")
    return PlainNames(options.normal, options.abnormal, options.masks, options.split_seed)


def add_choices(parser: argparse.ArgumentParser) -> None:
    """Say which normal images are drawn, and how to excavate."""
    group = parser.add_argument_group("support")
    group.add_argument("--shots", type=int, default=4, help="normal images drawn (default: 4)")
    group.add_argument("--seed", type=int, default=0, help="of the draw (default: 0)")
    group.add_argument(
        "--protocol",
        choices=["nested", "blocks"],
        default="nested",
        help="of the draw: nested (a smaller set begins the larger; default), or blocks (images "
        "SEED x SHOTS onwards of the sorted list, as AnomalyDINO takes them)",
    )
    group.add_argument(
        "--contaminated",
        type=int,
        metavar="N",
        default=0,
        help="replace N of them by test anomalies, which leave the test set (default: 0)",
    )
    add_settings(parser)


def add_settings(parser: argparse.ArgumentParser) -> None:
    """Say how to excavate. Left out, a choice has the default that `Settings` documents."""
    group = parser.add_argument_group("excavation")
    for name, kind, what in (
        ("site", str, "where the neurons are (default: the residual stream at half depth)"),
        ("statistic", str, "sensitivity: variance (default), mean_abs, maximum"),
        ("selection", str, "top (default), bottom, random, all"),
        ("k", int, "how many neurons (default: 100)"),
        ("normality", str, "gallery (default) or moments"),
        ("metric", str, "cosine (default) or squared_euclidean"),
        ("neighbours", int, "gallery patches averaged over (default: 1)"),
        ("text-site", str, "the residual stream compared with text (default: the last)"),
        ("text-weight", float, "0 to 1 (default: 0.3); 0 leaves text out"),
        ("temperature", float, "of the softmax over prompts (default: 0.01)"),
        ("fusion", str, "standardised (default) or raw"),
    ):
        group.add_argument(f"--{name}", type=kind, help=what, metavar=name[0].upper())


def drawn(samples: Sequence["Sample"], options: argparse.Namespace) -> list["Sample"]:
    """Return the support that the options ask for, of the samples of one category."""
    from workbench.images.support import support

    return support(samples, options.shots, options.seed, options.protocol, options.contaminated)


def settings(options: argparse.Namespace) -> "Settings":
    """Return the settings that the options ask for; raises `SettingError`."""
    from dataclasses import fields

    from workbench.excavation.settings import Settings

    given = {field.name: getattr(options, field.name, None) for field in fields(Settings)}
    return Settings.from_dict({name: v for name, v in given.items() if v is not None})


def add_dry_run(parser: argparse.ArgumentParser) -> None:
    """Offer to look at everything first and do nothing."""
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="check data, model and --out, say what would be done, compute and write nothing",
    )


def checked_model(given: Mapping[str, Any]) -> "ModelCheck":
    """Check the model that `model_arguments` recorded, without reading its weights."""
    from workbench.clip.model_check import check_model

    return check_model(given["model"], given.get("pretrained"), **_choices(given))


def dry_run(said: str, would: Sequence[str], data: Mapping[str, Any]) -> Outcome:
    """Return the outcome of a dry run: what was found, and what would be done, line by line.

    `data` is the same for a machine; `dry_run: true` and `would` are added to it.
    """
    lines = "\n".join(f"  {line}" for line in would)
    return Outcome(
        f"{said}\n\nwould:\n{lines}\n\ndry run: nothing was computed or written.",
        {"dry_run": True, **data, "would": list(would)},
    )


def add_output(parser: argparse.ArgumentParser) -> None:
    """Say where the results go."""
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="a new folder")
    parser.add_argument("--overwrite", action="store_true", help="replace --out if it exists")


def check_output(options: argparse.Namespace, *inputs: str | Path, out: Path | None = None) -> None:
    """Raise `RunError` before any work is done if `out` may not be written, or holds an input.

    `out` is --out unless another folder is named.
    """
    folder: Path = out or options.out
    check_new_folder(folder, overwrite=options.overwrite)
    for given in inputs:
        if Path(given).resolve().is_relative_to(folder.resolve()):
            raise RunError(f"--out {folder} would replace {given}, which is to be read.")


def plain_command(options: argparse.Namespace) -> str:
    """Return the command without --resume and --overwrite: what it makes is the same with them."""
    words = shlex.split(options.command)
    return shlex.join(word for word in words if word not in ("--resume", "--overwrite"))


def write_table(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows with the same keys as a CSV file."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text(path, buffer.getvalue())

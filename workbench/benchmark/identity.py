"""What a benchmark is of: the model, the data's contents, the protocol. Cells of two never mix."""

import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from workbench.errors import DataError, RunError
from workbench.files import write_json
from workbench.images.samples import Dataset, Sample

JSON_NAME = "benchmark.json"
SCHEMA = 1


def identity(
    model: Mapping[str, Any], data: Mapping[str, Dataset], protocol: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what must be equal for cells to stand in one table."""
    return {
        "schema": SCHEMA,
        "model": dict(model),
        "data": {
            name: {category: contents(dataset[category]) for category in dataset.categories}
            for name, dataset in data.items()
        },
        "protocol": dict(protocol),
    }


def contents(samples: tuple[Sample, ...]) -> str:
    """Return a checksum over a category: the table, and every image's and mask's bytes."""
    from xxhash import xxh3_128

    whole = xxh3_128()
    ordered = sorted(samples, key=lambda sample: sample.name)
    with ThreadPoolExecutor(4) as pool:
        for sample, digests in zip(ordered, pool.map(_digests, ordered), strict=True):
            what = [sample.name, sample.split, sample.label, sample.defect, sample.mask_above]
            whole.update(json.dumps([*what, *digests]).encode())
    return str(whole.hexdigest())


def _digests(sample: Sample) -> list[str]:
    from xxhash import xxh3_128

    try:
        paths = [sample.path, *sample.mask_paths]
        return [xxh3_128(path.read_bytes()).hexdigest() for path in paths]
    except OSError as error:
        raise DataError(f"{sample.path} or its mask cannot be read: {error.strerror}.") from error


def begin(out: Path, content: Mapping[str, Any], *, resume: bool) -> None:
    """Start a benchmark's folder, or make sure that the one there is of the same identity.

    Methods, shots and seeds of the grid that was there, if any, are joined with the new ones.
    Raises `RunError`, naming what differs, where it is not, and where there is a folder and
    `resume` was not asked for.
    """
    file = out / JSON_NAME
    if out.exists() and not out.is_dir():
        raise RunError(f"{out} is a file, and a folder is to be written there. Choose another.")
    if file.is_file():
        before = read(out)
        changed = list(_differences(_compared(before), _compared(content)))
        if changed:
            raise RunError(
                f"{out} is a benchmark of something else: {'; '.join(changed)}. Choose another "
                "--out, or give what it was begun with."
            )
        if not resume:
            raise RunError(f"{out} holds a benchmark already: ask to --resume it.")
        if "grid" in content:
            content = {**content, "grid": _joined(before["grid"], content["grid"])}
    elif out.is_dir() and any(out.iterdir()):
        raise RunError(f"{out} holds files and is no benchmark. Choose another --out.")
    write_json(file, content)


def _joined(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """Return a grid as plain data, with what was asked for before."""
    lists = {name: sorted({*before[name], *now[name]}) for name in ("shots", "seeds")}
    return {**now, **lists, "methods": {**before["methods"], **now["methods"]}}


def read(out: Path) -> dict[str, Any]:
    """Return what a benchmark's folder says of itself. Raises `RunError`."""
    file = out / JSON_NAME
    try:
        content = json.loads(file.read_bytes())
        found = content["identity"]["schema"]
        if found != SCHEMA:
            raise RunError(
                f"{file} has schema {found}, and this workbench reads schema {SCHEMA}: it was "
                "written by another version. Run the benchmark again"
                + (f": {content['command']}" if "command" in content else ".")
            )
        return dict(content)
    except FileNotFoundError as error:
        raise RunError(
            f"{out} is no benchmark: it holds no {JSON_NAME}. Give the folder that "
            "`workbench benchmark` wrote."
        ) from error
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise RunError(f"{file} is damaged ({error}). Run the benchmark again.") from error


def _compared(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return an identity without where the weights lay: the fingerprint says which they are."""
    identity = dict(content["identity"])
    model = {name: value for name, value in identity["model"].items() if name != "source"}
    return {**identity, "model": model}


def _differences(
    before: Mapping[str, Any], now: Mapping[str, Any], where: str = ""
) -> Iterator[str]:
    for name in sorted({*before, *now}):
        old, new = before.get(name), now.get(name)
        place = f"{where}{name}"
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            yield from _differences(old, new, f"{place} ")
        elif where.startswith("data ") and (old is None or new is None):
            yield f"{place} {'was not part of it' if old is None else 'is missing now'}"
        elif old != new and where.startswith("data "):
            yield f"the images, masks or split of {place.removeprefix('data ')} have changed"
        elif old != new:
            yield f"{place} was {old}, now {new}"

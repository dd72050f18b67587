"""Side by side with other ways to write down a ViT's activations: time, peak memory, disk.

Each runs in a process of its own, with the same weights, pictures, batches and sites (the residual
stream after every block, all tokens, fp32), and opens the pictures itself. Every one is used as
its makers show it, in the way that serves it best: nnsight's batches are written one by one;
TorchLens writes shards through its own `extract_dataset`; only the dict of `run_with_cache` is
kept whole and saved at the end. Time begins when model and libraries are loaded.
"""

import importlib.metadata
import importlib.util
import json
import statistics
import sys
import time
from argparse import Namespace
from pathlib import Path
from typing import Any

import torch
from recording_common import (
    ALL_FOUR,
    TOWERS,
    batches,
    build_clip,
    child,
    files_in,
    folder_bytes,
    forget_peak,
    memory,
    open_clip_preprocessing,
    pictures,
    ratio,
    scratch_folder,
    wrap,
)

PLAIN = "plain open_clip loop, nothing kept"
KINDS = {
    PLAIN: "plain",
    "dict of run_with_cache, torch.save": "dictionary",
    "nnsight, a file a batch": "nnsight",
    "TorchLens extract_dataset": "torchlens",
    "workbench record, activations": "activations",
    "workbench record, all four products": "everything",
    "workbench record, all but activations": "summaries",
}
PRODUCTS = {
    "activations": ("activations",),
    "everything": ALL_FOUR,
    "summaries": ("statistics", "exemplars", "maxima"),
}


def run(options: Namespace) -> dict[str, Any]:
    number = options.count or 64
    pythons = {"nnsight": options.nnsight_python, "torchlens": options.torchlens_python}
    rounds: dict[str, list[dict[str, Any]]] = {}
    with scratch_folder(options) as scratch:
        folder = pictures(options, number, scratch)
        for turn in range(options.rounds):
            names = list(KINDS) if turn % 2 == 0 else list(reversed(KINDS))
            for name in names:
                task = {
                    "kind": KINDS[name],
                    "folder": str(folder),
                    "out": str(scratch / "out" / f"{turn}-{KINDS[name]}"),
                    "tower": options.tower,
                    "batch": options.batch,
                }
                python = pythons.get(KINDS[name]) or sys.executable
                found = child(Path(__file__).name, task, python)
                if not found.get("missing"):
                    rounds.setdefault(name, []).append(found)
    times = {name: [one["seconds"] for one in found] for name, found in rounds.items()}
    versions = {name: found[0]["version"] for name, found in rounds.items()}
    layers = TOWERS[options.tower]["layers"]
    print(f"peers: {number} pictures in batches of {options.batch}, {layers} sites")
    print("     time  peak MiB  grown by  disk MiB")
    result: dict[str, Any] = {}
    for name in KINDS:
        if name not in rounds:
            print(f"        -         -         -         -  {name} (not installed)")
            continue
        peak, grown, disk = (
            statistics.median(one[key] for one in rounds[name]) / 2**20
            for key in ("peak", "grown", "disk")
        )
        spent = ratio(times, name, PLAIN)
        print(f"  {spent:7.3f}  {peak:8,.0f}  {grown:8,.0f}  {disk:8,.0f}  {name} {versions[name]}")
        result[name] = {"time": spent, "peak_mib": peak, "grown_mib": grown, "disk_mib": disk}
    return {"images": number, "versions": versions, "contenders": result}


# In a process of its own, and in the peer's own environment.


def measure(task: dict[str, Any]) -> dict[str, Any]:
    kind, out = task["kind"], Path(task["out"])
    if kind in ("nnsight", "torchlens") and importlib.util.find_spec(kind) is None:
        return {"missing": True}
    version = ""
    if kind in ("nnsight", "torchlens"):
        importlib.import_module(kind)
        version = importlib.metadata.version(kind)
    elif kind != "plain":
        importlib.import_module("workbench.recording.record")
    clip = build_clip(task["tower"]).requires_grad_(False)
    files = files_in(Path(task["folder"]))
    run_it = {"plain": plain, "dictionary": dictionary, "nnsight": nnsight, "torchlens": torchlens}
    work = run_it.get(kind, workbench)
    with torch.no_grad():
        clip.encode_image(torch.zeros(1, 3, *[TOWERS[task["tower"]]["image_size"]] * 2))
    out.parent.mkdir(exist_ok=True)
    forget_peak()
    held = memory("VmRSS")
    begin = time.perf_counter()
    work(clip, files, out, task)
    seconds = time.perf_counter() - begin
    peak, disk = memory("VmHWM"), folder_bytes(out) if out.exists() else 0
    return {
        "seconds": seconds,
        "peak": peak,
        "grown": peak - held,
        "disk": disk,
        "version": version,
    }


def plain(clip: Any, files: list[Path], out: Path, task: dict[str, Any]) -> None:
    del out
    with torch.no_grad():
        for x in batches(files, task["batch"], task["tower"]):
            clip.encode_image(x)


def dictionary(clip: Any, files: list[Path], out: Path, task: dict[str, Any]) -> None:
    model, held = wrap(clip), []
    sites = [f"blocks.{layer}.hook_resid_post" for layer in range(model.n_layers)]
    with torch.no_grad():
        for x in batches(files, task["batch"], task["tower"]):
            _, cache = model.run_with_cache(x, names_filter=sites)
            held.append(dict(cache))
    out.mkdir()
    whole = {site: torch.cat([one.pop(site) for one in held]) for site in sites}
    torch.save(whole, out / "activations.pt")


def nnsight(clip: Any, files: list[Path], out: Path, task: dict[str, Any]) -> None:
    import nnsight as nn
    from safetensors.torch import save_file

    wrapped = nn.NNsight(clip.visual)
    out.mkdir()
    with torch.no_grad():
        for index, x in enumerate(batches(files, task["batch"], task["tower"])):
            with wrapped.trace(x):
                outputs = nn.save([block.output for block in wrapped.transformer.resblocks])
            tensors = {str(layer): value.contiguous() for layer, value in enumerate(outputs)}
            save_file(tensors, out / f"{index:05}.safetensors")


def torchlens(clip: Any, files: list[Path], out: Path, task: dict[str, Any]) -> None:
    import torchlens as tl
    from PIL import Image

    preprocess = open_clip_preprocessing(task["tower"])
    with torch.no_grad():
        tl.extract_dataset(
            clip.visual,
            (preprocess(Image.open(file)) for file in files),
            {str(at): f"transformer.resblocks.{at}" for at in range(_layers(clip))},
            batch_size=task["batch"],
            output_dir=out,
            progress=False,
            shard_format="safetensors",
        )


def workbench(clip: Any, files: list[Path], out: Path, task: dict[str, Any]) -> None:
    from workbench.recording.record import record

    record(
        files,
        wrap(clip),
        out,
        sites="blocks.*.hook_resid_post",
        products=PRODUCTS[task["kind"]],
        tokens="all",
        batch_size=task["batch"],
    )


def _layers(clip: Any) -> int:
    return len(clip.visual.transformer.resblocks)


if __name__ == "__main__":
    print(json.dumps(measure(json.loads(sys.argv[1]))))

"""`workbench claims`: the paper's testable claims, put to a model and data; the ledger of them."""

import argparse
import shlex
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.errors import RunError, SettingError
from workbench.files import check_new_folder, remove_folder, write_json, write_text
from workbench.verbs.numbers import check_positive, numbers
from workbench.verbs.outcome import Outcome, table
from workbench.verbs.shared import (
    add_data_options,
    add_dry_run,
    add_model_options,
    checked_model,
    dry_run,
    load,
    model_arguments,
    plain_command,
    read_data,
)

if TYPE_CHECKING:
    from workbench.claims.ledger import Ledger
    from workbench.claims.plan import Plan
    from workbench.clip.hooked import HookedCLIP
    from workbench.images.samples import Dataset

FOLDER = "benchmark.json"
SHOTS = (1, 2, 4, 8)
SEEDS = (0, 1, 2, 3, 4)


def options(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "data",
        metavar="DIR|DATA",
        help="data to measure on (a category, or a root of several); or a folder that `claims` or "
        "`benchmark` wrote, to be judged again",
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="where to write (of a folder: that folder itself)"
    )
    parser.add_argument("--resume", action="store_true", help="go on with what --out holds")
    parser.add_argument("--overwrite", action="store_true", help="replace --out if it exists")
    group = parser.add_argument_group("claims")
    group.add_argument("--claims", default="1-6", metavar="LIST", help="which (default: all six)")
    group.add_argument("--k", type=int, help="how many neurons (default: 100)")
    group.add_argument(
        "--shots", metavar="LIST", help="default: 1,2,4,8 as far as there are normal images"
    )
    group.add_argument("--seeds", metavar="LIST", help="default: 0-4")
    group.add_argument("--draws", type=int, metavar="N", help="of random sets (default: 20)")
    group.add_argument("--protocol", help="how support sets are drawn: nested (default), blocks")
    group.add_argument("--batch-size", type=int, metavar="N", help="images at a time")
    add_model_options(parser)
    add_data_options(parser)
    add_dry_run(parser)


def run(options: argparse.Namespace) -> Outcome:
    """Write `ledger.json`, `ledger.md`, `effects.csv`, `sweep.csv` and `claims.html`."""
    asked = numbers(options.claims, "--claims")
    from workbench.claims.statements import chosen

    chosen(asked)
    if (Path(options.data) / FOLDER).is_file():
        return _judge_again(options, asked)
    return _measure(options, asked)


def _measure(options: argparse.Namespace, asked: tuple[int, ...]) -> Outcome:
    from workbench.benchmark.identity import begin, identity, read
    from workbench.claims.measuring import check_data, measure
    from workbench.evaluation.category import MAPS
    from workbench.excavation.run_format import describe_model, versions
    from workbench.excavation.settings import Settings

    out = _checked_out(options)
    check_positive(options.batch_size, "--batch-size")
    dataset = read_data(options.data, options)
    if options.dry_run:
        return _would(options, asked, dataset)
    model = load(model_arguments(options))
    plan = _plan(options, asked, dataset, model)
    check_data(dataset, plan)
    protocol = {"support": plan.protocol, "random draws": plan.draws, "maps": MAPS}
    if plan.k != Settings().k:
        protocol["neurons"] = plan.k
    name = Path(options.data).resolve().name
    what = identity(describe_model(model), {name: dataset}, protocol)
    if not options.resume:
        remove_folder(out)
    before = read(out) if (out / FOLDER).is_file() else {}
    stored = before.get("claims", {}).get("plan", {}).get("claims", [])
    judged = replace(plan, claims=tuple(sorted({*plan.claims, *stored})))
    begin(
        out,
        {
            "command": _command(options, judged.claims),
            "versions": versions(),
            "data": dataset.describe().splitlines(),
            **before,
            "identity": what,
            "claims": {
                "command": _command(options, judged.claims),
                "plan": judged.to_dict(),
            },
        },
        resume=options.resume,
    )
    batch = {} if options.batch_size is None else {"batch_size": options.batch_size}
    measure(model, name, dataset, plan, out, **batch)
    return _written(out, out, judged, dataset.describe())


def _judge_again(options: argparse.Namespace, asked: tuple[int, ...]) -> Outcome:
    """Judge what a folder holds; nothing is computed but the intervals."""
    for name in ("k", "shots", "seeds", "draws", "protocol"):
        if getattr(options, name) is not None:
            raise SettingError(
                f"{options.data} is measured already, so --{name} has nothing to act on. Give the "
                "data to measure anew."
            )
    folder = Path(options.data)
    out = options.out or folder
    if out.resolve() != folder.resolve():
        check_new_folder(out, overwrite=options.overwrite)
    plan = _found(folder, asked)
    if options.dry_run:
        would = [f"judge claims {', '.join(map(str, asked))} again", f"write to {out}"]
        return dry_run(f"cells of {folder}", would, {"claims": list(asked)})
    return _written(folder, out, plan, f"cells of {folder}")


def _found(folder: Path, asked: tuple[int, ...]) -> "Plan":
    """Return the plan that a folder's cells were measured by, with the shots that there are."""
    from workbench.benchmark.identity import read
    from workbench.claims.evidence import read_evidence
    from workbench.claims.plan import Plan
    from workbench.excavation.settings import Settings

    content = read(folder).get("claims")
    if content:
        return replace(Plan.from_dict(content["plan"]), claims=asked)
    evidence = read_evidence(folder)
    shots = tuple(sorted({arm.shots for arm in evidence if arm.shots}))
    if not shots:
        raise RunError(f"{folder} holds no finished cell. Go on with it by --resume.")
    protocol = read(folder)["identity"]["protocol"]
    k = protocol.get("settings", {}).get("k") or protocol.get("neurons") or Settings().k
    return Plan(claims=asked, k=k, width=0, layers=0, shots=shots)


def _plan(
    options: argparse.Namespace, asked: tuple[int, ...], dataset: "Dataset", model: "HookedCLIP"
) -> "Plan":
    from workbench.claims.plan import Plan
    from workbench.excavation.settings import Settings

    settings = Settings()
    seeds = numbers(options.seeds, "--seeds") if options.seeds else SEEDS
    protocol = options.protocol or "nested"
    if options.shots:
        shots = numbers(options.shots, "--shots")
    else:
        normals = min(len(dataset.train_normals(name)) for name in dataset.categories)
        sets = max(seeds) + 1 if protocol == "blocks" else 1
        shots = tuple(number for number in SHOTS if number * sets <= normals) or SHOTS[:1]
    width = model.site_width(f"blocks.{max(model.n_layers // 2, 1) - 1}.hook_resid_post")
    return Plan(
        claims=tuple(sorted(set(asked))),
        k=settings.k if options.k is None else options.k,
        width=width,
        layers=model.n_layers,
        shots=shots,
        seeds=seeds,
        draws=20 if options.draws is None else options.draws,
        protocol=protocol,
    )


def _would(options: argparse.Namespace, asked: tuple[int, ...], dataset: "Dataset") -> Outcome:
    """Say what would be measured; how much it is, where the weights are at hand to say so."""
    from workbench.claims.measuring import check_data, cost

    given = model_arguments(options)
    check = checked_model(given)
    lines = [f"look with {check}", f"put claims {', '.join(map(str, asked))} to it"]
    if check.present:
        plan = _plan(options, asked, dataset, load(given))
        check_data(dataset, plan)
        spent = cost(plan, dataset)
        passes = ", ".join(f"{number:g} for {what}" for what, number in spent["passes"].items())
        lines += [
            f"take K = {plan.k} of {plan.width} channels, shots {_listed(plan.shots)}, seeds "
            f"{_listed(plan.seeds)}, {plan.draws} draws",
            f"fill {spent['cells']} cells of detection",
            f"pass images through the model: {passes} (later halves count half)",
        ]
    return dry_run(dataset.describe(), [*lines, f"write to {options.out}"], {"claims": list(asked)})


def _listed(numbers: tuple[int, ...]) -> str:
    return ",".join(map(str, numbers))


def _checked_out(options: argparse.Namespace) -> Path:
    """Return --out. Raises `SettingError` or `RunError` if it may not be written."""
    if options.out is None:
        raise SettingError("say where the ledger and its cells are to be written: --out DIR.")
    if options.resume and options.overwrite:
        raise SettingError("--resume goes on with --out and --overwrite replaces it: say one.")
    out: Path = options.out
    if Path(options.data).resolve().is_relative_to(out.resolve()):
        raise RunError(f"--out {out} would hold {options.data}, which is to be read.")
    if not options.resume:
        check_new_folder(out, overwrite=options.overwrite)
    return out


def _command(options: argparse.Namespace, claims: tuple[int, ...]) -> str:
    """Return the command that measures these claims at once, however it was done."""
    given = ",".join(map(str, claims))
    return _asking(plain_command(options), "" if given == "1,2,3,4,5,6" else given)


def _asking(command: str, claims: str) -> str:
    """Return a command with other claims asked for; with none named it asks for all."""
    words = shlex.split(command)
    if "--claims" in words:
        at = words.index("--claims")
        del words[at : at + 2]
    words = [word for word in words if not word.startswith("--claims=")]
    return shlex.join(words) + (f" --claims {claims}" if claims else "")


def _written(folder: Path, out: Path, plan: "Plan", said: str) -> Outcome:
    """Judge the cells in `folder` and write the ledger to `out`."""
    from workbench.benchmark.identity import read
    from workbench.benchmark.results import write_csv
    from workbench.claims.evidence import read_evidence
    from workbench.claims.judging import judge
    from workbench.claims.ledger import markdown
    from workbench.verbs.claims_page import write_page

    content = read(folder)
    command = content.get("claims", {}).get("command", content.get("command", ""))
    data = " ".join(content["identity"]["data"])
    ledger = judge(
        read_evidence(folder),
        plan,
        model=content["identity"]["model"],
        remedy=_remedy(command, data),
    )
    write_json(out / "ledger.json", {"schema": 1, "command": command, **ledger.to_dict()})
    write_text(out / "ledger.md", markdown(ledger))
    write_csv(out / "effects.csv", ledger.effect_rows())
    write_csv(out / "sweep.csv", ledger.sweep_rows())
    write_page(out / "claims.html", ledger, content, command)
    text = (
        f"{said}\n\n{table(_brief(ledger))}\n\n"
        f"ledger.json, ledger.md, effects.csv, sweep.csv and claims.html written to {out}"
    )
    return Outcome(text, ledger.to_dict())


def _remedy(command: str, data: str) -> str:
    """Return the command that measures one claim more, `{}` standing for its number."""
    if shlex.split(command)[1:2] == ["claims"]:
        escaped = command.replace("{", "{{").replace("}", "}}")
        return f"{_asking(escaped, '{}')} --resume"
    return f"workbench claims {data or 'DATA'} --claims {{}} --out DIR"


def _brief(ledger: "Ledger") -> list[dict[str, Any]]:
    return [dict(row) for row in ledger.brief()]

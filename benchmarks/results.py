"""The tables of docs/results.md and of the README, from what the verbs wrote: nothing by hand.

    workbench benchmark data/demo --shots 1,2,4 --seeds 0-4 --draws 5 --out out/demo
    workbench benchmark REAL --shots 1,2,4 --seeds 0-4 --draws 5 --out out/real
    workbench claims data/demo --draws 5 --seeds 0-2 --out out/demo_claims
    workbench claims REAL --draws 5 --seeds 0-2 --out out/real_claims
    python benchmarks/results.py out/demo out/real out/demo_claims out/real_claims

The first table below each heading is replaced by the verbs' own Markdown (`tables/*.md`), the prose
stays. `REAL` holds the categories cookie, magnetic_tile and hazelnut_toy. With `--check` nothing is
written, and the status is 1 where a document says something else than the folders.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DEMO = "Demo data, mean of the five categories"
SIGNS = "Text alone, and its sign"
REAL = {"Cookie": "cookie", "Magnetic tile": "magnetic_tile", "Hazelnut toy": "hazelnut_toy"}
README = "Detection, measured in full"
SHOWN = "4"  # shots in the README


def first_table(text: str, heading: str) -> tuple[int, int]:
    """Return the lines (from, up to) of the first table below a heading of any level."""
    lines = text.splitlines()
    below = [index for index, line in enumerate(lines) if line.lstrip("#") == f" {heading}"]
    if not below:
        raise SystemExit(f"no heading {heading!r}")
    start = below[0] + 1
    while start < len(lines) and not lines[start].startswith(("|", "#")):
        start += 1
    stop = start
    while stop < len(lines) and lines[stop].startswith("|"):
        stop += 1
    if stop == start:
        raise SystemExit(f"no table below the heading {heading!r}")
    return start, stop


def table(text: str, heading: str) -> list[str]:
    """Return the lines of the first table below a heading."""
    start, stop = first_table(text, heading)
    return text.splitlines()[start:stop]


def replaced(text: str, heading: str, lines: Sequence[str]) -> str:
    """Return a text with other lines in the place of the first table below a heading."""
    start, stop = first_table(text, heading)
    all_lines = text.splitlines()
    return "\n".join([*all_lines[:start], *lines, *all_lines[stop:]]) + "\n"


def written(out: Path) -> str:
    """Return the Markdown tables of a benchmark of one data set."""
    (file,) = (out / "tables").glob("*.md")
    return file.read_text("utf-8")


def brief(tables: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the README's table: image AUROC by method, a column for each table given."""
    columns: dict[str, dict[str, str]] = {}
    for name, lines in tables.items():
        cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
        at = cells[0].index("image AUROC")
        columns[name] = {row[0]: row[at] for row in cells[2:] if row[1] in ("0", SHOWN)}
    methods = list(dict.fromkeys(method for column in columns.values() for method in column))
    body = [
        [f"`{method}`", *(column.get(method, "") for column in columns.values())]
        for method in methods
    ]
    return [f"| {' | '.join(row)} |" for row in (["method", *columns], ["---"] * 4, *body)]


def claims(ledgers: Mapping[str, Path]) -> list[str]:
    """Return the first comparison of each claim, and the verdict, from `ledger.json` files."""
    found = {
        name: json.loads((folder / "ledger.json").read_text("utf-8"))["claims"]
        for name, folder in ledgers.items()
    }
    header = ["claim", "of"]
    for name in found:
        header += [f"{name}, points [95 %]", "verdict"]
    rows = []
    for same in zip(*found.values(), strict=True):
        row = [f"{same[0]['number']} {same[0]['title']}", same[0]["comparisons"][0]["name"]]
        for claim in same:
            effect = claim["comparisons"][0]["effect"]
            said = "not measured"
            if effect["value"] is not None:
                said = f"{effect['value']:+.2f} [{effect['low']:+.2f}, {effect['high']:+.2f}]"
            row += [said, claim["verdict"]]
        rows.append(row)
    return [f"| {' | '.join(row)} |" for row in (header, ["---"] * len(header), *rows)]


def documents(demo: Path, real: Path, demo_claims: Path, real_claims: Path) -> dict[Path, str]:
    """Return both documents as the folders have them."""
    page, readme = ROOT / "docs" / "results.md", ROOT / "README.md"
    of_demo, of_real = written(demo), written(real)
    text = replaced(page.read_text("utf-8"), DEMO, table(of_demo, demo_title(of_demo)))
    text = replaced(text, SIGNS, table(of_demo, SIGNS))
    for heading, category in REAL.items():
        text = replaced(text, heading, table(of_real, category))
    ledgers = {"demo data": demo_claims, "photographs": real_claims}
    text = replaced(text, "The claims", claims(ledgers))
    return {page: text, readme: replaced(readme.read_text("utf-8"), README, brief(shown(text)))}


def demo_title(text: str) -> str:
    """Return the heading of a file of tables, below which the means over categories stand."""
    return text.splitlines()[0].removeprefix("# ")


def shown(page: str) -> dict[str, list[str]]:
    """Return the tables of the page that the README has an excerpt of, by their columns' names."""
    return {
        "demo data": table(page, DEMO),
        "cookie": table(page, "Cookie"),
        "magnetic tile": table(page, "Magnetic tile"),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    for name in ("demo", "real", "demo_claims", "real_claims"):
        parser.add_argument(name, type=Path, help="a folder that the verb above wrote")
    parser.add_argument("--check", action="store_true", help="write nothing, compare")
    options = parser.parse_args()
    made = documents(options.demo, options.real, options.demo_claims, options.real_claims)
    stale = [path for path, text in made.items() if path.read_text("utf-8") != text]
    for path in stale:
        print(f"{path.relative_to(ROOT)} {'says something else' if options.check else 'rewritten'}")
        if not options.check:
            path.write_text(made[path], "utf-8")
    sys.exit(1 if options.check and stale else 0)


if __name__ == "__main__":
    main()

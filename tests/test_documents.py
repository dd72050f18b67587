"""What the documents point to is there."""

import json
import re
from pathlib import Path

import pytest

from benchmarks import results
from tests.docs.blocks import documents
from workbench.benchmark.tables import markdown

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = [
    path
    for folder in (".", "docs", "data", "data/*")
    for path in ROOT.glob(f"{folder}/*.md")
    if path.is_file()
]
PAGE = (ROOT / "docs" / "results.md").read_text("utf-8")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(document):
    targets = re.findall(r"\]\(([^)#]+)[^)]*\)", document.read_text("utf-8"))
    for target in targets:
        if "://" not in target:
            assert (document.parent / target).exists(), target


def test_the_readme_has_no_empty_place_left():
    assert "<!--" not in (ROOT / "README.md").read_text("utf-8")


def test_the_lock_file_names_no_host():
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    assert "://" not in lock
    assert all(re.match(r"[a-z0-9._-]+==", line) for line in lock.splitlines() if line.strip())


def test_the_readmes_figures_are_those_of_the_page_of_results():
    readme = (ROOT / "README.md").read_text("utf-8")
    assert results.table(readme, results.README) == results.brief(results.shown(PAGE))


def test_the_page_of_results_has_the_columns_that_the_verb_writes():
    written = next(line for line in markdown("", []).splitlines() if line.startswith("| method"))
    for heading in (results.DEMO, *results.REAL):
        assert results.table(PAGE, heading)[0] == written


def test_no_document_has_a_metric_that_a_code_host_takes_for_a_mail_address():
    for document in documents():
        text = re.sub(r"```.*?```|`[^`]*`", "", document.read_text("utf-8"), flags=re.DOTALL)
        assert not re.search(r"\w@[\w-]+\.\w", text), document


def test_the_tables_that_verbs_wrote_replace_those_of_the_page_and_nothing_else(tmp_path):
    def wrote(out, *categories):
        header = "| method | shots | image AUROC |\n| --- | --- | --- |"
        parts = [f"# {out}\n\n{header}\n| lake | 4 | 12.3 ± 4.5 |"]
        parts += [f"## {name}\n\n{header}\n| lake | 4 | {len(name)} |" for name in categories]
        (tmp_path / out / "tables").mkdir(parents=True)
        (tmp_path / out / "tables" / f"{out}.md").write_text("\n\n".join(parts) + "\n", "utf-8")
        return tmp_path / out

    def judged(out, value):
        effect = {"value": value, "low": -1.0, "high": 2.0}
        claim = {"number": 1, "title": "T", "verdict": "undecided"}
        claim["comparisons"] = [{"name": "a - b", "effect": effect}]
        (tmp_path / out).mkdir()
        (tmp_path / out / "ledger.json").write_text(json.dumps({"claims": [claim]}))
        return tmp_path / out

    folders = (
        wrote("demo", results.SIGNS),
        wrote("real", "cookie", "magnetic_tile", "hazelnut_toy"),
        judged("first", 0.5),
        judged("second", None),
    )
    page, readme = results.documents(*folders).values()
    assert "| lake | 4 | 12.3 ± 4.5 |" in results.table(page, results.DEMO)
    assert results.table(page, "Magnetic tile")[2:] == ["| lake | 4 | 13 |"]
    assert results.table(page, "The claims")[-1] == (
        "| 1 T | a - b | +0.50 [-1.00, +2.00] | undecided | not measured | undecided |"
    )
    assert results.table(readme, results.README)[2:] == ["| `lake` | 12.3 ± 4.5 | 6 | 13 |"]
    for old, new in ((PAGE, page), ((ROOT / "README.md").read_text("utf-8"), readme)):
        words = [[line for line in text.splitlines() if line[:1] != "|"] for text in (old, new)]
        assert words[0] == words[1]

"""The built site: complete, its links good, and in need of no network."""

import importlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

import workbench
from docs_site import commands, notebooks, pages, reference
from tests.docs.blocks import ROOT, blocks, documents
from tests.docs.built import read
from workbench import errors
from workbench.verbs import VERBS

KINDS = [
    kind.__name__
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, errors.WorkbenchError)
]


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("site") / "built"
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", out],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=500,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert not re.search("WARNING|ERROR", done.stdout + done.stderr)
    return out


@pytest.fixture(scope="module")
def built(site):
    return {file.relative_to(site).as_posix(): read(file) for file in site.rglob("*.html")}


def test_every_link_and_every_anchor_leads_somewhere(site, built):
    dead = []
    for place, page in built.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or place == "404.html":  # which is for a server, from its root
                continue
            there = Path(os.path.normpath(site / Path(place).parent / unquote(parts.path)))
            file = site / place if not parts.path else there
            anchor = unquote(parts.fragment)
            found = site in file.parents and file.is_file()
            if found and anchor:
                found = anchor in built[file.relative_to(site).as_posix()].anchors
            if not found:
                dead.append(f"{place} -> {link}")
    assert not dead


def test_nothing_is_loaded_from_elsewhere(site, built):
    assert len(built) > 50
    for place, page in built.items():
        away = [url for url in page.loads if re.match(r"([a-z]+:)?//", url)]
        assert not away, place
        missing = [
            url
            for url in page.loads
            if not url.startswith("data:")
            and place != "404.html"
            and not (site / Path(place).parent / urlsplit(url).path).resolve().is_file()
        ]
        assert not missing, place
        # The theme's script would fetch a renderer for these from a CDN.
        assert not {"mermaid", "mathjax"} & page.classes, place
    for sheet in site.rglob("*.css"):
        assert not re.search(r"url\(['\"]?(https?:)?//|@import", sheet.read_text("utf-8")), sheet


def test_every_page_of_the_repository_is_on_the_site(built):
    for document in documents()[1:]:
        assert document.relative_to(ROOT / "docs").with_suffix(".html").as_posix() in built
    for notebook in (ROOT / "notebooks").glob("*.ipynb"):
        assert f"notebooks/{notebook.stem}.html" in built
    for place in pages.OUTSIDE.values():
        assert place.replace(".md", ".html") in built


def test_every_public_name_stands_in_the_reference(built):
    anchors = {a for place, page in built.items() if "reference/" in place for a in page.anchors}
    assert {f"workbench.{name}" for name in workbench.__all__} <= anchors


def test_every_module_that_the_documents_import_from_stands_in_the_reference(built):
    anchors = {a for place, page in built.items() if "reference/" in place for a in page.anchors}
    imported = set()
    for document in documents():
        for block in blocks(document):
            for module, names in re.findall(
                r"^from (workbench\.[\w.]+) import (\([^)]*\)|.*)$", block.code, re.MULTILINE
            ):
                imported |= {(module, name) for name in re.findall(r"\w+", names)}
    assert len(imported) > 20
    public = {f"workbench.{reference.home(name)}.{name}" for name in workbench.__all__}
    for module, name in imported:
        where = getattr(importlib.import_module(module), name).__module__
        assert f"{module}.{name}" in anchors or f"{where}.{name}" in public, (module, name)


def test_every_kind_of_error_has_a_page_that_says_when_and_what_to_do():
    for kind in set(KINDS) - {"WorkbenchError"}:
        document = ROOT / "docs" / "errors" / f"{kind}.md"
        text = document.read_text("utf-8")
        assert text.startswith(f"# {kind}\n")
        messages = [block.message for block in blocks(document) if block.message]
        assert len(messages) >= 4
        assert all(message.startswith(f"{kind}: ") for message in messages)


def test_every_verb_and_option_stands_on_the_page_of_the_command_line(built):
    assert {f"workbench-{verb.name}" for verb in VERBS} <= built[
        "reference/command-line.html"
    ].anchors
    text = commands.page()
    for option in ("`--shots LIST`", "`--dry-run`", "`--ray-address A`", "`DATA...`"):
        assert option in text


def test_formulas_are_shown_without_a_script(site):
    page = (site / "design.html").read_text("utf-8")
    assert page.count('display="block"') == page.count('class="formula"') > 3
    assert "arithmatex" not in page
    assert "\\frac" not in page


def test_the_home_page_begins_as_the_readme_does(site):
    home = (site / "index.html").read_text("utf-8")
    assert "Look inside CLIP to see how it knows that something is wrong in a picture." in home
    assert "make demo" in home
    assert "Where to go on" in home
    assert "The verbs" not in home


def test_a_document_whose_link_leads_nowhere_is_complained_about():
    said = []
    text = "[a](metrics.md) [b](none.md) [c](../Makefile) [d](https://x.org) `[e](no.md)`"
    pages.relink(text, "docs/x.md", "x.md", said.append)
    assert [line.split(" links to ")[1].split(",")[0] for line in said] == [
        "none.md",
        "../Makefile",
        "no.md",
    ]
    fenced = "```text\n[b](none.md)\n```\n"
    assert pages.relink(fenced, "docs/x.md", "x.md", pytest.fail) == fenced


def test_links_lead_on_the_site_where_they_lead_on_a_code_host():
    def relinked(text, file, page):
        return pages.relink(text, file, page, pytest.fail)

    notebook = next(iter(sorted((ROOT / "notebooks").glob("*.ipynb")))).name
    page = notebook.replace(".ipynb", ".md")
    assert (
        relinked(f"[x](../notebooks/{notebook})", "docs/a.md", "a.md") == f"[x](notebooks/{page})"
    )
    assert relinked("[x](docs/metrics.md#pixels)", "README.md", "readme.md") == (
        "[x](metrics.md#pixels)"
    )
    assert relinked("[x](../../data/README.md)", "docs/howto/a.md", "howto/a.md") == (
        "[x](../data.md)"
    )
    assert relinked("![x](docs/report.png)", "README.md", "index.md") == "![x](report.png)"


def test_a_notebook_shows_its_outputs_without_a_kernel(tmp_path):
    def output(**data):
        return {"output_type": "display_data", "data": data, "metadata": {}}

    outputs = [
        {"output_type": "stream", "name": "stdout", "text": ["1 < 2\n"]},
        {"output_type": "stream", "name": "stderr", "text": ["a progress bar"]},
        output(**{"image/png": "iVBORw0=\n", "text/plain": "an image"}),
        output(**{"text/html": ["<b>", "bold</b>"], "text/plain": "bold"}),
        output(**{notebooks.WIDGET: {}, "text/plain": "Widget()"}),
        output(**{notebooks.PLOTLY: {"data": [], "layout": {}}, "text/html": "<script src=cdn>"}),
        {"output_type": "error", "traceback": ["\x1b[31mNo\x1b[0m"]},
    ]
    cells = [
        {"cell_type": "markdown", "source": ["# Title\n", "words"]},
        {"cell_type": "code", "source": "print('```')", "outputs": outputs},
    ]
    file = tmp_path / "n.ipynb"
    file.write_text(json.dumps({"cells": cells}), "utf-8")
    page = notebooks.read(file)
    assert page.markdown.startswith("# Title\nwords\n\n````python\nprint('```')\n````")
    shown = page.with_outputs(page.markdown)
    assert "<pre>1 &lt; 2\n</pre>" in shown
    assert "progress" not in shown
    assert 'src="data:image/png;base64,iVBORw0="' in shown
    assert "<b>bold</b>" in shown
    assert "lives in the notebook" in shown
    assert page.plotly
    assert "cdn" not in shown
    assert "<pre>No</pre>" in shown
    assert "data-output" not in shown


def test_the_tolerances_on_the_page_of_numerics_stand_in_the_tests_it_names():
    text = (ROOT / "docs" / "numerics.md").read_text("utf-8")
    rows = re.findall(r"^\| `(tests/\S+\.py)` \| .* \| (.*) \|$", text, re.MULTILINE)
    assert len(rows) > 10
    for file, tolerances in rows:
        source = (ROOT / file).read_text("utf-8")
        for tolerance in re.findall(r"`([^`]+)`", tolerances):
            assert tolerance in source, (file, tolerance)

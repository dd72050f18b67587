"""Which file of the repository is which page of the site, and links between them.

A link in a document is written as a code host follows it: relative to the file it stands in. On
the site the same files lie elsewhere, so links are rewritten, all by one rule.
"""

import posixpath
import re
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

OUTSIDE = {
    "README.md": "readme.md",
    "CONTRIBUTING.md": "contributing.md",
    "notebooks/source/README.md": "writing-notebooks.md",
    "CHANGELOG.md": "changelog.md",
    "data/README.md": "data.md",
    "data/demo/README.md": "demo-data.md",
    "data/models/demo/README.md": "demo-model.md",
}
"""Pages of the site that lie outside docs/."""

ATTACHED = ("CITATION.cff", "LICENSE")
"""Files that pages link to and that are no pages."""

_FENCE = re.compile(r"^ *(```|~~~).*?^ *\1[`~]* *$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(\]\()([^)\s#]*)((?:#[^)\s]*)?\))")


def site_path(file: str) -> str | None:
    """Return where a file of the repository lies on the site, relative to its root.

    >>> site_path("docs/metrics.md"), site_path("notebooks/02_x.ipynb"), site_path("Makefile")
    ('metrics.md', 'notebooks/02_x.md', None)
    """
    if file in OUTSIDE:
        return OUTSIDE[file]
    if file in ATTACHED:
        return file
    if file.startswith("docs/"):
        return file.removeprefix("docs/")
    if file.startswith("notebooks/") and file.endswith(".ipynb"):
        return file.removesuffix(".ipynb") + ".md"
    return None


def relink(
    markdown: str,
    file: str,
    page: str,
    complain: Callable[[str], None],
    known: Mapping[str, object] | None = None,
) -> str:
    """Return a document with its links leading where they lead on the code host.

    `file` is where the document lies in the repository, `page` where on the site. `complain` is
    told of every link that leads nowhere: no such file, or, with `known`, no such page.
    """

    def moved(match: re.Match[str]) -> str:
        before, target, after = match.groups()
        if not target or re.match(r"[a-z]+:", target):
            return match[0]
        there = posixpath.normpath(posixpath.join(posixpath.dirname(file), target))
        place = site_path(there)
        if place is None or not (ROOT / there).is_file() or (known and place not in known):
            complain(f"{file} links to {target}, which is no page of the site")
            return match[0]
        return before + posixpath.relpath(place, posixpath.dirname(page) or ".") + after

    return outside_fences(markdown, lambda text: _LINK.sub(moved, text))


def outside_fences(markdown: str, change: Callable[[str], str]) -> str:
    """Return a document changed everywhere but in its code blocks."""
    parts, start = [], 0
    for fence in _FENCE.finditer(markdown):
        parts += [change(markdown[start : fence.start()]), fence[0]]
        start = fence.end()
    return "".join([*parts, change(markdown[start:])])


def beginning(markdown: str, until: str) -> str:
    r"""Return a document up to the heading `until`. Raises `ValueError` if it has no such heading.

    >>> beginning("# A\n\ntext\n\n## B\n", "## B")
    '# A\n\ntext\n\n'
    """
    return markdown[: markdown.index(f"\n{until}\n") + 1]

"""The Python in the documents, run as a reader would run it: block after block, page by page."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_FENCE = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_NOT_RUN = re.compile(r'^ data-not-run="(.+)"$')


@dataclass(frozen=True)
class Block:
    """A fenced block of Python; `message` is the text block right below it, if there is one."""

    line: int
    code: str
    not_run: str | None
    message: str | None


def documents() -> list[Path]:
    found = sorted((ROOT / "docs").rglob("*.md"))
    # JupyterLab leaves checkpoints beside what it opens.
    return [ROOT / "README.md", *(one for one in found if one.parent.name[0] != ".")]


def blocks(document: Path) -> list[Block]:
    text = document.read_text("utf-8")
    fences = list(_FENCE.finditer(text))
    found = []
    for number, fence in enumerate(fences):
        if fence[1] != "python":
            continue
        marked = _NOT_RUN.match(fence[2])
        assert marked or not fence[2], f"{document}: {fence[0][:60]!r}"
        after = fences[number + 1] if number + 1 < len(fences) else None
        below = after and after[1] == "text" and not text[fence.end() : after.start()].strip()
        line = text.count("\n", 0, fence.start()) + 1
        found.append(
            Block(line, fence[3], marked[1] if marked else None, after[3] if below else None)
        )
    return found


def run(document: Path, names: dict) -> None:
    """Run a page's blocks in this folder. A block with a message below must raise exactly it."""
    for block in blocks(document):
        if block.not_run:
            continue
        code = compile("\n" * block.line + block.code, str(document), "exec")
        if block.message is None:
            exec(code, names)
            continue
        kind, _, said = block.message.partition(": ")
        try:
            exec(code, names)
        except Exception as error:
            found = f"{type(error).__name__}: {error}".replace(f"{Path.cwd()}/", "")
            assert found.split() == f"{kind}: {said}".split(), (block.line, found)
        else:
            raise AssertionError(f"{document}:{block.line} raises nothing")

"""Vocabularies: the terms that a label may be made of, one a line, in a file of yours or ours."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from workbench.clip.hooked import HookedCLIP
from workbench.errors import DataError
from workbench.files import write_text

CONCEPTS_FILE = "concepts.txt"
"""What a model's folder calls its own vocabulary."""

PACKAGED = Path(__file__).with_name("vocabulary.txt")
_HEADING = "#"
_OTHER = "other"


@dataclass(frozen=True)
class Vocabulary:
    """Terms, each of a kind (materials, colours, defects, ...), in the order of their file.

    >>> words = Vocabulary.of({"colours": ["red", "blue"], "shapes": ["disc"]}, "mine")
    >>> len(words), words.kinds, words.terms[2]
    (3, ('colours', 'colours', 'shapes'), 'disc')

    Raises `DataError` for fewer than two terms, one that is empty, or one that stands twice
    (whatever its case and spaces, as a text tower does not tell those apart).
    """

    terms: tuple[str, ...] = field(repr=False)
    kinds: tuple[str, ...] = field(repr=False)
    name: str

    def __post_init__(self) -> None:
        if len(self.terms) != len(self.kinds):
            raise DataError(f"{self.name} has {len(self.terms)} terms and {len(self.kinds)} kinds.")
        if len(self.terms) < 2:
            raise DataError(
                f"{self.name} has {len(self.terms)} terms, and a label is a choice among two or "
                "more: write one term a line."
            )
        if not all(_plain(term) for term in self.terms):
            raise DataError(f"{self.name} has a term without letters: write one term a line.")
        counted = Counter(map(_plain, self.terms))
        twice = [f"{term!r}" for term, count in counted.items() if count > 1]
        if twice:
            raise DataError(f"{self.name} has terms that stand twice: {', '.join(twice[:5])}.")

    @classmethod
    def of(cls, by_kind: Mapping[str, Iterable[str]], name: str) -> "Vocabulary":
        """Return a vocabulary from lists of terms by kind."""
        rows = [(term, kind) for kind, terms in by_kind.items() for term in terms]
        return cls(tuple(term for term, _ in rows), tuple(kind for _, kind in rows), name)

    @classmethod
    def read(cls, path: str | Path) -> "Vocabulary":
        """Read a file: UTF-8, one term a line, under headings such as `# colours`.

        Empty lines count for nothing; terms before the first heading are of the kind "other".
        Raises `DataError` for a file that is missing, empty or not UTF-8, and as the class does.
        """
        path = Path(path)
        try:
            lines = path.read_text("utf-8-sig").splitlines()
        except UnicodeDecodeError as error:
            raise DataError(f"{path} is not UTF-8 ({error}): save it as such.") from error
        except OSError as error:
            raise DataError(f"{path} cannot be read: {error.strerror or error}.") from error
        terms, kinds, kind = [], [], _OTHER
        for line in map(str.strip, lines):
            if line.startswith(_HEADING):
                kind = line.lstrip(_HEADING).strip() or _OTHER
            elif line:
                terms.append(line)
                kinds.append(kind)
        return cls(tuple(terms), tuple(kinds), str(path))

    def write(self, path: Path) -> None:
        """Write the file that `read` reads, in one step. Raises `RunError` if it cannot be."""
        lines: list[str] = []
        for number, (term, kind) in enumerate(zip(self.terms, self.kinds, strict=True)):
            if number == 0 or kind != self.kinds[number - 1]:
                lines += ["", f"{_HEADING} {kind}"]
            lines.append(term)
        write_text(path, "\n".join(lines[1:]) + "\n")

    def __len__(self) -> int:
        return len(self.terms)

    @cached_property
    def by_kind(self) -> dict[str, tuple[str, ...]]:
        """The terms of each kind."""
        return {
            kind: tuple(t for t, k in zip(self.terms, self.kinds, strict=True) if k == kind)
            for kind in dict.fromkeys(self.kinds)
        }


def vocabulary_for(model: HookedCLIP) -> Vocabulary:
    """Return the vocabulary in the model's own folder (`concepts.txt`), or else the package's.

    A model whose text tower has learnt few words, as the embedded one has, brings a list of them.
    Raises `DataError` if its list is damaged.
    """
    own = model.folder / CONCEPTS_FILE if model.folder is not None else None
    return Vocabulary.read(own if own is not None and own.is_file() else PACKAGED)


def _plain(term: str) -> str:
    return " ".join(term.casefold().split())

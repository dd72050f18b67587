"""open_clip's tokenizer with only the merges that a vocabulary needs.

CLIP's byte-pair encoding has 48,894 merges, so 49,408 tokens; their embeddings alone would outweigh
the demo tower. A word is split by the same merges in the same order as in the original, so every
word of the vocabulary gives the same token strings (the ids differ); any other word falls back to
smaller pieces, in the end to bytes, and stays legal.
"""

import gzip
import io
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

from workbench.files import write_bytes

HEADER = "#version: 0.2 - merges of CLIP's byte-pair encoding, trimmed to a vocabulary"
CONTEXT_LENGTH = 32


def original_merges() -> list[tuple[str, str]]:
    """Return the merges of open_clip's own tokenizer, in order."""
    from open_clip.tokenizer import default_bpe

    lines = gzip.decompress(Path(default_bpe()).read_bytes()).decode().split("\n")
    pairs = [line.split() for line in lines[1 : 49152 - 256 - 2 + 1]]
    return [(left, right) for left, right in pairs]


def needed_merges(words: Iterable[str]) -> list[tuple[str, str]]:
    """Return, in the original order, the merges that encoding the words makes use of."""
    from open_clip.tokenizer import bytes_to_unicode

    merges = original_merges()
    rank = {pair: order for order, pair in enumerate(merges)}
    letters = bytes_to_unicode()
    used: set[tuple[str, str]] = set()
    for word in words:
        pieces = [letters[byte] for byte in word.encode()]
        pieces[-1] += "</w>"
        while len(pieces) > 1:
            pairs = list(pairwise(pieces))
            best = min(pairs, key=lambda pair: rank.get(pair, len(merges)))
            if best not in rank:
                break
            used.add(best)
            pieces = _merged(pieces, best)
    return sorted(used, key=rank.__getitem__)


def _merged(pieces: list[str], pair: tuple[str, str]) -> list[str]:
    joined: list[str] = []
    at = 0
    while at < len(pieces):
        if tuple(pieces[at : at + 2]) == pair:
            joined.append(pieces[at] + pieces[at + 1])
            at += 2
        else:
            joined.append(pieces[at])
            at += 1
    return joined


def write_vocabulary(path: Path, words: Iterable[str]) -> None:
    """Write the trimmed merges in the format that open_clip's SimpleTokenizer reads.

    The same words give the same bytes.
    """
    lines = [HEADER, *(f"{left} {right}" for left, right in needed_merges(words))]
    packed = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=packed, mtime=0) as file:
        file.write("\n".join(lines).encode())
    write_bytes(path, packed.getvalue())


def read_tokenizer(path: Path, context_length: int = CONTEXT_LENGTH) -> Any:
    """Return open_clip's SimpleTokenizer over the merges at `path`."""
    from open_clip.tokenizer import SimpleTokenizer

    return SimpleTokenizer(bpe_path=str(path), context_length=context_length)

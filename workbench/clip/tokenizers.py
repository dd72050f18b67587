"""From texts to token ids, as the text tower was trained to read them."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, cast

from torch import Tensor

from workbench.clip.building import Architecture
from workbench.errors import ModelError

Tokenizer = Callable[[list[str]], Tensor]

BPE_FILE = "bpe_vocab.txt.gz"
"""A folder's own merges, gzipped, in the format of open_clip's `bpe_simple_vocab_16e6.txt.gz`."""

_OPENAI_VOCABULARY = 49408


def tokenizer_for(architecture: Architecture) -> Tokenizer:
    """Return the tokenizer of a model: texts to ids `[text, token]`, padded and cut to length.

    A model whose tokenizer is not at hand gets one that raises `ModelError` when it is first used,
    for its image tower works without. Raises `ModelError` for a tokenizer file that is damaged or
    does not fit the vocabulary.
    """
    text = architecture.config["text_cfg"]
    length: int = text.get("context_length", 77)
    vocabulary: int = text.get("vocab_size", _OPENAI_VOCABULARY)
    options: dict[str, Any] = dict(text.get("tokenizer_kwargs") or {})
    folder = architecture.folder
    if folder is not None and (folder / BPE_FILE).is_file():
        return _own_bpe(folder / BPE_FILE, vocabulary, length, options)
    fetched = text.get("hf_tokenizer_name")
    if fetched:
        files = folder is not None and (folder / "tokenizer_config.json").is_file()
        if files or architecture.remote:
            from open_clip.tokenizer import HFTokenizer

            source = str(folder) if files else fetched
            return cast(Tokenizer, HFTokenizer(source, context_length=length, **options))
        return _absent(architecture, f"it is {fetched} from Hugging Face, whose files are not here")
    if vocabulary == _OPENAI_VOCABULARY:
        from open_clip.tokenizer import SimpleTokenizer, tokenize

        if options:
            return cast(Tokenizer, SimpleTokenizer(context_length=length, **options))
        return cast(Tokenizer, partial(tokenize, context_length=length))
    return _absent(
        architecture, f"its vocabulary has {vocabulary} tokens, and {BPE_FILE} is not beside it"
    )


def _own_bpe(path: Path, vocabulary: int, length: int, options: dict[str, Any]) -> Tokenizer:
    from open_clip.tokenizer import SimpleTokenizer

    try:
        tokenizer = SimpleTokenizer(bpe_path=str(path), context_length=length, **options)
    except (OSError, EOFError, ValueError) as error:
        raise ModelError(
            f"{path} is damaged or no gzipped list of merges: {error}. Copy it again."
        ) from error
    if tokenizer.vocab_size != vocabulary:
        raise ModelError(
            f"{path} makes {tokenizer.vocab_size} tokens and the text tower has {vocabulary}: "
            "the two belong to different models."
        )
    return cast(Tokenizer, tokenizer)


def _absent(architecture: Architecture, reason: str) -> Tokenizer:
    def refuse(_texts: list[str]) -> Tensor:
        raise ModelError(
            f"{architecture.name} cannot read text: its tokenizer is missing ({reason}). Put the "
            "tokenizer's files into the model's folder; the image tower works without."
        )

    return refuse

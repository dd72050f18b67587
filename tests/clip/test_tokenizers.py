import gzip
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from open_clip.tokenizer import SimpleTokenizer, default_bpe, tokenize

from tests.clip import models_on_disk as disk
from workbench.clip.building import Architecture
from workbench.clip.loading import load_model
from workbench.clip.tokenizers import BPE_FILE, tokenizer_for
from workbench.errors import ModelError

TEXTS = ["a flawless metal nut", "Two DOGS & a naïve café."]


def architecture(folder: Path | None = None, **text: Any) -> Architecture:
    described = disk.config()
    described["text_cfg"] |= text
    return Architecture("tiny", described, (0.5,) * 3, (0.5,) * 3, folder)


def trimmed(folder: Path, merges: int) -> int:
    """Write the first merges of CLIP's table as a folder's own; return the vocabulary they make."""
    with gzip.open(default_bpe(), "rt", encoding="utf-8") as file:
        lines = file.read().split("\n")[: 1 + merges]
    with gzip.open(folder / BPE_FILE, "wt", encoding="utf-8") as file:
        file.write("\n".join(lines))
    return 512 + merges + 2


def test_openais_vocabulary_is_read_by_open_clips_tokenizer() -> None:
    tokens = tokenizer_for(architecture())(TEXTS)
    assert torch.equal(tokens, tokenize(TEXTS, context_length=16))


def test_texts_that_are_too_long_keep_their_end_token() -> None:
    tokens = tokenizer_for(architecture())(["dog " * 50])
    assert tokens.shape == (1, 16)
    assert tokens[0, -1] == 49407


def test_options_of_the_configuration_reach_the_tokenizer() -> None:
    options = {"clean": "canonicalize"}
    tokens = tokenizer_for(architecture(tokenizer_kwargs=options))(["A dog!"])
    assert torch.equal(tokens, SimpleTokenizer(context_length=16, clean="canonicalize")(["a dog"]))


def test_a_folder_brings_its_own_trimmed_merges(tmp_path: Path) -> None:
    vocabulary = trimmed(tmp_path, 300)
    described = disk.config()
    described["text_cfg"] |= {"vocab_size": vocabulary}
    from open_clip.model import CLIP

    folder = disk.open_clip_folder(tmp_path, CLIP(**described).eval(), described)
    model = load_model(folder, device="cpu")
    tokens = model.tokenize(TEXTS)
    assert tokens.shape == (2, 16)
    assert int(tokens.max()) == vocabulary - 1  # the end token is the largest, as pooling needs
    assert model.encode_text(TEXTS).shape == (2, 24)


def test_merges_that_do_not_fit_the_text_tower_are_refused(tmp_path: Path) -> None:
    vocabulary = trimmed(tmp_path, 300)
    with pytest.raises(ModelError, match=f"makes {vocabulary} tokens and the text tower has 600"):
        tokenizer_for(architecture(tmp_path, vocab_size=600))


@pytest.mark.parametrize("content", [b"no gzip", gzip.compress(b"a b\n" * 99)[:-9]])
def test_damaged_merges_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / BPE_FILE).write_bytes(content)
    with pytest.raises(ModelError, match=r"bpe_vocab.txt.gz is damaged"):
        tokenizer_for(architecture(tmp_path))


@pytest.mark.parametrize(
    "text", [{"vocab_size": 600}, {"hf_tokenizer_name": "facebook/xlm-v-base"}]
)
def test_without_its_tokenizer_a_model_still_sees(tmp_path: Path, text: dict[str, Any]) -> None:
    described = disk.config()
    described["text_cfg"] |= text
    from open_clip.model import CLIP

    model = load_model(disk.open_clip_folder(tmp_path, CLIP(**described), described), device="cpu")
    assert model(disk.pixels()).shape == (2, 24)
    with pytest.raises(ModelError, match="its tokenizer is missing"):
        model.encode_text(["a dog"])


def test_a_folder_brings_its_own_hugging_face_tokenizer(tmp_path: Path) -> None:
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace
    from transformers import PreTrainedTokenizerFast

    words = {"[PAD]": 0, "[UNK]": 1, "dog": 2, "a": 3}
    made = Tokenizer(WordLevel(words, unk_token="[UNK]"))
    made.pre_tokenizer = Whitespace()
    PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token="[PAD]", unk_token="[UNK]"
    ).save_pretrained(tmp_path)
    assert json.loads((tmp_path / "tokenizer_config.json").read_text())
    tokens = tokenizer_for(architecture(tmp_path, hf_tokenizer_name="some/where"))(["a dog"])
    assert tokens[0, :3].tolist() == [3, 2, 0]

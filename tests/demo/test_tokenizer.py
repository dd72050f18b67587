"""The trimmed tokenizer beside open_clip's own."""

import gzip

import pytest

from workbench.demo.training.tokenizer import original_merges, read_tokenizer, write_vocabulary
from workbench.demo.world.captions import caption_of, vocabulary
from workbench.demo.world.scene import scene_of
from workbench.paths import demo_model


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    from open_clip.tokenizer import SimpleTokenizer

    path = tmp_path_factory.mktemp("vocabulary") / "bpe.txt.gz"
    write_vocabulary(path, vocabulary())
    return read_tokenizer(path), SimpleTokenizer(), path


def pieces(tokenizer, text):
    return [tokenizer.decoder[number] for number in tokenizer.encode(text)]


def test_captions_split_into_the_same_tokens_as_in_the_original(both):
    trimmed, original, _ = both
    for index in range(200):
        text = caption_of(8, index, scene_of(8, index))
        assert pieces(trimmed, text) == pieces(original, text)


def test_any_other_text_falls_back_to_smaller_pieces_and_loses_nothing(both):
    trimmed, _, _ = both
    for text in ("quixotic xylophone", "crème brûlée", "钢", "a1b2"):
        whole = trimmed.decode(trimmed.encode(text))
        assert whole.replace(" ", "") == text.replace(" ", "")


def test_it_is_a_small_part_of_the_original(both):
    trimmed, original, _ = both
    assert trimmed.vocab_size < 2000 < original.vocab_size
    assert len(original_merges()) == 48894


def test_the_same_words_give_the_same_bytes(both, tmp_path):
    _, _, path = both
    write_vocabulary(tmp_path / "again.gz", reversed(vocabulary()))
    assert (tmp_path / "again.gz").read_bytes() == path.read_bytes()


def test_the_shipped_vocabulary_is_the_one_this_code_writes(both):
    _, _, path = both
    assert gzip.decompress((demo_model() / "bpe_vocab.txt.gz").read_bytes()) == gzip.decompress(
        path.read_bytes()
    )


def test_texts_are_framed_by_start_and_end_and_padded_with_nought(both):
    trimmed, _, _ = both
    row = trimmed(["a photo of a scratched metal."])[0]
    assert row[0] == trimmed.sot_token_id
    assert row.max() == trimmed.eot_token_id == trimmed.vocab_size - 1
    assert len(row) == 32
    assert row[-1] == 0

"""Vocabularies: ours, the embedded model's, and anybody's."""

import re

import pytest

import workbench
from tests.tiny import tiny_model
from workbench.errors import DataError
from workbench.neurons.labels import Vocabulary, vocabulary_for
from workbench.neurons.labels.vocabulary import CONCEPTS_FILE, PACKAGED


@pytest.fixture(scope="module")
def demo():
    return workbench.load_model("demo", device="cpu")


def test_the_packages_own_has_a_few_thousand_plain_terms_of_every_kind():
    ours = Vocabulary.read(PACKAGED)
    assert 2000 <= len(ours) <= 5000
    assert all(re.fullmatch(r"[a-z0-9][a-z0-9' -]*", term) for term in ours.terms)
    assert all(len(term.split()) <= 6 for term in ours.terms)
    wanted = {"materials", "textures", "patterns", "shapes", "colours", "defects", "light"}
    assert wanted <= ours.by_kind.keys()
    assert sum(kind.startswith("objects: ") for kind in ours.by_kind) >= 5
    assert min(len(terms) for terms in ours.by_kind.values()) >= 50
    assert {"scratch", "crack", "thread", "copper", "hexagon", "turquoise"} <= set(ours.terms)


def test_a_model_without_a_list_of_its_own_gets_the_packages():
    model = tiny_model()
    assert model.folder is None
    assert vocabulary_for(model).terms == Vocabulary.read(PACKAGED).terms


def test_the_embedded_model_brings_the_words_of_its_captions(demo):
    own = vocabulary_for(demo)
    assert own.name.endswith(CONCEPTS_FILE)
    assert {"materials", "objects", "colours", "damage", "arrangements"} <= own.by_kind.keys()
    assert {"granite", "washer", "turquoise", "scratch", "row of parts"} <= set(own.terms)


def test_the_embedded_model_reads_each_of_its_words_as_the_original_tokenizer_does(demo):
    """Words that no caption used have lost the merges that made them."""
    from open_clip.tokenizer import SimpleTokenizer

    trimmed, original = demo._tokenizer, SimpleTokenizer()

    def pieces(tokenizer, term):
        return [tokenizer.decoder[token] for token in tokenizer.encode(term)]

    for term in vocabulary_for(demo).terms:
        assert pieces(trimmed, term) == pieces(original, term), term
    strange = [term for term in Vocabulary.read(PACKAGED).terms if "zebra" in term]
    assert all(pieces(trimmed, term) != pieces(original, term) for term in strange)


def test_a_folder_of_ones_own_is_asked_first(tmp_path, demo):
    import shutil

    from workbench.paths import demo_model

    folder = shutil.copytree(demo_model(), tmp_path / "mine")
    (folder / CONCEPTS_FILE).write_text("# only\nred\nblue\n", "utf-8")
    model = workbench.load_model(folder, device="cpu")
    assert vocabulary_for(model).terms == ("red", "blue")
    (folder / CONCEPTS_FILE).unlink()
    assert vocabulary_for(model).terms == Vocabulary.read(PACKAGED).terms


def test_what_is_written_is_read_again(tmp_path):
    words = Vocabulary.of({"colours": ["red", "blue"], "défauts": ["rayé"]}, "mine")
    words.write(tmp_path / "words.txt")
    again = Vocabulary.read(tmp_path / "words.txt")
    assert (again.terms, again.kinds) == (words.terms, words.kinds)
    assert (tmp_path / "words.txt").read_bytes().startswith(b"# colours\nred\nblue\n\n# d")


def test_our_own_file_is_as_we_would_write_it(tmp_path):
    Vocabulary.read(PACKAGED).write(tmp_path / "again.txt")
    assert (tmp_path / "again.txt").read_bytes() == PACKAGED.read_bytes()


def test_headings_spaces_and_marks_are_forgiven(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("\ufeffred\n\n##  shapes \n  disc  \n#\nring\r\n", "utf-8")
    found = Vocabulary.read(path)
    assert (found.terms, found.kinds) == (("red", "disc", "ring"), ("other", "shapes", "other"))
    assert found.by_kind == {"other": ("red", "ring"), "shapes": ("disc",)}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "has 0 terms"),
        (b"# colours\n\n", "has 0 terms"),
        (b"red\n", "has 1 terms"),
        (b"red\nblue\nRed\n", "stand twice: 'red'"),
        (b"dark  red\nblue\ndark red\n", "stand twice: 'dark red'"),
        ("rayé\nrouge\n".encode("latin-1"), "is not UTF-8"),
    ],
)
def test_a_damaged_file_is_refused_by_name(tmp_path, content, says):
    path = tmp_path / "words.txt"
    path.write_bytes(content)
    with pytest.raises(DataError, match=says) as caught:
        Vocabulary.read(path)
    assert "words.txt" in str(caught.value)


def test_a_missing_file_is_refused_by_name(tmp_path):
    with pytest.raises(DataError, match=r"nowhere\.txt cannot be read: No such file"):
        Vocabulary.read(tmp_path / "nowhere.txt")


def test_lists_that_do_not_fit_are_refused():
    with pytest.raises(DataError, match="2 terms and 1 kinds"):
        Vocabulary(("red", "blue"), ("colours",), "mine")
    with pytest.raises(DataError, match="a term without letters"):
        Vocabulary.of({"colours": ["red", " "]}, "mine")

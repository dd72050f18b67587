"""The concepts of the training world are words its captions used."""

import re

from workbench.demo.world.captions import vocabulary
from workbench.demo.world.concepts import concepts
from workbench.demo.world.conditions import CONDITIONS
from workbench.demo.world.materials import MATERIALS
from workbench.demo.world.objects import OBJECTS


def test_every_word_is_one_of_the_grammar_and_none_was_held_out():
    terms = [term for words in concepts().values() for term in words]
    assert len(terms) == len(set(terms))
    assert {word for term in terms for word in re.findall("[a-z]+", term)} <= set(vocabulary())
    for made in MATERIALS.values():
        assert (made.nouns[0] in terms) != made.heldout
    for kind in CONDITIONS.values():
        assert (kind.adjectives[0] in terms) != kind.heldout


def test_things_colours_and_arrangements_are_all_there():
    found = concepts()
    assert {thing.nouns[0] for thing in OBJECTS.values()} <= {
        *found["objects"],
        *found["materials"],
    }
    assert {"red", "silver"} <= set(found["colours"])
    assert {"row of parts", "pair of parts", "single part"} <= set(found["arrangements"])
    assert not any(term.startswith(("a ", "an ")) for words in found.values() for term in words)

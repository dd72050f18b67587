"""Labels in words: what neurons see and say, each held against chance, or no label.

`dissect` asks the images, `decoder` and `sparse` the weights; `naming` has the entry points.
"""

from workbench.neurons.labels.concepts import Concepts
from workbench.neurons.labels.directions import Directions
from workbench.neurons.labels.naming import METHODS, label, label_profiles
from workbench.neurons.labels.profiles import Profiles, profiles_of
from workbench.neurons.labels.result import Label, Labels
from workbench.neurons.labels.vocabulary import Vocabulary, vocabulary_for

__all__ = [
    "METHODS",
    "Concepts",
    "Directions",
    "Label",
    "Labels",
    "Profiles",
    "Vocabulary",
    "label",
    "label_profiles",
    "profiles_of",
    "vocabulary_for",
]

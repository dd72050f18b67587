"""Neuron cards: all that is known of single neurons, gathered and written down.

`gather` makes the cards of a run or of a recording, `card` is what one says.
"""

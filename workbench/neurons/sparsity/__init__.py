"""How few neurons carry how much, and which sets of them agree; everything beside its null model.

`measures` are pure formulas, `activity` asks activations, `spectrum` the sensitivities, `needed`
the accuracy by number of neurons, `overlap`, `universal` and `layers` compare selected sets.
"""

"""How good is it: metrics with their definitions, and comparisons that could have failed."""

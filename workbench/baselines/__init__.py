"""Other ways to detect, on the same hooks, backbone and images; each named for what it is.

A baseline here follows the recipe of a paper with the features of *this* CLIP. Its figures are
therefore not that paper's: what differs stands in each method's `recipe`.
"""

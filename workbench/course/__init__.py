"""The course: checks that its exercises call, grading, and the making of its notebooks.

Each notebook has a module of checks: `excavation` for 02, `sparsity` for 03, and so on.
"""

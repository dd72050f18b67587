"""Methods by categories, shots and seeds: the same images, features and metrics for all."""

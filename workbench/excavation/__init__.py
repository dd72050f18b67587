"""LAKE: the few neurons of a CLIP that vary most over normal images, and detection with them.

Li et al., "Latent Anomaly Knowledge Excavation: Unveiling Sparse Sensitive Neurons in
Vision-Language Models", arXiv 2604.07802 (2026). The abstract is public, the method section could
not be read, and no official code is known; so docstrings keep apart what is *stated* by the paper
or two independent summaries, *reported* by one secondary source, and *chosen* here.
"""

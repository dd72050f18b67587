"""Intervention: neurons silenced, scaled, clamped or patched, and what that does to the scores.

`changes` says what is done, `context` does it to a model's forwards, `effects` measures it.
"""

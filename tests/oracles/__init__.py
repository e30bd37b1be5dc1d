"""Oracles: other ways to the same numbers, none of which takes a derivative from the code that it judges.

``cases`` are the networks that all of them are asked about; ``differences`` differentiates numerically, ``precise``
computes with 50 digits, ``loops`` is the note in plain Python, ``jax_autograd`` and ``torch_autograd`` are foreign.
"""

"""Tests of the explainer; ``autograd`` and ``networks`` are what they share."""

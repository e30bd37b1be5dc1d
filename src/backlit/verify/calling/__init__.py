"""Calling somebody's function, in process or in one of its own, and judging what came back."""

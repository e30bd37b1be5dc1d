"""Imports what nobody has installed."""

import a_module_that_nobody_has


def gradients(weights, biases, x, y):
    return a_module_that_nobody_has.gradients(weights, biases, x, y)

"""Has the name of a module of Python's, and a guard that must not be run."""

from layouts import rows


def gradients(weights, biases, x, y):
    return rows(weights, biases, x, y)


if __name__ == "__main__":
    raise SystemExit("this is not to be run")

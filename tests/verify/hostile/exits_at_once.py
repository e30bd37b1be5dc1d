"""A script without a guard that ends itself."""

import sys

sys.exit("training is done")

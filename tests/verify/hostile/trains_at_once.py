"""A script without a guard that works for ever."""

while True:
    step = 1

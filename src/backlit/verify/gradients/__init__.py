"""Which mistake it is: the table, the hypotheses, the search, and what is said of the best explanation."""

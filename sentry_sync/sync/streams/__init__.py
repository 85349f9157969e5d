"""One declaration per stream: what to ask, how to page, what the rows are."""

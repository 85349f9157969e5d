"""The page for people: what the tools answer, in a browser, rendered here and readable without scripts."""

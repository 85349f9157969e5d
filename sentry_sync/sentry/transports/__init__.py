"""The transports that a request passes, outermost first: coalesce, retry, budget, auth, network."""

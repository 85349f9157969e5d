"""Streams, the engine that runs them, and the plan of what is due."""

"""Verdicts with their arithmetic: plain functions over what was counted, no I/O."""

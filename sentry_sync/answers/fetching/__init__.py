"""Errands to Sentry, one module per resource: fetch, parse, write back what is proven."""

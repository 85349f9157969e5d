"""Sentry's Web API v0 over a simulated world, endpoint by endpoint."""

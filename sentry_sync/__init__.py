"""sentry-sync: a local copy of a Sentry organization that can be trusted."""

__version__ = "0.1.0"

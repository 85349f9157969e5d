"""The ``sentry-sync`` command."""

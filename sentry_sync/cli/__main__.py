"""``python -m sentry_sync.cli``: the same as ``sentry-sync``, for whoever knows only the interpreter."""

from sentry_sync.cli.main import main

if __name__ == "__main__":
    main()

"""What a desktop assistant starts: ``sentry-sync mcp`` over stdio."""

import sys

from sentry_sync.cli.main import main

sys.argv[1:] = ["mcp"]
main()

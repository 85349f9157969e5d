"""The end of a serving process."""

from __future__ import annotations

import os
import sys
import threading


def end_without_waiting() -> None:
    """End the process if a thread still waits for Sentry: there is nobody left to answer, and it may take seconds.

    Nothing is lost by it: whatever writes to the store does so in transactions.
    """
    if any(thread is not threading.main_thread() and not thread.daemon for thread in threading.enumerate()):
        sys.stderr.flush()
        os._exit(0)

"""Where ``sentry-sync`` begins and ends: whatever happens becomes one line and an exit code.

The codes are drawn in ``sentry_sync.errors``; to them this adds what only a command line has::

    0    done
    1    anything not named elsewhere
    2    a wrong command, flag or setting
    8    a sync came through in part: what could be had is stored
    20   assess: the release regressed
    21   assess: roll it back
    22   assess: too early to tell, or a release nobody knows
    70   a defect of sentry-sync itself
    130  interrupted (Ctrl-C)
    141  whoever read our output went away
"""

from __future__ import annotations

import gc
import io
import os
import sys
from collections.abc import Callable, Sequence

EXIT_PARTIAL = 8
EXIT_DEFECT = 70  # EX_SOFTWARE of sysexits.h
EXIT_INTERRUPTED = 130  # what a shell gives a command that SIGINT ended
EXIT_BROKEN_PIPE = 141  # the same for SIGPIPE

TRACEBACK_VARIABLE = "SENTRY_SYNC_TRACEBACK"
"""Set to 1 by whoever hunts a defect. A traceback may quote an event's text, so nobody else gets one."""

GARBAGE = 100_000
"""New objects after which Python looks for circles: at its own 700 it would, hundreds of times, while a command is
imported that stays for good. That is a twentieth of what ``mcp`` takes to start; records are in no circles."""


def main() -> None:
    """Run the command that the process's arguments name, and exit."""
    gc.set_threshold(GARBAGE)
    code = run(sys.argv[1:])
    if code == EXIT_BROKEN_PIPE or not _flushed():
        # The interpreter would flush once more at its end, and complain: let that go nowhere.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
    sys.exit(code)


def run(arguments: Sequence[str]) -> int:
    """Run a command and return its exit code; never raises."""
    return guarded(lambda: _invoke(list(arguments) or ["--help"]), as_json="--json" in arguments)


def guarded(action: Callable[[], int], *, as_json: bool) -> int:
    """The exit code of ``action``, or of what it raised after saying that in one line on stderr."""
    try:
        return _translated(action, as_json)
    except KeyboardInterrupt:
        return _report("interrupted: all that arrived is kept; run it again to go on", EXIT_INTERRUPTED, as_json)
    except BrokenPipeError:
        return EXIT_BROKEN_PIPE


def _translated(action: Callable[[], int], as_json: bool) -> int:
    # Imported here so that even an interrupt during the imports ends in one line.
    import typer

    from sentry_sync.errors import SentrySyncError

    try:
        return action()
    except typer.Exit as leave:
        return leave.exit_code
    except typer.TyperException as error:
        return _report(f"{error.format_message().rstrip('.')} (see --help)", error.exit_code, as_json)
    except SentrySyncError as error:
        return _report(str(error), error.exit_code, as_json)
    except BrokenPipeError:
        raise
    except OSError as error:
        said = error.strerror or type(error).__name__
        return _report(f"{said}: {error.filename}" if error.filename else said, 1, as_json)
    except Exception as error:  # noqa: BLE001 (even a defect is one line, without the event's text it may quote)
        return _report(_defect(error), EXIT_DEFECT, as_json)


def _invoke(arguments: list[str]) -> int:
    from sentry_sync.cli.app import command

    if isinstance(sys.stdout, io.TextIOWrapper):
        # A title may hold what the terminal's encoding has not: show it escaped rather than fail.
        sys.stdout.reconfigure(errors="backslashreplace")
    with command(arguments[0]).make_context("sentry-sync", arguments) as context:
        context.command.invoke(context)
    if sys.stdout is not None:
        sys.stdout.flush()
    return 0


def _report(text: str, code: int, as_json: bool) -> int:
    """Say ``text`` on stderr and return ``code``."""
    from sentry_sync.cli import output

    one_line = output.printable(text)
    output.warn(output.to_json({"error": one_line, "exit_code": code}) if as_json else f"sentry-sync: {one_line}")
    return code


def _defect(error: Exception) -> str:
    import traceback

    if os.environ.get(TRACEBACK_VARIABLE) == "1":
        traceback.print_exception(error)
    last = traceback.extract_tb(error.__traceback__)[-1]
    place = "/".join(last.filename.split("/")[-3:])
    return (
        f"a defect of sentry-sync: {type(error).__name__} at {place}:{last.lineno}; please report it "
        f"({TRACEBACK_VARIABLE}=1 shows more)"
    )


def _flushed() -> bool:
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except OSError:
        return False
    return True

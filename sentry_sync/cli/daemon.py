"""``sentry-sync daemon``: the sync on its schedule, until a signal ends it."""

from __future__ import annotations

from pathlib import Path

from sentry_sync.cli import alerts, erasing, output
from sentry_sync.cli.settings import Settings
from sentry_sync.cli.syncing import syncing
from sentry_sync.cli.together import Half, until_a_signal
from sentry_sync.daemon import Said


def run(settings: Settings, config: Path | None, *, as_json: bool) -> None:
    """Sync until SIGTERM or SIGINT, and look at the alerts of the settings file.

    Raises SettingsError, and StoreError when the store can't be used.
    """

    def tell(said: Said) -> None:
        _tell(said, as_json=as_json)

    with (
        alerts.looking(settings, config, lambda text: tell(Said(text))) as watching,
        erasing.half(settings, lambda text: tell(Said(text))) as erasures,
        syncing(settings, tell) as half,
    ):
        until_a_signal(Half("the sync", half.daemon.run, half.daemon.stop), erasures, alerts.half(watching))


def _tell(said: Said, *, as_json: bool) -> None:
    if not as_json:
        output.warn(output.printable(said.text))
        return
    result = said.result
    about = {"stream": result.stream, "state": result.state, "error": result.error} if result else {}
    output.document({"daemon": {"said": said.text, **about}})
    output.flush()

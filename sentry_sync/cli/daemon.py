"""``sentry-sync daemon``: the sync on its schedule, until a signal ends it.

SIGHUP reads the settings anew, as it does for ``serve``.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sentry_sync.cli import alerts, erasing, output, reloading
from sentry_sync.cli.reloading import Again
from sentry_sync.cli.settings import Settings
from sentry_sync.cli.syncing import SyncHalf, syncing
from sentry_sync.cli.together import Half, until_a_signal
from sentry_sync.daemon import Said
from sentry_sync.errors import SettingsError


def run(settings: Settings, config: Path | None, again: Again, *, as_json: bool) -> None:
    """Sync until SIGTERM or SIGINT, and look at the alerts; after SIGHUP by the settings that ``again`` gives.

    Raises SettingsError, and StoreError when the store can't be used.
    """

    def tell(said: Said) -> None:
        _tell(said, as_json=as_json)

    def say(text: str) -> None:
        tell(Said(text))

    with (
        alerts.looking(settings, config, say) as watching,
        erasing.half(settings, say) as erasures,
        syncing(settings, tell) as half,
    ):
        running = _Running(settings, config, half, watching, say)
        until_a_signal(
            Half("the sync", half.daemon.run, half.daemon.stop),
            erasures,
            alerts.half(watching),
            on_hangup=lambda: running.reload(again),
        )


class _Running:
    """The parts of the process that come by other settings while it runs."""

    def __init__(
        self,
        settings: Settings,
        config: Path | None,
        half: SyncHalf,
        watching: alerts.Looking,
        say: Callable[[str], None],
    ) -> None:
        self._settings = settings
        self._config = config
        self._half = half
        self._watching = watching
        self._say = say

    def reload(self, again: Again) -> None:
        """Go by the settings as they are now; where these are wrong, say so and go on as before."""
        try:
            found = reloading.anew(again, self._settings)
            wanted_alerts = alerts.of_file(self._config)
            self._half.adopt(found.settings)
        except SettingsError as error:
            self._say(reloading.refused(error))
            return
        self._watching.adopt(wanted_alerts)
        self._settings = found.settings
        if found.stays:
            self._say(found.stays)
        self._say(reloading.READ)


def _tell(said: Said, *, as_json: bool) -> None:
    if not as_json:
        output.warn(output.printable(said.text))
        return
    result = said.result
    about = {"stream": result.stream, "state": result.state, "error": result.error} if result else {}
    output.document({"daemon": {"said": said.text, **about}})
    output.flush()

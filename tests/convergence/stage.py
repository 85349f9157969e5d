"""A tiny world and a store that has just been made, or has just read it: copied for each example, not built anew."""

from __future__ import annotations

import copy
import shutil
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sentry_sync.simulator import WorldSize
from sentry_sync.sync.capabilities import TWICE
from sentry_sync.sync.run import RESOURCES
from sentry_sync.sync.stream import Policy
from tests.convergence.log import Log, Reading
from tests.convergence.watched import Watched
from tests.support.rig import START, Rig

TINY = WorldSize(projects=2, issues=8, events_per_day=7, releases=2, days=3)
"""Eight issues with some twenty events: a page of five makes several pages of everything."""

PAGE_ROWS = 5

POLICY = Policy(history_days=2, performance_hours=1, bodies_per_run=1)


@dataclass(frozen=True)
class Scene:
    """What an example starts from."""

    profile: str = "saas"
    begun: bool = False
    """Whether the store has read the world once."""
    retention_days: int = 90
    measured: bool = False
    """Whether performance is synced as well: it costs the simulator more than all the rest."""

    @property
    def resources(self) -> tuple[str, ...]:
        """What is synced."""
        return RESOURCES if self.measured else tuple(name for name in RESOURCES if name != "performance")

    def rig(self, folder: Path) -> Rig:
        """A rig on this scene, with an empty folder."""
        return Rig(
            folder,
            size=TINY,
            policy=POLICY,
            one_time=True,
            profile=self.profile,
            retention_days=self.retention_days,
            page_rows=PAGE_ROWS,
        )


@dataclass(frozen=True)
class Template:
    """A store as it was left, and what had been read by then."""

    folder: Path
    readings: dict[int, Reading]
    moment: int


@cache
def _home() -> Path:
    """One folder for all examples of a process: what is compiled for a path is compiled once."""
    return Path(tempfile.mkdtemp(prefix="convergence-"))


@cache
def _blank(measured: bool) -> Path:
    """A store that was just made: migrations take longer than an example."""
    folder = Path(tempfile.mkdtemp(prefix="blank-", dir=_home()))
    rig = Scene().rig(folder)
    rig.store.prepare()
    with rig.store.write() as uow:
        # It costs the simulator as much as all the rest. Said twice, it is believed for longer than an example lasts.
        for name in () if measured else (f"{TWICE}stats_v2", "stats_v2"):
            uow.learn(name, START, available=False)
    rig.close()
    return folder / "store"


@cache
def template(scene: Scene) -> Template:
    """The store an example of this scene starts with."""
    folder = Path(tempfile.mkdtemp(prefix="template-", dir=_home()))
    shutil.copytree(_blank(scene.measured), folder / "store")
    rig = scene.rig(folder)
    log = Log(rig.sim)
    watched = Watched(rig, log)
    if scene.begun:
        watched.sync(scene.resources)
    watched.close()
    return Template(folder / "store", log.readings, log.now)


def enter(scene: Scene) -> Watched:
    """A fresh copy of the scene."""
    made = template(scene)
    folder = _home() / "example"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(made.folder, folder / "store")
    rig = scene.rig(folder)
    log = Log(rig.sim)
    log.readings = copy.deepcopy(made.readings)
    log.now = made.moment
    return Watched(rig, log)


def leave() -> None:
    """Take the folder of all examples away."""
    if _home.cache_info().currsize:
        shutil.rmtree(_home(), ignore_errors=True)
        for cached in (_home, _blank, template):
            cached.cache_clear()

"""The systemd unit: checked by systemd itself, and the service run within the walls that the unit puts up.

systemd does not run here; seccomp, PR_SET_MDWE and Landlock are put up from what the unit says.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import json
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sentry_sync import errors
from sentry_sync.cli.settings import HANDED, variables
from sentry_sync.simulator import Simulator, SimulatorOptions, WorldSize
from sentry_sync.trends.child import UNWALLED
from tests.deploy import unit
from tests.deploy.confined import possible
from tests.deploy.image import ROOT
from tests.deploy.running import running, until
from tests.deploy.tools import lacking, said_by, theirs
from tests.support.cli import SECRET

PROGRAM = "/opt/sentry-sync/bin/sentry-sync"
SMALL = WorldSize(projects=1, issues=10, events_per_day=10, releases=1, days=2)


@pytest.fixture
def found() -> unit.Unit:
    return unit.read()


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The unit, with a program that is there."""
    path = tmp_path / unit.UNIT.name
    path.write_text(unit.UNIT.read_text(encoding="utf-8").replace(PROGRAM, "/bin/true"), encoding="utf-8")
    return path


def test_systemd_understands_every_line(installed: Path) -> None:
    assert said_by(theirs("systemd-analyze", "systemd"), "verify", str(installed)) == ""


def test_systemd_understands_what_the_docs_add_to_it(installed: Path) -> None:
    page = (ROOT / "docs" / "running.md").read_text(encoding="utf-8")
    (added,) = re.findall(r"```ini\n(.*?)```", page, re.DOTALL)
    (folder := installed.with_name(f"{installed.name}.d")).mkdir()
    (folder / "override.conf").write_text(added, encoding="utf-8")
    assert said_by(theirs("systemd-analyze", "systemd"), "verify", str(installed)) == ""
    found = unit.Unit(added)
    handed = {f"{variable}_FILE" for name in HANDED for variable in variables(name)}
    assert set(found.environment({})) <= handed
    assert len(found.all("LoadCredential")) == len(found.environment({}))


def test_systemd_finds_it_little_exposed(installed: Path) -> None:
    analyze = theirs("systemd-analyze", "systemd")
    said = said_by(analyze, "--no-pager", "security", "--offline=true", str(installed))
    level = re.search(r"Overall exposure level for \S+: (\d+\.\d+)", said)
    assert level
    assert float(level[1]) < 1.5, said


def test_no_secret_is_in_its_environment(found: unit.Unit) -> None:
    for credential in found.all("LoadCredential"):
        name, _, path = credential.partition(":")
        assert path == f"/etc/sentry-sync/{name}"
        assert found.environment({})[f"{name.upper()}_FILE"] == f"%d/{name}"
    assert not {"SENTRY_AUTH_TOKEN", "SENTRY_SYNC_MCP_TOKEN"} & set(found.environment({}))


def test_it_is_not_started_again_where_that_mends_nothing(found: unit.Unit) -> None:
    final = (errors.SettingsError, errors.AuthFailed, errors.StoreTooNew, errors.StoreMismatch)
    codes = {int(word) for word in found.one("RestartPreventExitStatus").split()}
    assert codes == {error.exit_code for error in final}


HELD = """
import ctypes, json, mmap, os, socket, sys
held = []
def tried(name, action):
    try:
        action()
    except OSError:
        held.append(name)
tried("write", lambda: open(sys.argv[1], "w"))
tried("execute", lambda: mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC))
tried("socket", lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW))
tried("call", lambda: os.chroot("/"))
tried("nothing", lambda: open(sys.argv[2], "w"))
print(json.dumps(held))
"""


@pytest.fixture
def walled(found: unit.Unit, tmp_path: Path) -> unit.Unit:
    theirs("systemd-analyze", "systemd")
    if not possible():
        lacking("this kernel has no Landlock")
    if ctypes.util.find_library("seccomp") is None:
        lacking("libseccomp is not installed: it is part of Debian's libseccomp2")
    (tmp_path / "state").mkdir(mode=0o700)
    (tmp_path / "tmp").mkdir()
    return found


def test_the_walls_of_these_tests_hold(walled: unit.Unit, tmp_path: Path) -> None:
    walls = walled.walls(tmp_path / "state")
    paths = [str(tmp_path / "outside"), str(tmp_path / "state" / "inside")]
    said = said_by(*walls.command(sys.executable, "-c", HELD, *paths), env={"PYTHONPATH": str(ROOT)})
    assert json.loads(said) == ["write", "execute", "socket", "call"]


@pytest.fixture
def environment(walled: unit.Unit, tmp_path: Path) -> Iterator[dict[str, str]]:
    """That of the service, the simulated Sentry its server."""
    (credentials := tmp_path / "credentials").mkdir()
    for one in walled.all("LoadCredential"):
        (credentials / one.partition(":")[0]).write_text(f"{SECRET}\n", encoding="utf-8")
    options = SimulatorOptions(size=SMALL, token=SECRET, static=True, rate_limit=None)
    with Simulator(options) as server:
        yield {
            **walled.environment({"%d": str(credentials), "%S": str(tmp_path / "state")}),
            "SENTRY_BASE_URL": server.url,
            "SENTRY_ORG": "acme",
            "SENTRY_SYNC_HISTORY_DAYS": "2",
            "PATH": "/usr/bin:/bin",
            "PYTHONPATH": str(ROOT),
            "TMPDIR": str(tmp_path / "tmp"),
            "HOME": "/nonexistent",
        }


def test_the_service_syncs_answers_sql_and_comes_by_new_settings_within_its_walls(
    walled: unit.Unit, environment: dict[str, str], tmp_path: Path
) -> None:
    walls = walled.walls(tmp_path / "state", tmp_path / "tmp")
    program, *words = shlex.split(walled.one("ExecStart"))
    assert program == PROGRAM
    ours = [sys.executable, "-m", "sentry_sync.cli"]
    free = [re.sub(r":\d+$", ":0", word) for word in words]
    with running(walls.command(*ours, *free), environment, tmp_path) as process:
        said = until(process.stdout, "http://", "issues.hot:")
        command = walls.command(*ours, "sql", "--json", "SELECT count(*) AS n FROM issues")
        answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert answer.returncode == 0, answer.stderr
        assert (json.loads(answer.stdout)["rows"], UNWALLED in answer.stdout) == ([[10]], False)
        assert walled.one("ExecReload") == "/bin/kill -HUP $MAINPID"
        process.send_signal(signal.SIGHUP)
        said += until(process.stdout, "read anew")
        process.terminate()
        rest, _ = process.communicate(timeout=float(walled.one("TimeoutStopSec")))
        assert process.returncode == 0
    for line in (said + rest).splitlines():
        assert json.loads(line)["level"] == "info", line

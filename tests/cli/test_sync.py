from __future__ import annotations

import contextlib
import ctypes
import os
import pty
import resource
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from sentry_sync.cli.connect import connection_of
from sentry_sync.cli.settings import exactly, load
from sentry_sync.cli.sync import synced
from sentry_sync.errors import SentryError, SettingsError
from sentry_sync.simulator import Simulator, SimulatorOptions, WorldSize
from sentry_sync.store.store import Store
from sentry_sync.sync.run import RESOURCES
from sentry_sync.sync.stream import Policy
from tests.support.cli import SECRET, CommandLine, environment, process
from tests.support.clock import FakeClock

SMALL = WorldSize(projects=2, issues=20, events_per_day=20, releases=2, days=2)


@pytest.fixture(scope="module")
def running() -> Iterator[Simulator]:
    with Simulator(SimulatorOptions(size=SMALL, token=SECRET, static=True, rate_limit=None)) as server:
        yield server


@pytest.fixture
def server(running: Simulator) -> Simulator:
    """The server as it was at first, whatever the test before did to it."""
    running.faults.clear()
    running.tokens.add(SECRET)
    running.requests.clear()
    return running


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture(autouse=True)
def _settings(server: Simulator, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in variables(server, store).items():
        monkeypatch.setenv(name, value)


def variables(server: Simulator, store: Path) -> dict[str, str]:
    return {
        "SENTRY_BASE_URL": f"{server.url}/api/0/",
        "SENTRY_AUTH_TOKEN": SECRET,
        "SENTRY_ORG": "acme",
        "SENTRY_SYNC_STORE": str(store),
        "SENTRY_SYNC_RATE_LIMIT": "10000",
        "SENTRY_SYNC_HISTORY_DAYS": "2",
    }


def held(store: Path, table: str) -> int:
    with closing(sqlite3.connect(store / "store.db")) as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def asked(server: Simulator, part: str) -> bool:
    return any(part in request.path for request in server.requests)


def test_a_sync_stores_what_the_server_has_and_says_so(cli: CommandLine, server: Simulator, store: Path) -> None:
    outcome = cli("sync")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.splitlines()[-1].endswith(": up to date")
    assert held(store, "issues") == len(server.world.issues)
    assert held(store, "projects") == 2
    assert {line.split()[0] for line in outcome.out.splitlines()[1:-1]} == set(RESOURCES)


def test_only_the_named_resources_are_asked_for(cli: CommandLine, server: Simulator, store: Path) -> None:
    assert cli("sync", "issues", "projects").code == 0
    assert held(store, "issues") == len(server.world.issues)
    assert not asked(server, "/releases/stats")
    assert not asked(server, "/events/")


def test_with_json_each_page_and_the_end_are_lines(cli: CommandLine, server: Simulator) -> None:
    *steps, end = cli("sync", "issues", "--json").lines
    pages = [step["progress"] for step in steps if step["progress"]["state"] == "page"]
    assert pages[-1]["stream"] == "issues.hot"
    assert pages[-1]["rows"] == len(server.world.issues)
    assert end["summary"]["ok"] is True
    assert {result["state"] for result in end["summary"]["results"] if result["pages"]} == {"done"}


def test_on_a_terminal_each_stream_has_a_bar_and_the_summary_follows(
    cli: CommandLine, tmp_path: Path, server: Simulator, store: Path
) -> None:
    ours, theirs = pty.openpty()
    seen = bytearray()

    def read() -> None:
        with contextlib.suppress(OSError):  # EIO: the other end was closed
            while part := os.read(ours, 65_536):
                seen.extend(part)

    reader = threading.Thread(target=read)
    reader.start()
    env = environment(tmp_path, TERM="xterm-256color", COLUMNS="100", **variables(server, store))
    done = subprocess.run(
        [sys.executable, "-m", "sentry_sync.cli", "sync", "issues", "releases"],
        env=env,
        stdout=subprocess.PIPE,
        stderr=theirs,
        text=True,
        check=False,
    )
    os.close(theirs)
    reader.join()
    os.close(ours)
    shown = seen.decode()
    assert done.returncode == 0, shown
    assert "issues.hot" in shown
    assert f"done, {len(server.world.issues)} rows" in shown
    assert "\x1b" not in done.stdout
    assert done.stdout.splitlines()[-1].endswith(": up to date")


def test_a_second_sync_costs_less_than_the_first(cli: CommandLine) -> None:
    first = cli("sync", "issues", "events", "--json").lines[-1]["summary"]["requests"]
    second = cli("sync", "issues", "events", "--json").lines[-1]["summary"]["requests"]
    assert second < first


def test_a_part_that_fails_is_named_and_ends_in_exit_code_8(
    cli: CommandLine, server: Simulator, store: Path
) -> None:
    server.faults.add("/releases/", "status", status=403, times=100)
    outcome = cli("sync", "issues", "releases", "--json")
    assert outcome.code == 8
    states = {result["stream"]: result for result in outcome.lines[-1]["summary"]["results"]}
    assert states["issues.hot"]["state"] == "done"
    assert states["releases"]["state"] == "failed"
    assert states["releases"]["error"]
    assert held(store, "issues") == len(server.world.issues)


def test_without_a_token_the_line_says_where_to_get_one(
    cli: CommandLine, server: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SENTRY_AUTH_TOKEN")
    assert cli("sync").refused(2).startswith("no token: set SENTRY_AUTH_TOKEN")
    assert server.requests == []


def test_without_an_organization_the_line_says_which_variable(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SENTRY_ORG")
    assert "set SENTRY_ORG" in cli("sync").refused(2)


def test_a_wrong_token_is_refused_with_exit_code_3(cli: CommandLine, server: Simulator) -> None:
    server.tokens.revoke(SECRET)
    assert "token" in cli("sync").refused(3)


def test_an_unknown_organization_is_named_and_the_right_one_still_works(
    cli: CommandLine, store: Path, server: Simulator
) -> None:
    said = cli("sync", "--org", "acne").refused(9)
    assert said.startswith(f"nothing could be read of 'acne' at {server.url}")
    assert said.endswith("check SENTRY_ORG and SENTRY_BASE_URL")
    assert cli("sync", "issues").code == 0
    assert held(store, "issues") == len(server.world.issues)


@pytest.mark.parametrize("url", ["http://sentry.example.com", "http://192.0.2.7/api/0/"])
def test_a_token_does_not_go_over_plain_http_to_another_host(cli: CommandLine, store: Path, url: str) -> None:
    assert "SENTRY_BASE_URL must begin with https://" in cli("sync", "--base-url", url).refused(2)


def test_plain_http_to_another_host_can_be_allowed() -> None:
    allowed = {"SENTRY_AUTH_TOKEN": SECRET, "SENTRY_ORG": "acme", "SENTRY_BASE_URL": "http://sentry.internal"}
    with pytest.raises(SettingsError):
        connection_of(exactly(allowed))
    assert connection_of(exactly({**allowed, "SENTRY_SYNC_ALLOW_HTTP": "1"})).origin == "http://sentry.internal"


@pytest.mark.parametrize(
    "url", ["sentry", "ftp://sentry.io", "https://user:pw@sentry.io", "https://", "https://sentry.io/?a=b"]
)
def test_a_base_url_that_is_none_is_refused(cli: CommandLine, url: str) -> None:
    assert "SENTRY_BASE_URL must" in cli("sync", "--base-url", url).refused(2)


def test_a_server_that_answers_web_pages_is_not_taken_for_sentry(
    cli: CommandLine, server: Simulator, store: Path
) -> None:
    server.faults.add("/api/0/", "html", times=1000)
    assert "doesn't answer like Sentry" in cli("sync").refused(10)
    server.faults.clear()
    results = cli("sync", "--json").lines[-1]["summary"]["results"]
    assert {result["state"] for result in results if result["pages"]} == {"done"}
    assert {result["state"] for result in results} <= {"done", "fresh"}


def test_a_server_without_sentrys_paths_is_not_taken_for_sentry(cli: CommandLine, server: Simulator) -> None:
    assert "check the URL" in cli("sync", "--base-url", f"{server.url}/elsewhere").refused(10)


def test_a_server_that_turns_to_web_pages_later_fails_the_whole_sync(cli: CommandLine, server: Simulator) -> None:
    assert cli("sync", "issues").code == 0
    server.faults.add("/api/0/", "html", times=1000)
    assert cli("sync", "issues").refused(10)


def test_nobody_listening_is_one_line(store: Path) -> None:
    settings = load({"base_url": "http://127.0.0.1:9", "store": str(store)})
    with pytest.raises(SentryError) as refused:
        synced(settings, RESOURCES, Policy(), lambda step: None, FakeClock())
    assert "127.0.0.1" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_an_unknown_resource_is_refused_with_the_known_ones(cli: CommandLine, server: Simulator) -> None:
    assert cli("sync", "issue").refused(2) == (
        "there is no resource 'issue': choose from projects, issues, releases, events, performance"
    )
    assert server.requests == []


@pytest.mark.parametrize("flag", ["--timeout", "--max-events", "--history-days", "--rate-limit"])
def test_a_limit_out_of_range_is_refused_by_its_flag(cli: CommandLine, flag: str, server: Simulator) -> None:
    assert cli("sync", flag, "0").refused(2).startswith(f"{flag} must be")
    assert server.requests == []


def test_a_store_that_another_process_syncs_into_is_left_alone(
    cli: CommandLine, store: Path, server: Simulator
) -> None:
    with Store(store).syncing():
        assert "is syncing into this store" in cli("sync").refused(14)
    assert server.requests == []


def test_a_store_of_another_organization_is_left_alone(cli: CommandLine, store: Path) -> None:
    assert cli("sync", "issues").code == 0
    before = held(store, "issues")
    assert "SENTRY_SYNC_STORE" in cli("sync", "--org", "globex").refused(13)
    assert held(store, "issues") == before


def test_a_store_of_another_server_is_left_alone(cli: CommandLine, store: Path) -> None:
    assert cli("sync", "issues").code == 0
    with Simulator(SimulatorOptions(size=SMALL, token=SECRET, rate_limit=None)) as other:
        assert "SENTRY_SYNC_STORE" in cli("sync", "--base-url", other.url).refused(13)
        assert other.requests == []


def test_a_store_from_a_newer_version_is_refused_and_not_touched(cli: CommandLine, store: Path) -> None:
    assert cli("db", "upgrade").code == 0
    with closing(sqlite3.connect(store / "store.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    for command in (("sync",), ("status",), ("db", "upgrade"), ("db", "check"), ("sql", "SELECT 1 FROM issues")):
        assert "newer sentry-sync" in cli(*command).refused(12)


def obey_permissions() -> None:
    """Make a process of root's obey file modes from its next exec on, as everybody else's does."""
    ctypes.CDLL(None).prctl(24, 1, 0, 0, 0)  # PR_CAPBSET_DROP, CAP_DAC_OVERRIDE


def test_a_read_only_directory_is_said_with_what_to_do(tmp_path: Path, server: Simulator) -> None:
    parent = tmp_path / "readonly"
    parent.mkdir(mode=0o500)
    env = environment(tmp_path, **variables(server, parent / "store"))
    assert "SENTRY_SYNC_STORE" in process("sync", env=env, preexec_fn=obey_permissions).refused(15)
    assert server.requests == []


def test_a_store_that_became_read_only_is_said_with_what_to_do(
    cli: CommandLine, tmp_path: Path, store: Path, server: Simulator
) -> None:
    assert cli("sync", "issues").code == 0
    for path in (store, *store.iterdir()):
        path.chmod(0o500 if path.is_dir() else 0o400)
    env = environment(tmp_path, **variables(server, store))
    for command in ("status", "sync"):
        said = process(command, env=env, preexec_fn=obey_permissions).refused(15)
        assert "SENTRY_SYNC_STORE" in said


def test_a_disk_that_takes_no_more_loses_nothing(
    cli: CommandLine, tmp_path: Path, store: Path, server: Simulator
) -> None:
    assert cli("sync", "issues").code == 0
    before = held(store, "issues")
    # Nothing may grow over what it is: a file-size limit is as near to a full disk as a test comes.
    limit = (store / "store.db").stat().st_size // 4
    env = environment(tmp_path, **variables(server, store))
    outcome = process(
        "sync", env=env, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    )
    assert "disk" in outcome.refused(15)
    assert held(store, "issues") == before
    assert cli("sync").code == 0
    assert cli("db", "check").code == 0


def test_ctrl_c_keeps_what_arrived_and_the_next_sync_goes_on(
    cli: CommandLine, tmp_path: Path, store: Path, server: Simulator
) -> None:
    server.faults.add("/releases/", "hang", times=1)
    with subprocess.Popen(
        [sys.executable, "-m", "sentry_sync.cli", "sync", "issues", "releases"],
        env=environment(tmp_path, **variables(server, store)),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        while not asked(server, "/releases/"):
            assert running.poll() is None, running.communicate()
        running.send_signal(signal.SIGINT)
        _, said = running.communicate()
    assert (running.returncode, said) == (
        130,
        "sentry-sync: interrupted: all that arrived is kept; run it again to go on\n",
    )
    assert held(store, "issues") == len(server.world.issues)
    assert held(store, "releases") == 0
    assert cli("sync", "releases").code == 0
    assert held(store, "releases") > 0


def test_the_token_is_nowhere_on_the_disk(cli: CommandLine, store: Path) -> None:
    assert cli("sync").code == 0
    for path in store.rglob("*"):
        assert not path.is_file() or SECRET.encode() not in path.read_bytes(), path

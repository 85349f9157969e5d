from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import IO, Any

import pytest

from sentry_sync.simulator import Simulator
from sentry_sync.store.store import Store
from tests.support.cli import CommandLine


def started(variables: dict[str, str], *flags: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "sentry_sync.cli", "daemon", *flags]
    return subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def line_with(pipe: IO[str] | None, part: str) -> str:
    assert pipe is not None
    for line in pipe:
        if part in line:
            return line
    raise AssertionError(f"no line with {part!r}")


def test_an_erasure_that_was_cut_short_is_finished(variables: dict[str, str]) -> None:
    pending = Path(variables["SENTRY_SYNC_STORE"]) / "erasing.json"
    pending.parent.mkdir()
    pending.write_text('[["email", "ana@example.org"]]')
    with started(variables) as running:
        line_with(running.stderr, "an erasure that was begun is done")
        running.terminate()
        running.communicate(timeout=20)
    assert (running.returncode, pending.exists()) == (0, False)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_at_its_page_and_what_arrived_is_kept(
    variables: dict[str, str], server: Simulator, number: signal.Signals
) -> None:
    with started(variables) as running:
        said = line_with(running.stderr, "issues.hot")
        assert said == f"issues.hot: {len(server.world.issues)} rows in 1 requests\n"
        running.send_signal(number)
        out, err = running.communicate(timeout=20)
    assert (running.returncode, out) == (0, "")
    assert "Traceback" not in err
    with Store(Path(variables["SENTRY_SYNC_STORE"])).syncing():
        pass  # the lease was given back


def test_an_answer_that_does_not_come_holds_a_stop_up_for_seconds_only(
    variables: dict[str, str], server: Simulator
) -> None:
    server.faults.add("/releases/", "hang", times=3)
    with started(variables) as running:
        line_with(running.stderr, "issues.hot")
        while not any("/releases/" in request.path for request in server.requests):
            assert running.poll() is None
        running.terminate()
        running.communicate(timeout=20)  # the request itself would be waited for half a minute
        assert running.returncode == 0


def test_a_second_signal_ends_it_at_once(variables: dict[str, str], server: Simulator) -> None:
    server.faults.add("/releases/", "hang", times=3)
    with started(variables) as running:
        line_with(running.stderr, "issues.hot")
        while not any("/releases/" in request.path for request in server.requests):
            assert running.poll() is None
        while running.poll() is None:
            running.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                running.wait(0.1)
        assert running.wait() == 130


def test_with_json_each_turn_is_a_line(variables: dict[str, str]) -> None:
    with started(variables, "--json") as running:
        said: Any = json.loads(line_with(running.stdout, "issues.hot"))["daemon"]
        running.terminate()
        _, err = running.communicate(timeout=20)
    assert (said["stream"], said["state"], said["error"]) == ("issues.hot", "done", None)
    assert err == ""


def test_while_another_process_syncs_it_waits(variables: dict[str, str], server: Simulator) -> None:
    with Store(Path(variables["SENTRY_SYNC_STORE"])).syncing(), started(variables) as running:
        assert "waiting for another sentry-sync (process" in line_with(running.stderr, "waiting")
        running.terminate()
        running.communicate(timeout=20)
    assert running.returncode == 0
    assert server.requests == []


def test_a_hangup_reads_the_settings_anew_and_says_what_stays(
    variables: dict[str, str], server: Simulator, tmp_path: Path
) -> None:
    file, secret = tmp_path / "config.toml", tmp_path / "token"
    for each, text in ((file, ""), (secret, "wrong")):
        each.write_text(text)
        each.chmod(0o600)
    given = {name: value for name, value in variables.items() if name not in ("SENTRY_AUTH_TOKEN", "SENTRY_ORG")}
    file.write_text(f'org = "{variables["SENTRY_ORG"]}"\n')
    with started({**given, "SENTRY_AUTH_TOKEN_FILE": str(secret)}, "--config", str(file)) as running:
        assert "next try in 600 s" in line_with(running.stderr, "failed")
        file.write_text(f'org = "{variables["SENTRY_ORG"]}"\n[[alerts]]\nname = "noisy"\n')
        running.send_signal(signal.SIGHUP)
        assert "the alert 'noisy'" in line_with(running.stderr, "the settings stay as they were")
        file.write_text('org = "globex"\n')
        secret.write_text(variables["SENTRY_AUTH_TOKEN"])
        running.send_signal(signal.SIGHUP)
        assert line_with(running.stderr, "org") == "to change org, end this process and start another\n"
        assert line_with(running.stderr, "anew") == "the settings were read anew\n"
        assert f"{len(server.world.issues)} rows" in line_with(running.stderr, "issues.hot")
        running.terminate()
        running.communicate(timeout=20)
    assert running.returncode == 0


def test_without_a_token_the_line_says_where_to_get_one(cli: CommandLine) -> None:
    assert cli("daemon").refused(2).startswith("no token: set SENTRY_AUTH_TOKEN")


def test_a_store_of_another_organization_is_left_alone(variables: dict[str, str]) -> None:
    with started(variables) as running:
        line_with(running.stderr, "issues.hot")
        running.terminate()
        running.communicate(timeout=20)
    with started({**variables, "SENTRY_ORG": "globex"}) as other:
        _, err = other.communicate(timeout=30)
    assert other.returncode == 13
    assert "SENTRY_SYNC_STORE" in err

from __future__ import annotations

from pathlib import Path

import pytest

from sentry_sync.cli.settings import HANDED, load, variables
from sentry_sync.errors import SettingsError
from tests.support.cli import SECRET


def refused() -> str:
    with pytest.raises(SettingsError) as found:
        load()
    assert SECRET not in str(found.value)
    assert "\n" not in str(found.value)
    assert found.value.__cause__ is None
    return str(found.value)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.write_text(f"{SECRET}\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("name", HANDED)
def test_each_secret_can_stand_in_a_file_of_its_own(
    name: str, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"{variables(name)[0]}_FILE", str(file))
    assert getattr(load(), name).get_secret_value() == SECRET


def test_it_wins_over_the_settings_file_and_is_read_again_each_time(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = tmp_path / "config.toml"
    settings.write_text('auth_token = "older"\n', encoding="utf-8")
    settings.chmod(0o600)
    monkeypatch.setenv("SENTRY_AUTH_TOKEN_FILE", str(file))
    assert load(file=settings).token == SECRET
    file.write_text("rotated", encoding="utf-8")
    assert load(file=settings).token == "rotated"
    monkeypatch.setenv("SENTRY_AUTH_TOKEN_FILE", "")
    assert load(file=settings).token == "older"


@pytest.mark.parametrize("variable", ["SENTRY_AUTH_TOKEN", "SENTRY_API_TOKEN"])
def test_a_secret_in_both_places_is_refused(variable: str, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTRY_AUTH_TOKEN_FILE", str(file))
    monkeypatch.setenv(variable, SECRET)
    assert refused() == f"{variable} and SENTRY_AUTH_TOKEN_FILE are both set: unset one"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "{file}, which SENTRY_SYNC_MCP_TOKEN_FILE names, is empty"),
        (b" \n", "{file}, which SENTRY_SYNC_MCP_TOKEN_FILE names, is empty"),
        (SECRET.encode() * 300, "{file}, which SENTRY_SYNC_MCP_TOKEN_FILE names, holds more than a secret"),
        (SECRET[:15].encode(), "the content of {file} must be one line of at least 16 characters"),
        (SECRET.encode() + b"\nanother", "the content of {file} must be one line of at least 16 characters"),
        (SECRET.encode() + b"\xff", "the content of {file} must be one line of at least 16 characters"),
    ],
)
def test_a_file_without_a_secret_is_refused_by_its_name_and_never_quoted(
    content: bytes, says: str, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_bytes(content)
    monkeypatch.setenv("SENTRY_SYNC_MCP_TOKEN_FILE", str(file))
    assert refused().startswith(says.format(file=file))


def test_a_file_that_cannot_be_read_is_named_with_the_reason(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SENTRY_SYNC_WEBHOOK_SECRET_FILE", str(tmp_path / "none"))
    assert refused() == (
        f"cannot read {tmp_path / 'none'}, which SENTRY_SYNC_WEBHOOK_SECRET_FILE names: No such file or directory"
    )
    monkeypatch.setenv("SENTRY_SYNC_WEBHOOK_SECRET_FILE", str(tmp_path))
    assert refused().endswith(": Is a directory")


def test_a_file_without_an_end_is_not_read_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTRY_AUTH_TOKEN_FILE", "/dev/zero")
    assert refused() == "/dev/zero, which SENTRY_AUTH_TOKEN_FILE names, holds more than a secret"

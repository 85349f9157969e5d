from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentry_sync.cli.settings import Settings, default_file, load, variables
from sentry_sync.errors import SettingsError
from tests.support.cli import SECRET


def written(path: Path, text: str, mode: int = 0o600) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


def test_with_nothing_set_the_defaults_are_those_that_the_docs_name() -> None:
    settings = load()
    assert settings.base_url == "https://sentry.io/api/0/"
    assert (settings.timeout, settings.max_events, settings.rate_limit, settings.history_days) == (
        30,
        100,
        100,
        14,
    )
    assert settings.store == Path.home() / ".local/share/sentry-sync"
    assert settings.auth_token is None
    assert settings.org is None


def test_a_flag_wins_over_the_environment_and_that_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = written(tmp_path / "c.toml", 'org = "file"\ntimeout = 5\nmax_events = 7\n')
    monkeypatch.setenv("SENTRY_ORG", "environment")
    monkeypatch.setenv("SENTRY_TIMEOUT", "6")
    settings = load({"org": "flag", "timeout": None}, file)
    assert (settings.org, settings.timeout, settings.max_events) == ("flag", 6, 7)


def test_the_older_name_of_the_token_works_and_the_newer_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTRY_API_TOKEN", "old")
    assert load().token == "old"
    monkeypatch.setenv("SENTRY_AUTH_TOKEN", "new")
    assert load().token == "new"


def test_the_older_name_in_the_environment_wins_over_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = written(tmp_path / "c.toml", 'auth_token = "file"\n')
    assert load(file=file).token == "file"
    monkeypatch.setenv("SENTRY_API_TOKEN", "environment")
    assert load(file=file).token == "environment"


def test_the_file_is_found_by_variable_and_in_the_users_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(default_file(), 'org = "usual"\n')
    assert load().org == "usual"
    monkeypatch.setenv("SENTRY_SYNC_CONFIG", str(written(tmp_path / "other.toml", 'org = "named"\n')))
    assert load().org == "named"


@pytest.mark.parametrize("text", ["50", "50/minute", " 50/minute "])
def test_a_rate_limit_is_a_number_of_requests_per_minute(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTRY_SYNC_RATE_LIMIT", text)
    assert load().rate_limit == 50


def test_the_newline_that_a_pasted_token_ends_with_is_no_part_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTRY_AUTH_TOKEN", f" {SECRET}\n")
    assert load().token == SECRET


def test_an_empty_variable_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTRY_ORG", "")
    monkeypatch.setenv("SENTRY_TIMEOUT", "")
    assert (load().org, load().timeout) == (None, 30)


def test_a_store_is_an_absolute_path_wherever_it_was_named_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTRY_SYNC_STORE", "~/copy")
    assert load().store == Path.home() / "copy"
    assert load({"store": "copy"}).store == Path.cwd() / "copy"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SENTRY_TIMEOUT", "0"),
        ("SENTRY_TIMEOUT", "61"),
        ("SENTRY_TIMEOUT", "nan"),
        ("SENTRY_TIMEOUT", "soon"),
        ("SENTRY_MAX_EVENTS", "0"),
        ("SENTRY_MAX_EVENTS", "-5"),
        ("SENTRY_MAX_EVENTS", "1.5"),
        ("SENTRY_MAX_EVENTS", "1001"),
        ("SENTRY_SYNC_HISTORY_DAYS", "0"),
        ("SENTRY_SYNC_HISTORY_DAYS", "91"),
        ("SENTRY_SYNC_RATE_LIMIT", "100/hour"),
        ("SENTRY_SYNC_RATE_LIMIT", "0"),
        ("SENTRY_SYNC_RATE_LIMIT", "unlimited"),
        ("SENTRY_ORG", "../admin"),
        ("SENTRY_ORG", "https://acme.sentry.io"),
        ("SENTRY_AUTH_TOKEN", f"{SECRET} with a space"),
        ("SENTRY_AUTH_TOKEN", f"{SECRET}\r\nX-Evil: 1"),
        ("SENTRY_API_TOKEN", f"{SECRET}é"),
        ("SENTRY_SYNC_MCP_TOKEN", SECRET[:15]),
        ("SENTRY_SYNC_MCP_TOKEN", f"{SECRET} with a space"),
        ("SENTRY_SYNC_MCP_HOSTS", "mcp.example.com:8000"),
        ("SENTRY_SYNC_MCP_HOSTS", "https://mcp.example.com"),
        ("SENTRY_SYNC_MCP_HOSTS", "a,,b"),
        ("SENTRY_SYNC_MCP_HOSTS", "*"),
        ("SENTRY_SYNC_MCP_RATE_LIMIT", "0"),
        ("SENTRY_SYNC_MCP_RATE_LIMIT", "none"),
    ],
)
def test_a_wrong_value_is_refused_by_its_name_and_never_quoted(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError) as refused:
        load()
    assert str(refused.value).startswith(f"{variable} must be ")
    assert SECRET not in str(refused.value)
    assert refused.value.__cause__ is None


def test_a_wrong_flag_is_named_as_a_flag_and_a_wrong_key_with_its_file(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"^--max-events must be a whole number"):
        load({"max_events": "many"})
    file = written(tmp_path / "c.toml", 'timeout = "soon"\n')
    with pytest.raises(SettingsError, match=f"^`timeout` in {file} must be"):
        load(file=file)


def test_hosts_are_names_by_comma_or_a_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = written(tmp_path / "c.toml", 'mcp_hosts = ["A.example.com"]\n')
    assert load(file=file).mcp_hosts == ("a.example.com",)
    monkeypatch.setenv("SENTRY_SYNC_MCP_HOSTS", "a.example.com, [::1],B")
    assert load(file=file).mcp_hosts == ("a.example.com", "[::1]", "b")


@pytest.mark.parametrize("key", ["auth_token", "mcp_token"])
def test_a_file_with_a_token_that_others_can_read_is_refused(tmp_path: Path, key: str) -> None:
    file = written(tmp_path / "c.toml", f'{key} = "{SECRET}"\n', mode=0o640)
    with pytest.raises(SettingsError) as refused:
        load(file=file)
    assert str(refused.value) == f"{file} holds a secret and others can read it: run chmod 600 {file}"
    file.chmod(0o600)
    assert getattr(load(file=file), key).get_secret_value() == SECRET


def test_a_file_without_a_token_may_be_read_by_anyone(tmp_path: Path) -> None:
    assert load(file=written(tmp_path / "c.toml", 'org = "acme"\n', mode=0o644)).org == "acme"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (f'auth_token = "{SECRET}\n', "is not TOML"),
        ('organisation = "acme"\n', "has an unknown key 'organisation': the keys are auth_token, org,"),
        ('[sentry]\norg = "acme"\n', "has an unknown key 'sentry'"),
    ],
)
def test_a_file_that_is_not_understood_is_refused_whole(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(SettingsError) as refused:
        load(file=written(tmp_path / "c.toml", text))
    assert says in str(refused.value)
    assert SECRET not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_file_that_was_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="there is no settings file"):
        load(file=tmp_path / "none.toml")
    with pytest.raises(SettingsError, match="cannot read the settings file"):
        load(file=tmp_path)


def test_without_token_or_organization_the_line_says_which_variable_to_set() -> None:
    with pytest.raises(SettingsError, match="set SENTRY_AUTH_TOKEN"):
        _ = load().token
    with pytest.raises(SettingsError, match="set SENTRY_ORG"):
        _ = load().organization


@given(st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1))
def test_no_way_of_writing_a_token_down_shows_it(text: str) -> None:
    secret = SECRET + text
    try:
        shown = repr(load({"auth_token": secret}))
    except SettingsError as error:
        shown = str(error)
    assert SECRET not in shown


def test_every_setting_has_a_variable_a_description_and_an_expectation() -> None:
    for name, field in Settings.model_fields.items():
        assert all(variable.startswith("SENTRY_") for variable in variables(name))
        assert field.description
        assert any(type(item).__name__ == "Expects" for item in field.metadata), name


def test_choices_of_scrubbing_are_the_same_as_text_and_as_a_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[scrub]\nuser.email = "keep"\n"cookies" = "hash"\n[keep_days]\nevents = 30\n')
    written = load(file=file)
    monkeypatch.setenv("SENTRY_SYNC_SCRUB", "user.email=keep, cookies=hash")
    monkeypatch.setenv("SENTRY_SYNC_KEEP_DAYS", "events=30")
    assert load().rules == written.rules
    assert written.rules.of("user.email") == "keep"
    assert load().keeping.days["events"] == 30


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SENTRY_SYNC_SCRUB", "user.email=burn"),
        ("SENTRY_SYNC_SCRUB", "user.mail=keep"),
        ("SENTRY_SYNC_SCRUB_PATTERNS", "(a"),
        ("SENTRY_SYNC_SCRUB_PATTERNS", "(?=a)b"),
        ("SENTRY_SYNC_KEEP_DAYS", "events=0"),
        ("SENTRY_SYNC_KEEP_DAYS", "event=5"),
        ("SENTRY_SYNC_PROJECTS", "web; drop"),
    ],
)
def test_a_choice_that_there_is_not_is_refused_in_a_line(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError) as refused:
        load()
    assert str(refused.value).startswith(f"{variable} must be ")
    assert value not in str(refused.value)


def test_patterns_stand_on_lines_and_projects_between_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTRY_SYNC_SCRUB_PATTERNS", "cust-[0-9]{2,5}\norder, [0-9]+\n")
    monkeypatch.setenv("SENTRY_SYNC_PROJECTS", "web, api")
    assert load().rules.patterns == ("cust-[0-9]{2,5}", "order, [0-9]+")
    assert load().projects == ("web", "api")

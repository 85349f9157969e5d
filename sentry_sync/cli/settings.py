"""Settings from three places: a flag wins over the environment, which wins over the settings file.

Importing this costs 0.15 s (pydantic-settings brings asyncio and ssl), so commands import it when they run.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from platformdirs import user_config_path, user_data_path
from pydantic import AfterValidator, AliasChoices, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    InitSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from sentry_sync.cli import setting_values
from sentry_sync.cli.secret_files import file_variable, secret_from_file
from sentry_sync.cli.settings_file import CONFIG_VARIABLE, SECRETS, read_file
from sentry_sync.errors import SettingsError
from sentry_sync.store.privacy.retention import KINDS, Keeping
from sentry_sync.store.privacy.rules import DEFAULTS, Rules

SLUG = r"^[A-Za-z0-9_][A-Za-z0-9_-]{0,99}$"
"""An organization's slug, as ``Connection`` has it: it becomes a part of a URL's path."""


SHORTEST_KEY = 16
"""Characters of a secret of ours: at the 30 wrong ones a minute that an address may try, a random one of
16 hex digits holds out longer than the machine."""

_HOST = re.compile(r"\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252})")


@dataclass(frozen=True, slots=True)
class Expects:
    """What a setting's value must be, for the one line that refuses another."""

    text: str


def _per_minute(value: object) -> object:
    """``100/minute`` and ``100`` are the same."""
    if isinstance(value, str):
        return value.strip().removesuffix("/minute").removesuffix("/min").strip()
    return value


def _bearer(value: SecretStr) -> SecretStr:
    """The token without the newline that a file or a paste leaves; it becomes a part of a header."""
    token = value.get_secret_value().strip()
    if not token.isascii() or not token.isprintable() or " " in token:
        raise ValueError
    return SecretStr(token)


def _key(value: SecretStr) -> SecretStr:
    """A token of our own: as above, and too long to be guessed."""
    token = _bearer(value)
    if len(token.get_secret_value()) < SHORTEST_KEY:
        raise ValueError
    return token


def _hosts(value: object) -> object:
    """``a.example.com, b`` and a list are the same; names are compared in lower case."""
    if isinstance(value, str):
        value = [part.strip() for part in value.split(",")]
    if not isinstance(value, list | tuple) or not all(
        isinstance(part, str) and _HOST.fullmatch(part) for part in value
    ):
        raise ValueError
    return tuple(part.lower() for part in value)


class Settings(BaseSettings):
    """Everything a user can choose. Field names are the keys of the settings file."""

    model_config = SettingsConfigDict(
        extra="forbid",
        frozen=True,
        case_sensitive=True,
        env_ignore_empty=True,
        hide_input_in_errors=True,  # an error must never quote a token
    )

    auth_token: Annotated[
        SecretStr | None,
        AfterValidator(lambda value: _bearer(value) if value else None),
        Expects("a token as Sentry shows it: one line of ASCII without spaces"),
    ] = Field(
        default=None,
        validation_alias=AliasChoices("SENTRY_AUTH_TOKEN", "SENTRY_API_TOKEN"),
        description=(
            "The API token, with the scopes `org:read`, `project:read`, `project:releases` and `event:read`. An "
            "internal integration's is best; an organization token (`sntrys_`) cannot read issues. There is no "
            "flag for it: other users of a machine can read a process's arguments."
        ),
    )
    org: Annotated[
        str | None,
        Expects("an organization's slug, the name in its address (letters, digits, - and _)"),
    ] = Field(
        default=None,
        validation_alias="SENTRY_ORG",
        pattern=SLUG,
        description="The slug of the organization to copy. A store holds one organization.",
    )
    base_url: Annotated[str, Expects("the https address of a Sentry server")] = Field(
        default="https://sentry.io/api/0/",
        validation_alias="SENTRY_BASE_URL",
        description="The server, with or without `/api/0`. Plain http is for this machine only.",
    )
    allow_http: Annotated[bool, Expects("true or false")] = Field(
        default=False,
        validation_alias="SENTRY_SYNC_ALLOW_HTTP",
        description="Send the token over plain http to another machine. Only inside a network you trust.",
    )
    timeout: Annotated[float, Expects("a number of seconds above 0 and up to 60")] = Field(
        default=30,
        validation_alias="SENTRY_TIMEOUT",
        gt=0,
        le=60,  # what the request ledger takes for the longest silence of a request under way
        description="Seconds to wait for one answer of the server.",
    )
    max_events: Annotated[int, Expects("a whole number from 1 to 1000")] = Field(
        default=100,
        validation_alias="SENTRY_MAX_EVENTS",
        ge=1,
        le=1000,
        description="Events kept whole (stack trace, breadcrumbs) for each issue, at most.",
    )
    history_days: Annotated[int, Expects("a whole number of days from 1 to 90")] = Field(
        default=14,
        validation_alias="SENTRY_SYNC_HISTORY_DAYS",
        ge=1,
        le=90,
        description="Days of events, error counts and release health to hold. Sentry keeps 90 at most.",
    )
    target_crash_free: Annotated[float, Expects("a share from 0.5 to 0.99999, as 0.995")] = Field(
        default=0.995,
        validation_alias="SENTRY_SYNC_TARGET_CRASH_FREE",
        ge=0.5,
        le=0.99999,
        description="The share of sessions that should be free of crashes: the objective of `project-health`.",
    )
    target_latency_ms: Annotated[float, Expects("milliseconds from 1 to 600000")] = Field(
        default=1000,
        validation_alias="SENTRY_SYNC_TARGET_LATENCY_MS",
        ge=1,
        le=600_000,
        description="What the 95th percentile of a transaction should stay within, for `project-health`.",
    )
    rate_limit: Annotated[
        int, BeforeValidator(_per_minute), Expects("requests per minute from 1 to 10000, as 100 or 100/minute")
    ] = Field(
        default=100,
        validation_alias="SENTRY_SYNC_RATE_LIMIT",
        ge=1,
        le=10_000,
        description="Requests in any 60 seconds, by all processes that share the store.",
    )
    store: Annotated[Path, AfterValidator(lambda path: path.expanduser().absolute()), Expects("a directory")] = (
        Field(
            default_factory=lambda: user_data_path("sentry-sync"),
            validation_alias="SENTRY_SYNC_STORE",
            description="The directory of the local copy: `store.db` and `lake/`, readable by you alone.",
        )
    )
    mcp_token: Annotated[
        SecretStr | None,
        AfterValidator(lambda value: _key(value) if value else None),
        Expects(f"one line of at least {SHORTEST_KEY} characters of ASCII without spaces"),
    ] = Field(
        default=None,
        validation_alias="SENTRY_SYNC_MCP_TOKEN",
        description=(
            "What a client of `sentry-sync mcp --http` must send (`Authorization: Bearer ...`). Must be set to "
            "listen on anything but this machine's loopback. Make one with `openssl rand -hex 32`."
        ),
    )
    mcp_hosts: Annotated[
        tuple[str, ...], NoDecode, BeforeValidator(_hosts), Expects("names of hosts without ports, by comma")
    ] = Field(
        default=(),
        validation_alias="SENTRY_SYNC_MCP_HOSTS",
        description=(
            "Names by which clients reach `sentry-sync mcp --http`, by comma, beside the address it listens on "
            "and this machine's loopback: any other `Host` or `Origin` is refused."
        ),
    )
    mcp_rate_limit: Annotated[
        int | None,
        BeforeValidator(_per_minute),
        Expects("requests per minute from 1 to 1000000, as 1200 or 1200/minute"),
    ] = Field(
        default=None,
        validation_alias="SENTRY_SYNC_MCP_RATE_LIMIT",
        ge=1,
        le=1_000_000,
        description=(
            "Requests a minute that one address may send to `sentry-sync mcp --http`. If not set, 1,200, and of "
            "this machine itself any number."
        ),
    )
    webhook_secret: Annotated[
        SecretStr | None,
        AfterValidator(lambda value: _key(value) if value else None),
        Expects(f"one line of at least {SHORTEST_KEY} characters of ASCII without spaces"),
    ] = Field(
        default=None,
        validation_alias="SENTRY_SYNC_WEBHOOK_SECRET",
        description=(
            "The client secret of the internal integration whose webhooks come to `/webhooks/sentry` of "
            "`sentry-sync serve`. Without it webhooks are refused."
        ),
    )
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Expects("debug, info, warning or error")
    ] = Field(
        default="info",
        validation_alias="SENTRY_SYNC_LOG_LEVEL",
        description="From which level on `sentry-sync serve` logs, to stderr.",
    )
    log_format: Annotated[Literal["text", "json"], Expects("text or json")] = Field(
        default="text",
        validation_alias="SENTRY_SYNC_LOG_FORMAT",
        description="How `sentry-sync serve` logs: lines for people, or an object a line.",
    )

    projects: Annotated[
        tuple[str, ...], NoDecode, BeforeValidator(setting_values.slugs), Expects("projects' slugs, by comma")
    ] = Field(
        default=(),
        validation_alias="SENTRY_SYNC_PROJECTS",
        description=(
            "The only projects to copy and to answer about, by comma; none stands for all that the token sees. "
            "See docs/privacy.md."
        ),
    )
    scrub: Annotated[
        setting_values.Pairs,
        NoDecode,
        BeforeValidator(setting_values.pairs),
        AfterValidator(setting_values.scrubbed),
        Expects(f"a part and keep, hash or drop, as user.email=keep; the parts are {', '.join(DEFAULTS)}"),
    ] = Field(
        default=(),
        validation_alias="SENTRY_SYNC_SCRUB",
        description=(
            "What becomes of parts of events before they are stored: `keep`, `hash` or `drop`, as "
            "`user.email=keep,cookies=drop`, in the file a table `[scrub]`. Passwords, tokens and card numbers "
            "never stay. docs/privacy.md has the parts and their defaults."
        ),
    )
    scrub_patterns: Annotated[
        tuple[str, ...],
        NoDecode,
        BeforeValidator(setting_values.lines),
        AfterValidator(setting_values.patterned),
        Expects("regular expressions as Rust has them (no look-around), one a line, that match no empty text"),
    ] = Field(
        default=(),
        validation_alias="SENTRY_SYNC_SCRUB_PATTERNS",
        description="Regular expressions of words that are not stored either, one a line; in the file a list.",
    )
    keep_days: Annotated[
        setting_values.Pairs,
        NoDecode,
        BeforeValidator(setting_values.pairs),
        AfterValidator(setting_values.kept),
        Expects(f"a kind of row and days, as events=90,bodies=30; the kinds are {', '.join(KINDS)}"),
    ] = Field(
        default=(),
        validation_alias="SENTRY_SYNC_KEEP_DAYS",
        description=(
            "Days that rows are kept, by kind, as `events=90,bodies=30`, in the file a table `[keep_days]`; "
            "`forever` for as long as the store. docs/privacy.md has the kinds and their defaults."
        ),
    )

    @property
    def rules(self) -> Rules:
        """What becomes of what is to be stored."""
        return setting_values.rules(self.scrub, self.scrub_patterns)

    @property
    def keeping(self) -> Keeping:
        """How long what is kept."""
        return Keeping.chosen(self.keep_days)

    @property
    def token(self) -> str:
        """The token; raises SettingsError when there is none."""
        if self.auth_token is None or not self.auth_token.get_secret_value():
            raise SettingsError(
                "no token: set SENTRY_AUTH_TOKEN to that of an internal integration (Sentry: Settings > "
                "Developer Settings), or `auth_token` in the settings file"
            )
        return self.auth_token.get_secret_value()

    @property
    def organization(self) -> str:
        """The organization's slug; raises SettingsError when there is none."""
        if self.org is None:
            raise SettingsError("no organization: set SENTRY_ORG to its slug, or use --org")
        return self.org


def variables(name: str) -> tuple[str, ...]:
    """The environment variables of the setting ``name``, the preferred one first."""
    alias = Settings.model_fields[name].validation_alias
    if isinstance(alias, AliasChoices):
        return tuple(str(choice) for choice in alias.choices)
    return (str(alias),)


APART = ("alerts", "alert_targets")
"""Tables of the settings file that stand nowhere else: see :mod:`sentry_sync.cli.alert_rules`."""


HANDED = tuple(name for name in SECRETS if name in Settings.model_fields)
"""Secrets that may stand in a file of their own."""


def default_file() -> Path:
    """Where the settings file is looked for when nobody says where it is."""
    return user_config_path("sentry-sync") / "config.toml"


def written(file: Path | None = None) -> tuple[Path, dict[str, Any]]:
    """The settings file and what stands in it; raises SettingsError for one that cannot be."""
    named = file or (Path(os.environ[CONFIG_VARIABLE]) if os.environ.get(CONFIG_VARIABLE) else None)
    path = named or default_file()
    return path, read_file(path, must_exist=named is not None, known=(*Settings.model_fields, *APART))


def load(flags: Mapping[str, Any] | None = None, file: Path | None = None) -> Settings:
    """The settings of this run.

    ``flags`` maps setting names to what the command line said, None for nothing. ``file`` must exist; without it
    ``SENTRY_SYNC_CONFIG`` and then the user's configuration directory are looked at. A secret in a file of its own
    (``SENTRY_AUTH_TOKEN_FILE``) counts as the environment.
    Raises SettingsError, naming the place of the wrong value but never the value.
    """
    given = {name: value for name, value in (flags or {}).items() if value is not None}
    path, found = written(file)
    kept = {name: value for name, value in found.items() if name not in APART}
    handed = {name: secret_from_file(os.environ, variables(name)) for name in HANDED if name not in given}
    secrets = {name: value for name, value in handed.items() if value is not None}
    try:
        return _layered(
            lambda cls: InitSettingsSource(cls, _by_alias(given)),
            EnvSettingsSource,
            lambda cls: InitSettingsSource(cls, _by_alias(secrets)),
            lambda cls: InitSettingsSource(cls, _by_alias(kept)),
        )
    except ValidationError as error:
        # `from None`: pydantic's own error holds the value, and the value may be a token.
        raise SettingsError(_refusal(error, given, path)) from None


def exactly(values: Mapping[str, str]) -> Settings:
    """Settings of these values, by environment variable, and the defaults: nothing else is looked at."""
    return _layered(lambda cls: InitSettingsSource(cls, dict(values)))


def _layered(*layers: Callable[[type[BaseSettings]], PydanticBaseSettingsSource]) -> Settings:
    """Settings from these sources, the first that has a value winning."""

    class Layered(Settings):
        @classmethod
        def settings_customise_sources(
            cls, settings_cls: type[BaseSettings], *_usual: object, **_named: object
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return tuple(layer(settings_cls) for layer in layers)

    return Layered()


def _by_alias(values: Mapping[str, Any]) -> dict[str, Any]:
    return {variables(name)[0]: value for name, value in values.items()}


def _refusal(error: ValidationError, given: Mapping[str, Any], path: Path) -> str:
    alias = str(error.errors(include_input=False, include_url=False, include_context=False)[0]["loc"][0])
    name = next(name for name in Settings.model_fields if alias in variables(name))
    expected = next(item for item in Settings.model_fields[name].metadata if isinstance(item, Expects))
    return f"{_origin(name, given, path)} must be {expected.text}"


def _origin(name: str, given: Mapping[str, Any], path: Path) -> str:
    if name in given:
        return "--" + name.replace("_", "-")
    if name in HANDED and os.environ.get(file_variable(variables(name))):
        return f"the content of {os.environ[file_variable(variables(name))]}"
    found = [variable for variable in variables(name) if os.environ.get(variable)]
    return found[0] if found else f"`{name}` in {path}"

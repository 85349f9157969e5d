"""The page of settings, and their table in the README."""

from __future__ import annotations

from collections.abc import Iterator

from docs.cli import helps
from sentry_sync.cli.secret_files import file_variable
from sentry_sync.cli.settings import HANDED, Settings, variables

STORE_DEFAULT = "`~/.local/share/sentry-sync` on Linux, `~/Library/Application Support/sentry-sync` on macOS"


def table() -> Iterator[str]:
    """The settings as a Markdown table."""
    yield "| Variable | Key in the file | Flag | Default | What it is |"
    yield "| --- | --- | --- | --- | --- |"
    known = "\n".join(text for _, text in helps())
    for name, field in Settings.model_fields.items():
        flag = "--" + name.replace("_", "-")
        # `simulate` has a flag of that name for a secret that is none.
        shown = f"`{flag}`" if f"{flag} " in known and name not in HANDED else "none"
        names = " or ".join(f"`{variable}`" for variable in variables(name))
        yield f"| {names} | `{name}` | {shown} | {_default(name)} | {field.description} |"


def _default(name: str) -> str:
    if name == "store":
        return STORE_DEFAULT
    default = Settings.model_fields[name].default
    if default in (None, ()):
        return "none"
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def page() -> Iterator[str]:
    """The lines of settings.md."""
    yield "# Settings"
    yield ""
    yield "A flag wins over an environment variable, and that over the settings file."
    yield ""
    yield from table()
    yield _FILE
    yield "## Secrets in files of their own"
    yield ""
    names = [f"`{file_variable(variables(name))}`" for name in HANDED]
    yield f"{', '.join(names[:-1])} and {names[-1]}"
    yield _SECRETS


_SECRETS = """\
each name a file that holds that secret and nothing else, as Docker, Kubernetes and systemd hand secrets over. On
SIGHUP `sentry-sync serve` and `daemon` read them anew. To set one of these beside the variable of the secret
itself is refused, as are a file that can't be read and one that is empty. [running.md](running.md) shows them in
use.
"""

_FILE = """
## The settings file

TOML. It is looked for in `~/.config/sentry-sync/config.toml` (on macOS
`~/Library/Application Support/sentry-sync/config.toml`), or where `SENTRY_SYNC_CONFIG` or `--config` say.

```toml
org = "acme"
auth_token = "..."
rate_limit = "100/minute"
```

A file that holds a token must be readable by its owner alone (`chmod 600`); else it is refused. A key that is not
in the table above is refused too, so that a typo never passes for a setting.

`SENTRY_SYNC_TRACEBACK=1` prints the traceback of a defect. It may quote the text of events, so it is off.
"""

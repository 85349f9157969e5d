"""Every error sentry-sync raises, in one tree; each is one line for a person and an exit code for a shell.

::

    SentrySyncError                  1  anything below
    ├── SettingsError                2  a flag, variable or settings file is wrong
    ├── SentryError                  4  the server did not give us what we asked for
    │   ├── AuthFailed               3  401: no token, wrong, expired or revoked
    │   ├── Forbidden                3  403: the token lacks a scope
    │   ├── NotFound                 9  404: not there, or not visible to this token
    │   ├── Gone                     4  410: a brownout of a deprecated endpoint
    │   ├── BadRequest               4  400/422: the server refuses the question itself
    │   ├── QueryTimeout             4  504, or the old 400 "Query timeout": ask for less
    │   ├── RateLimited              5  429 that outlasted our patience
    │   ├── NotSupported            10  the server has no such endpoint (HTML, or 404/405 for a path)
    │   ├── SchemaDrift              4  the body is not of the shape the endpoint promises
    │   └── Unavailable              4  5xx, refused, reset, timed out, cut in the middle
    │       └── Unsure               4  a change was sent, and no answer says whether it was made
    ├── BudgetExhausted              5  no request may be sent before the deadline
    │   └── AskedToWait              5  since the server asked for it (429)
    ├── StoreError                   6  the local store cannot be read: damaged, or no database
    │   ├── StoreMissing            11  nothing has been synced here yet
    │   ├── StoreTooNew             12  written by a newer sentry-sync
    │   ├── StoreMismatch           13  it holds another organization
    │   ├── StoreBusy               14  another process is syncing into it
    │   │   └── LeaseLost           14  another process took over while we synced
    │   └── StoreUnwritable         15  read-only, full, or not ours
    └── QueryError                   7  a SQL statement was refused or failed

A sync of which a part failed ends with 8. Shells keep 126 and more for themselves.
"""

from __future__ import annotations


class SentrySyncError(Exception):
    """Base of every error a user can meet. ``str(error)`` is one line: what is wrong and what to do."""

    exit_code = 1


class SettingsError(SentrySyncError):
    """A flag, an environment variable or the settings file is wrong."""

    exit_code = 2


class SentryError(SentrySyncError):
    """The server did not give us what we asked for."""

    exit_code = 4
    endpoint = ""
    """The name of the endpoint that was asked, where one was."""


class AuthFailed(SentryError):
    """401: no token, or one that is wrong, expired or revoked."""

    exit_code = 3


class Forbidden(SentryError):
    """403: the token lacks a scope this endpoint wants."""

    exit_code = 3


class NotFound(SentryError):
    """404: not there, or not visible to this token; the server does not say which."""

    exit_code = 9


class Gone(SentryError):
    """410: a deprecated endpoint in one of its brownout minutes."""


class BadRequest(SentryError):
    """400 or 422: the server refuses the question itself; asking again will not help."""


class OutsideRetention(BadRequest):
    """400: all of the time that was asked for is older than what the server keeps."""


class QueryTimeout(SentryError):
    """504, or 400 "Query timeout" on older servers: the question is too large, ask for less."""


class RateLimited(SentryError):
    """429 that outlasted our patience."""

    exit_code = 5


class NotSupported(SentryError):
    """This server has no such endpoint: it answered HTML, or 404/405 for the path itself."""

    exit_code = 10


class SchemaDrift(SentryError):
    """The body is not of the shape the endpoint promises."""


class Unavailable(SentryError):
    """5xx, connection refused or reset, a timeout, a body cut in the middle."""


class Unsure(Unavailable):
    """A change was sent, and no answer says whether the server made it: look before it is sent again."""


class BudgetExhausted(SentrySyncError):
    """No request may be sent before the caller's deadline: our own budget has no room."""

    exit_code = 5


class AskedToWait(BudgetExhausted):
    """The server asked to be left alone (429) for longer than the caller waits."""


class StoreError(SentrySyncError):
    """The local store cannot be used."""

    exit_code = 6


class StoreMissing(StoreError):
    """Nothing has been synced here yet."""

    exit_code = 11


class StoreTooNew(StoreError):
    """The store was written by a newer sentry-sync."""

    exit_code = 12


class StoreMismatch(StoreError):
    """The store holds another organization than the one configured."""

    exit_code = 13


class StoreBusy(StoreError):
    """Another process is syncing into this store."""

    exit_code = 14


class LeaseLost(StoreBusy):
    """Another process took over the sync that this one was at."""


class StoreUnwritable(StoreError):
    """The store's directory is read-only, full, or belongs to somebody else."""

    exit_code = 15


class QueryError(SentrySyncError):
    """A SQL statement was refused or failed."""

    exit_code = 7


class QuestionError(SentrySyncError):
    """A tool was asked for something that cannot be: a wrong argument, a project that does not exist."""

    exit_code = 2

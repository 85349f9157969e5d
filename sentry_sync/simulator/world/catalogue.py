"""The kinds of error a world has, by platform: exception types, messages, places in the code."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class Kind:
    """What all events of one issue have in common."""

    title: str
    type: str | None
    """None for an issue made of log messages (Sentry's `type: default`)."""
    value: str
    filename: str
    function: str
    transaction: str
    logger: str | None
    handled: bool
    hostile: str | None = None
    """The name of the attack this issue's text carries."""


_NOUNS = (
    "order", "cart", "invoice", "payment", "session", "profile", "shipment", "coupon", "refund", "address",
    "catalog", "price", "stock", "review", "ticket", "webhook", "report", "export", "avatar", "tenant",
)  # fmt: skip
_VERBS = ("load", "save", "render", "sync", "validate", "apply", "fetch", "merge", "publish", "resolve", "send")

# (exception type, message with {noun}, {verb} and {n}), most frequent kinds of the platform first.
_ERRORS: dict[str, tuple[tuple[str, str], ...]] = {
    "python": (
        ("KeyError", "'{noun}_id'"),
        ("AttributeError", "'NoneType' object has no attribute '{noun}'"),
        ("ValueError", "invalid literal for int() with base 10: '{noun}-{n}'"),
        ("OperationalError", "could not connect to server: Connection refused ({noun}-db-{n})"),
        ("IntegrityError", 'duplicate key value violates unique constraint "{noun}_pkey"'),
        ("ReadTimeout", "HTTPSConnectionPool(host='{noun}.internal', port=443): Read timed out. ({n})"),
        ("PermissionDenied", "user may not {verb} {noun} {n}"),
        ("SoftTimeLimitExceeded", "tasks.{verb}_{noun} ran longer than {n} s"),
    ),
    "javascript": (
        ("TypeError", "Cannot read properties of undefined (reading '{noun}')"),
        ("ReferenceError", "{noun}Store is not defined"),
        ("ChunkLoadError", "Loading chunk {n} failed. (/static/{noun}.{n}.js)"),
        ("UnhandledRejection", "Non-Error promise rejection captured with value: {noun} {n}"),
        ("SyntaxError", "Unexpected token '<', \"<!doctype \"... is not valid JSON ({noun})"),
        ("RangeError", "Maximum call stack size exceeded in {verb}{noun}"),
    ),
    "node": (
        ("Error", "connect ECONNREFUSED 10.0.{n}.7:6379 ({noun})"),
        ("TypeError", "{noun}.{verb} is not a function"),
        ("AxiosError", "Request failed with status code 502 while {verb}ing {noun} {n}"),
        ("ZodError", "Invalid input: expected string, received undefined at {noun}.{n}"),
    ),
    "java": (
        ("NullPointerException", 'Cannot invoke "{noun}.getId()" because "{noun}" is null'),
        ("IllegalStateException", "{noun} {n} is already {verb}ed"),
        ("SQLTransientConnectionException", "HikariPool-1 - Connection is not available ({noun})"),
        ("OutOfMemoryError", "Java heap space while {verb}ing {noun}"),
        ("TimeoutException", "{verb}ing {noun} took longer than {n} ms"),
    ),
    "go": (
        ("*errors.errorString", "{verb} {noun}: context deadline exceeded"),
        ("runtime.boundsError", "index out of range [{n}] with length 0 ({noun})"),
        ("*net.OpError", "dial tcp 10.2.{n}.4:5432: i/o timeout ({noun})"),
        ("*json.SyntaxError", "invalid character '<' looking for beginning of value ({noun})"),
    ),
    "android": (
        ("java.lang.NullPointerException", "Attempt to invoke virtual method on a null object reference: {noun}"),
        ("android.os.NetworkOnMainThreadException", "{verb} {noun}"),
        ("ApplicationNotResponding", "Input dispatching timed out in {noun}Activity"),
        ("java.lang.OutOfMemoryError", "Failed to allocate a {n} byte allocation for {noun}"),
    ),
    "cocoa": (
        ("EXC_BAD_ACCESS", "Attempted to dereference null pointer in {noun}ViewController"),
        ("NSInvalidArgumentException", "-[{noun}Model {verb}]: unrecognized selector sent to instance"),
        ("WatchdogTermination", "The OS watchdog terminated the app while it {verb}ed {noun}"),
    ),
    "ruby": (
        ("NoMethodError", "undefined method '{verb}' for nil ({noun})"),
        ("ActiveRecord::RecordNotFound", "Couldn't find {noun} with 'id'={n}"),
        ("Redis::CannotConnectError", "Error connecting to Redis on {noun}:{n} (Errno::ECONNREFUSED)"),
    ),
    "php": (
        ("ErrorException", "Undefined array key \"{noun}\""),
        ("PDOException", "SQLSTATE[HY000] [2002] Connection refused ({noun} {n})"),
        ("TypeError", "{verb}(): Argument #{n} must be of type string, null given ({noun})"),
    ),
}  # fmt: skip

_EXTENSION = {
    "python": "py", "javascript": "tsx", "node": "ts", "java": "java", "go": "go",
    "android": "kt", "cocoa": "swift", "ruby": "rb", "php": "php",
}  # fmt: skip


def kind(random: Random, platform: str, number: int) -> Kind:
    """The kind of issue `number` of a project of this platform."""
    noun, verb = random.choice(_NOUNS), random.choice(_VERBS)
    small = random.randrange(1, 250)
    filename = f"{'src' if platform != 'python' else 'shop'}/{noun}/{verb}_{number % 89}.{_EXTENSION[platform]}"
    function = f"{verb}_{noun}" if platform in ("python", "ruby") else f"{verb}{noun.title()}"
    transaction = transaction_name(platform, noun, verb)
    handled = random.random() < 0.45
    if random.random() < 0.06:
        message = f"{verb} {noun} took {small} attempts"
        return Kind(message, None, message, filename, function, transaction, f"shop.{noun}", handled=True)
    error, template = random.choice(_ERRORS[platform])
    value = template.format(noun=noun, verb=verb, n=small)
    return Kind(f"{error}: {value}", error, value, filename, function, transaction, None, handled)


def transaction_name(platform: str, noun: str, verb: str) -> str:
    """The route, screen or task in which something happens."""
    if platform in ("android", "cocoa"):
        return f"{noun.title()}Screen"
    if platform == "javascript":
        return f"/{noun}s/:id"
    if platform == "python":
        return f"/api/v2/{noun}s/{{id}}/{verb}/"
    return f"{'POST' if verb in ('save', 'send', 'apply') else 'GET'} /{noun}s/{verb}"


def transactions(platform: str, count: int) -> list[str]:
    """The names of a project's transactions, the same ones its errors happen in."""
    names = [transaction_name(platform, noun, verb) for noun in _NOUNS for verb in _VERBS]
    return list(dict.fromkeys(names))[:count]

"""Stack traces one can read: application and library frames with source lines and local variables."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

from .catalogue import Kind

# (module, file, function) of the libraries an error passes through, outermost first.
_LIBRARIES: dict[str, tuple[tuple[str, str, str], ...]] = {
    "python": (
        ("django.core.handlers.exception", "django/core/handlers/exception.py", "inner"),
        ("django.core.handlers.base", "django/core/handlers/base.py", "_get_response"),
        ("rest_framework.views", "rest_framework/views.py", "dispatch"),
        ("celery.app.trace", "celery/app/trace.py", "trace_task"),
        ("sqlalchemy.engine.base", "sqlalchemy/engine/base.py", "_execute_context"),
    ),
    "javascript": (
        ("react-dom", "node_modules/react-dom/cjs/react-dom.production.js", "renderWithHooks"),
        ("react-dom", "node_modules/react-dom/cjs/react-dom.production.js", "beginWork"),
        ("zustand", "node_modules/zustand/esm/vanilla.mjs", "setState"),
    ),
    "node": (
        ("express", "node_modules/express/lib/router/layer.js", "handle"),
        ("axios", "node_modules/axios/lib/core/settle.js", "settle"),
    ),
    "java": (
        ("org.springframework.web.servlet.FrameworkServlet", "FrameworkServlet.java", "service"),
        ("jakarta.servlet.http.HttpServlet", "HttpServlet.java", "service"),
        ("com.zaxxer.hikari.pool.HikariPool", "HikariPool.java", "getConnection"),
    ),
    "go": (
        ("net/http", "net/http/server.go", "(*conn).serve"),
        ("github.com/go-chi/chi/v5", "chi/v5/mux.go", "(*Mux).ServeHTTP"),
    ),
    "android": (
        ("android.os.Looper", "Looper.java", "loop"),
        ("androidx.recyclerview.widget.RecyclerView", "RecyclerView.java", "onLayout"),
    ),
    "cocoa": (("UIKitCore", "UIApplication.m", "-[UIApplication sendAction:to:from:forEvent:]"),),
    "ruby": (
        ("rack", "rack/method_override.rb", "call"),
        ("active_record", "active_record/relation/finder_methods.rb", "find"),
    ),
    "php": (("Illuminate\\Routing", "Illuminate/Routing/Controller.php", "callAction"),),
}
_APP = ("dispatch", "handle", "check", "load_all", "with_retry", "serialize")


@dataclass(frozen=True, slots=True)
class _Style:
    """How a line of code looks in a language."""

    define: str
    assign: str
    call: str
    fail: str
    comment: str


_STYLES = {
    "python": _Style(
        "def {f}(self, {a}):", "    {a} = self.{b}.get({a}_id)", "    self.{f}({a})", "    raise {e}({a!r})",
        "    # {a} may be missing here",
    ),
    "ruby": _Style(
        "def {f}({a})", "  {a} = {b}.find_by(id: {a}_id)", "  {f}({a})", "  raise {e}", "  # {a} may be nil here"
    ),
    "go": _Style(
        "func (s *Service) {f}({a} *{b}) error {{", "\t{a} := s.{b}[id]", "\treturn s.{f}({a})", "\treturn err",
        "\t// {a} may be nil here",
    ),
}  # fmt: skip
_CURLY = _Style(
    "  {f}({a}) {{",
    "    const {a} = this.{b}.get({a}Id);",
    "    return this.{f}({a});",
    "    throw new {e}({a});",
    "    // {a} may be undefined here",
)
_NOUNS = ("order", "cart", "item", "customer", "total", "response", "payload", "token_count")


def exception(kind: Kind, platform: str, random: Random) -> dict[str, Any]:
    """The `exception` entry's data: one value, or two when the error was caused by another."""
    values = [_value(kind.type or "Error", kind.value, kind, platform, random)]
    if random.random() < 0.2:
        values.insert(0, _value("ConnectionError", "the upstream closed the connection", kind, platform, random))
    return {"values": values, "excOmitted": None, "hasSystemFrames": True}


def _value(error: str, message: str, kind: Kind, platform: str, random: Random) -> dict[str, Any]:
    return {
        "type": error,
        "value": message,
        "module": None,
        "threadId": None,
        "mechanism": {"type": "generic" if kind.handled else "onerror", "handled": kind.handled},
        "rawStacktrace": None,
        "stacktrace": {
            "frames": frames(kind, platform, random),
            "framesOmitted": None,
            "registers": None,
            "hasSystemFrames": True,
        },
    }


def frames(kind: Kind, platform: str, random: Random) -> list[dict[str, Any]]:
    """Frames, outermost first: some library ones, some of the application, the failing one last."""
    library = [_frame(*place, platform, random, in_app=False) for place in _LIBRARIES[platform]]
    folder = kind.filename.rsplit("/", 1)[0]
    extension = kind.filename.rsplit(".", 1)[-1]
    middle = [
        _frame(
            f"{folder.replace('/', '.')}.{name}",
            f"{folder}/{name}.{extension}",
            name,
            platform,
            random,
            in_app=True,
        )
        for name in random.sample(_APP, random.randrange(1, 4))
    ]
    module = kind.filename.rsplit(".", 1)[0].replace("/", ".")
    last = _frame(module, kind.filename, kind.function, platform, random, in_app=True)
    if kind.hostile is not None:
        last["vars"] = {**(last["vars"] or {}), "note": kind.value[:500]}
        last["context"][4][1] = f"    note = {kind.value[:200]!r}"
    return [*library, *middle, last]


def _frame(
    module: str, filename: str, function: str, platform: str, random: Random, *, in_app: bool
) -> dict[str, Any]:
    line = random.randrange(12, 640)
    prefix = "/srv/app/" if in_app else "/usr/lib/"
    return {
        "filename": filename,
        "absPath": prefix + filename,
        "module": module,
        "package": None,
        "platform": None,
        "instructionAddr": None,
        "symbolAddr": None,
        "function": function,
        "rawFunction": None,
        "symbol": None,
        "context": _context(platform, function, line, random),
        "lineNo": line,
        "colNo": random.randrange(3, 60) if platform in ("javascript", "node") else None,
        "inApp": in_app,
        "trust": None,
        "errors": None,
        "lock": None,
        "sourceLink": None,
        "vars": _variables(random) if in_app else None,
    }


def _context(platform: str, function: str, line: int, random: Random) -> list[list[Any]]:
    style = _STYLES.get(platform, _CURLY)
    first, second = random.sample(_NOUNS, 2)
    names = {"f": function, "a": first, "b": second, "e": "InvalidState"}
    lines = ["", style.define, style.comment, style.assign, style.assign, style.call, style.fail, "", style.define]
    return [[line - 5 + place, text.format(**names)] for place, text in enumerate(lines)]


def _variables(random: Random) -> dict[str, Any]:
    chosen = random.sample(_NOUNS, 3)
    return {
        "self": f"<shop.{chosen[0]}.Service object at 0x7f{random.getrandbits(40):010x}>",
        chosen[0]: "None",
        chosen[1]: {"id": random.randrange(10_000), "state": random.choice(["'new'", "'paid'", "'void'"])},
        chosen[2]: str(random.randrange(1_000)),
        "password": "'[Filtered]'",
    }

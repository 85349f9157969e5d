"""Who is in the world: the users events happen to, and the organization's members and teams."""

from __future__ import annotations

from dataclasses import dataclass

from sentry_sync.simulator.seeded import choose, mix

_FIRST = (
    "ana", "ben", "chloé", "dmitri", "eva", "farid", "grace", "hiro", "ines", "jan",
    "kofi", "lena", "mia", "noah", "olu", "paula", "quentin", "rosa", "sven", "tara",
)  # fmt: skip
_LAST = ("silva", "nguyen", "okafor", "müller", "rossi", "kowalski", "tanaka", "smith", "garcia", "haddad")
_DOMAINS = ("example.com", "example.org", "mail.example.net")


@dataclass(frozen=True, slots=True)
class EndUser:
    """A person an event happened to."""

    number: int
    id: str
    username: str
    email: str
    name: str
    ip_address: str


def end_user(seed: int, number: int) -> EndUser:
    """The user with this number; the same every time."""
    draw = mix(seed ^ 0x5EED, number)
    first, last = choose(_FIRST, draw), choose(_LAST, draw >> 8)
    username = f"{first}.{last}{number}"
    return EndUser(
        number=number,
        id=str(100_000 + number),
        username=username,
        email=f"{username}@{choose(_DOMAINS, draw >> 16)}",
        name=f"{first.title()} {last.title()}",
        ip_address=f"203.0.{draw >> 24 & 0xFF}.{draw >> 32 & 0xFF}",
    )


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who works with the organization's Sentry."""

    id: str
    user_id: str
    name: str
    email: str
    role: str


MEMBERS = (
    Member("801", "9001", "Ada Adler", "ada@acme.example", "owner"),
    Member("802", "9002", "Bo Brandt", "bo@acme.example", "manager"),
    Member("803", "9003", "Cy Castro", "cy@acme.example", "member"),
    Member("804", "9004", "Di Dupont", "di@acme.example", "member"),
)


@dataclass(frozen=True, slots=True)
class Team:
    """A team that owns projects."""

    id: str
    slug: str
    name: str


TEAMS = (
    Team("701", "backend", "Backend"),
    Team("702", "frontend", "Frontend"),
    Team("703", "mobile", "Mobile"),
)


def assignee(who: str | None) -> dict[str, str] | None:
    """What an issue row says in `assignedTo`; ValueError if nobody has that name, e-mail or id.

    Takes Sentry's spellings: an e-mail, `user:ID`, `team:ID`, `#slug`, or empty for nobody.
    """
    if not who or who == "none":
        return None
    for team in TEAMS:
        if who in (f"team:{team.id}", f"#{team.slug}", team.slug):
            return {"type": "team", "id": team.id, "name": team.slug}
    for member in MEMBERS:
        if who in (f"user:{member.user_id}", member.user_id, member.email, member.name):
            return {"type": "user", "id": member.user_id, "name": member.name, "email": member.email}
    raise ValueError("There is no such member or team in the simulated organization.")

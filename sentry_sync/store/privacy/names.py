"""Which names announce a secret or a person: keys of objects, headers, variables. Pure.

Sentry's own scrubber drops whatever stands under a key that contains one of a dozen words (password, secret, auth,
token, ...). These are the same words, less those that are none: an ``author``, a ``token_count``.
"""

from __future__ import annotations

import re
from functools import lru_cache

SECRET, USERNAME, NAME = "secret", "username", "name"
"""What a name can announce."""

_SECRET = re.compile(
    "passw|passphrase|passcode|pwd|secret|apikey|accesskey|privatekey|encryptionkey|signingkey|masterkey"
    "|credential|authorization|bearer|jwt|token|csrf|xsrf|mysqlpwd|connectionstring|sessionid|sessid|sessionkey"
    "|cookie|creditcard|cardnumber|ccnumber|cardno|cvv|cvc2?$|^cvc|ssn$|^ssn|socialsecurity|mnemonic|seedphrase"
    "|^auth$|^xauth|auth$|authkey|oauth|^pin$|^otp|otpcode|iban|^card$|^session$|^sid$|totp"
)
_HARMLESS = re.compile(
    "tokens$|tokencount|tokentype|tokenlimit|tokenindex|tokenexp|tokenlen|maxtoken|tokenusage|tokenizer"
    "|tokenspent|cookieconsent|cookieenabled|passwordlength|numtoken"
)
_USERNAMES = frozenset({"username", "login", "loginname"})
_NAMES = frozenset({"fullname", "firstname", "lastname", "surname", "displayname"})
_SEPARATORS = str.maketrans("", "", "-_ .:$'\"")


@lru_cache(maxsize=8192)
def announces(name: str) -> str | None:
    """What a value under ``name`` is by its name: one of the words above, or None for anything."""
    plain = name[:200].lower().translate(_SEPARATORS)
    if plain.startswith("http"):
        plain = plain.removeprefix("http")  # CGI's spelling of headers: HTTP_AUTHORIZATION
    if _SECRET.search(plain) and not _HARMLESS.search(plain):
        return SECRET
    if plain in _USERNAMES:
        return USERNAME
    return NAME if plain in _NAMES else None


def is_id(name: str, value: object) -> bool:
    """Whether a value is an id, by its name and its digits.

    Sentry's own have 16, as cards do, and every tenth of those that begin with 4 passes for one.
    """
    named = name == "id" or name.endswith(("ID", "Id", "_id", "-id", ".id"))
    return named and (type(value) is int or (type(value) is str and value.isdigit()))

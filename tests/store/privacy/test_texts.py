from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentry_sync.store.privacy.texts import FILTERED, Cleaner, is_personal, of_page

CLEANER = Cleaner(email=lambda found: f"<{found}>", ip=lambda found: f"<{found}>")

SECRETS = {
    "password=hunter2 ok": f"password={FILTERED} ok",
    "{'password': 'hunter2', 'a': 1}": f"{{'password': '{FILTERED}', 'a': 1}}",
    '{\\"password\\":\\"hun ter2\\"}': f'{{\\"password\\":\\"{FILTERED}\\"}}',
    "https://u:pw@h.example/x?token=abc&y=1": f"https://{FILTERED}@h.example/x?token={FILTERED}&y=1",
    "Authorization: Bearer abc.def123": f"Authorization: {FILTERED}",
    "sent bearer abcdef0123456789": f"sent bearer {FILTERED}",
    "token: abc12345678": f"token: {FILTERED}",
    "api_key%3Dabc": f"api_key%3D{FILTERED}",
    "card 4111 1111 1111 1111.": f"card {FILTERED}.",
    "card 4111-1111-1111-1111": f"card {FILTERED}",
    "x eyJhbGciOiJI.eyJzdWIiOiIx.c2ln y": f"x {FILTERED} y",
    "AKIAIOSFODNN7EXAMPLE": FILTERED,
    "-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY-----z": f"{FILTERED}z",
}

PLAIN = (
    "Unexpected token: } in JSON at position 4",
    "session: expired",
    "bearer authentication failed",
    "KeyError: 'token_count'",
    "password: None",
    "secret: [Filtered]",
    "1764177292123",
    "4111 1111 1111 1112",
    "Chrome 120.0.0.0",
    "version 4.16.22.1",
    "10.0.0.5:5432 refused",
    "12:30:45 std::map::at",
    "d4f1a2b3-4111-4111-8111-411111111111",
    "an author of tokens",
)


@pytest.mark.parametrize(("text", "cleaned"), SECRETS.items())
def test_a_secret_is_taken_out_of_its_text(text: str, cleaned: str) -> None:
    assert CLEANER.clean(text) == cleaned


@pytest.mark.parametrize("text", PLAIN)
def test_what_only_looks_like_a_secret_or_an_address_stays_and_is_the_same_object(text: str) -> None:
    assert CLEANER.clean(text) is text


ADDRESSES = ("ana@example.org", "chloé.müller8@example.org", "a%40example.com", "203.0.113.9", "2001:db8::1")


@pytest.mark.parametrize("address", ADDRESSES)
def test_addresses_are_handed_to_the_rules(address: str) -> None:
    assert CLEANER.clean(f"from {address}, at noon") == f"from <{address}>, at noon"
    assert Cleaner().clean(f"from {address}, at noon") == f"from {address}, at noon"


def test_the_end_of_an_escape_is_no_part_of_an_address() -> None:
    assert CLEANER.clean("line\\nana@example.org") == "line\\n<ana@example.org>"


@pytest.mark.parametrize("text", [*SECRETS, "none of all"])
def test_what_is_worth_looking_for_on_a_page_finds_the_same(text: str) -> None:
    narrowed = CLEANER.narrowed(of_page(["something else", text]))
    assert narrowed.clean(text) == CLEANER.clean(text)


@given(
    st.lists(
        st.lists(st.sampled_from([*SECRETS, *PLAIN, *ADDRESSES, " ", '"', "=", ":", "."]), max_size=3).map(
            "".join
        ),
        min_size=1,
        max_size=4,
    )
)
def test_a_row_whose_texts_together_have_nothing_that_is_looked_for_has_nothing_to_clean(texts: list[str]) -> None:
    if not of_page(texts).may_be_in("\n".join(texts)):
        assert [CLEANER.clean(text) for text in texts] == texts


@pytest.mark.parametrize("address", ["127.0.0.1", "192.168.1.7", "172.20.1.1", "0.0.0.1", "8.8.8.0", "999.1.1.1"])
def test_an_address_of_a_machine_is_no_persons(address: str) -> None:
    assert not is_personal(address)


@pytest.mark.parametrize(
    "part",
    [
        "passw",
        "a@",
        "1.",
        "4",
        "eyJ",
        "://:",
        "token: ",
        "bearer ",
        "2001:",
        "ana.b.",
        "\\",
        "-----BEGIN PRIVATE KEY-----",
    ],
)
def test_no_text_takes_more_than_a_fixed_time_for_each_character(part: str) -> None:
    # Were the time quadratic, these would take minutes, and the suite's own limit would end it.
    text = part * (300_000 // len(part)) + "@="
    assert len(CLEANER.clean(text)) > 0

"""What the built-in rules find, what they leave, and how long they take."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genspan.exporters.content import redaction
from genspan.exporters.content.redacting import Tally

ALL = redaction(["secrets", "personal"])
PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow+/=\nAAAA\n-----END RSA PRIVATE KEY-----"


def redacted(value: Any, name: str = "") -> tuple[Any, int]:
    tally = Tally()
    return ALL.value(value, tally, name), tally.count


FOUND = [
    ("openai_api_key", "sk-proj-abcDEF1234567890abcDEF12345"),
    ("openai_api_key", "sk-svcacct-a1B2c3D4e5F6g7H8i9J0_x-y"),
    ("anthropic_api_key", "sk-ant-api03-abcDEF1234567890abcDEF12345"),
    ("google_api_key", "AIzaSyA1234567890abcdefghijklmnopqrstuv"),
    ("google_oauth", "ya29.a0AfH6SMBx1234567890abcdef"),
    ("aws_access_key", "AKIAIOSFODNN7EXAMPLE"),
    ("github_token", "ghp_16C7e42F292c6912E7710c838347Ae178B4a"),
    ("github_token", "github_pat_11ABCDEFG0abcdefghijkl_mnop"),
    ("gitlab_token", "glpat-abcdefgh1234567890xy"),
    ("slack_token", "xoxb-123456789012-abcdefGHIJ"),
    ("slack_webhook", "services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX"),
    ("stripe_key", "sk_" + "live_4eC39HqLyjWDarjtT1zdp7dc"),
    ("huggingface_token", "hf_abcdefghijklmnopqrstuvwxyzABCDEFGH"),
    ("databricks_token", "dapi0123456789abcdef0123456789abcdef"),
    ("groq_api_key", "gsk_" + "a1" * 26),
    ("langsmith_api_key", "lsv2_pt_0123456789abcdef0123456789abcdef_0123456789"),
    ("azure_key", "a1" * 26 + "JQQJ99" + "B2" * 13),
    ("azure_key", "abc8Q~" + "a1" * 17),
    ("azure_key", "Ab1/" * 21 + "Ab=="),
    ("jwt", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c"),
    ("private_key", PEM),
    ("email", "ada.lovelace+news@mail.example.co.uk"),
    ("email", "jürgen@bücher.example"),
    ("credit_card", "4111 1111 1111 1111"),
    ("credit_card", "5500005555555559"),
    ("credit_card", "3782 822463 10005"),
    ("iban", "DE89 3704 0044 0532 0130 00"),
    ("iban", "GB82WEST12345698765432"),
    ("us_ssn", "078-05-1120"),
    ("ip_address", "192.168.17.4"),
    ("ip_address", "2001:db8::ff00:42:8329"),
    ("ip_address", "::ffff:10.1.2.3"),
    ("phone", "+49 (151) 2345-6789"),
    ("phone", "(212) 555-0123"),
    ("phone", "212-555-0123"),
]


@pytest.mark.parametrize(("rule", "secret"), FOUND)
def test_a_secret_is_found_in_prose_and_json_and_nothing_beside_it_goes(rule: str, secret: str) -> None:
    prefix = "https://hooks.slack.com/" if rule == "slack_webhook" else ""
    said = f"Look: {prefix}{secret}, please."
    shown = f"Look: {prefix}[REDACTED:{rule}], please."
    assert redacted(said) == (shown, 1)
    text = json.dumps([{"role": "user", "parts": [{"type": "text", "content": said}], "n": 1.5}])
    found, count = redacted(text)
    assert count == 1
    assert json.loads(found) == [{"role": "user", "parts": [{"type": "text", "content": shown}], "n": 1.5}]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("password: hunter2", "password: [REDACTED:named_secret]"),
        ("DB_PASSWORD=hunter2 go", "DB_PASSWORD=[REDACTED:named_secret] go"),
        ("password=Tr0ub4dor&3 go", "password=[REDACTED:named_secret] go"),
        ("password=a,b(c);d, user=e", "password=[REDACTED:named_secret], user=e"),
        ('password: "it\'s" yes', 'password: "[REDACTED:named_secret]" yes'),
        ("**Password:** hunter2", "**Password:** [REDACTED:named_secret]"),
        ("the password is 'swordfish'", "the password is '[REDACTED:named_secret]'"),
        ("pass: 1234", "pass: [REDACTED:named_secret]"),
        ("to=ada%40example.org&x=1", "to=[REDACTED:email]&x=1"),
        ("the password is hunter2!", "the password is [REDACTED:named_secret]"),
        ("OPENAI_API_KEY='abc'", "OPENAI_API_KEY='[REDACTED:named_secret]'"),
        ("{'client_secret': 'a b c'}", "{'client_secret': '[REDACTED:named_secret]'}"),
        ('Call failed: {\\"password\\": \\"x y\\"}', 'Call failed: {\\"password\\": \\"[REDACTED:named_secret]\\"}'),
        ("AccountKey=abc;Pwd=x;", "AccountKey=[REDACTED:named_secret];Pwd=[REDACTED:named_secret];"),
        ("postgresql://bob:p@ss@db/x", "postgresql://bob:[REDACTED:url_credentials]@db/x"),
        ("https://x.y/z?a=1&api_key=q&b=2", "https://x.y/z?a=1&api_key=[REDACTED:url_parameter]&b=2"),
        ("https://x.y/z?sig=q%2F&se=1", "https://x.y/z?sig=[REDACTED:url_parameter]&se=1"),
        ("Authorization: Basic dXNlcjpwYXNz", "Authorization: [REDACTED:basic_credentials]"),
        ("auth is Bearer abcdefgh12345678 ok", "auth is Bearer [REDACTED:bearer_token] ok"),
        ("X-Api-Key: 123abc", "X-Api-Key: [REDACTED:http_header]"),
        ("Cookie: sid=1; a=2", "Cookie: [REDACTED:http_header]"),
        ("run --auth-token abcd", "run --auth-token [REDACTED:command_option]"),
        ("-----BEGIN PRIVATE KEY-----\nMII", "[REDACTED:private_key]"),
        (
            "AKIAIOSFODNN7EXAMPLE wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "[REDACTED:aws_access_key] [REDACTED:aws_access_key]",
        ),
    ],
)
def test_secrets_beside_a_name(text: str, shown: str) -> None:
    assert redacted(text)[0] == shown


@pytest.mark.parametrize(
    "text",
    [
        *("sk-learn-how-to-write-a-pipeline-today", "task-force-1234567890-1234567890", "max_tokens: 100, token: 5"),
        *(
            "your password is wrong",
            "Basic understanding of it",
            "bearer instruments",
            "key: value",
            "The key is 12345678",
        ),
        *(
            "4111 1111 1111 1112",
            "1111111111111111",
            "DE88 3704 0044 0532 0130 00",
            "000-12-3456",
            "1.2.3",
            "std::vector",
        ),
        *("12:30:45", "2026-11-20T10:11:12.123456Z", "a@b", "300.1.1.1", "gpt-5.4-mini-2026-01-01", "3.14159265358979"),
        *(
            "550e8400-e29b-41d4-a716-446655440000",
            "https://example.org/a?b=c#d",
            "password: [REDACTED:x]",
            "call_1",
            "C: x",
        ),
        *("token", "", "{}", '{"token":"Hello","logprob":-0.1}', '{"properties":{"password":{"type":"string"}}}'),
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redacted(text) == (text, 0)


def test_json_stays_json_and_numbers_stay_exact() -> None:
    text = '{"password": "x", "big": 12345678901234567890123, "f": 1.10, "b": "\\ud800", "t": [true, null]}'
    found, count = redacted(text)
    assert count == 1
    assert json.loads(found) == {**json.loads(text), "password": "[REDACTED:named_secret]"}
    found.encode()


def test_json_within_json_and_keys_are_looked_at() -> None:
    inner = json.dumps({"api_key": "q", "mail": "a@example.org"})
    found, count = redacted(json.dumps({"arguments": inner, "b@example.org": 1, "c@example.org": 2}))
    assert count == 4
    outer = json.loads(found)
    assert json.loads(outer["arguments"]) == {"api_key": "[REDACTED:named_secret]", "mail": "[REDACTED:email]"}
    assert list(outer) == ["arguments", "[REDACTED:email]", "[REDACTED:email]_"]


def test_a_value_goes_for_its_attributes_name() -> None:
    assert redacted(("abc",), "http.request.header.x_api_key") == (("[REDACTED:named_secret]",), 1)
    assert redacted({"pwd": 1234, "card": 4111111111111111, "n": 7, "id": 4111111111111112}) == (
        {"pwd": "[REDACTED:named_secret]", "card": "[REDACTED:credit_card]", "n": 7, "id": 4111111111111112},
        2,
    )
    assert redacted(b"a@example.org") == (b"[REDACTED:email]", 1)
    assert redacted(b"\xff\xfe") == (b"\xff\xfe", 0)


def test_base64_is_left_alone() -> None:
    blob = "iVBORw0KGgo" + "A" * 600 + "AKIAIOSFODNN7EXAMPLE=="
    assert redacted(blob) == (blob, 0)
    assert redacted(f"data:image/png;base64,{blob}") == (f"data:image/png;base64,{blob}", 0)


ANCHORS = (
    *("sk-1", "sk-ant-", "eyJ", "eyJa.", "eyJ-", "AIza", "AKIA", "ghp_", "xoxb-", "-----BEGIN PRIVATE KEY-----", "://"),
    *(
        "-----BEGIN ",
        "-----END ",
        "://a:",
        "?key=",
        "?a",
        "password=",
        "password is ",
        "key ",
        "token:",
        "--",
        "bearer ",
    ),
    *("basic a", "authorization:", "cookie", "x-a", "@", "a@a.", "+1 ", "1.", "1:", "::", "a:", "4111 ", "4", "(212) "),
    *("DE89 ", "A1", "078-", " ", "a", "\\", '"', "[", '{"', "\n", "ß", "İ", "8Q~", "JQQJ99", "==", "SG.a", "data:"),
)


@pytest.mark.parametrize("anchor", ANCHORS)
def test_no_text_takes_long(anchor: str) -> None:
    for text in (anchor * (300_000 // len(anchor)), anchor + "a" * 300_000, anchor + "1a" * 150_000 + "!"):
        started = time.process_time()
        redacted(text)
        assert time.process_time() - started < 6, text[:40]


def test_ten_megabytes_take_seconds() -> None:
    prose = "The quick brown fox, aged 42, jumps over the lazy dog: that is the key to his success. "
    text = prose * (10_000_000 // len(prose)) + "sk-proj-abcDEF1234567890abcDEF12345"
    started = time.process_time()
    found, count = redacted(text)
    assert time.process_time() - started < 20
    assert count == 1
    assert found.endswith("[REDACTED:openai_api_key]")


PIECES = st.lists(st.one_of(st.text(max_size=8), st.sampled_from([*ANCHORS, *(s for _, s in FOUND)])), max_size=12)


@settings(max_examples=300, deadline=2000)
@given(PIECES.map("".join))
def test_any_text_is_taken_and_gives_text(text: str) -> None:
    found, count = redacted(text)
    assert isinstance(found, str)
    assert (found == text) == (count == 0) or "REDACTED" in text


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | PIECES.map("".join),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=200, deadline=2000)
@given(JSON)
def test_any_json_stays_json_of_the_same_shape(value: Any) -> None:
    text = json.dumps({"v": value})
    found, _ = redacted(text)
    assert _shape(json.loads(found)) == _shape({"v": value})


def _shape(value: Any) -> Any:
    if isinstance(value, dict):
        return [_shape(item) for item in value.values()]
    return [_shape(item) for item in value] if isinstance(value, list) else None

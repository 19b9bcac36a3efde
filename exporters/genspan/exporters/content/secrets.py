"""Rules for secrets: keys and tokens by the shape their vendors gave them, and what stands beside a telling name."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Final

from genspan.exporters.content.rule import Extent, Rule, anchored, is_random, secret_in

_START = r"(?<![A-Za-z0-9_])"
"""No letter before: `task-force` holds no key of OpenAI's."""
_DIGIT_WITHIN = r"(?=[A-Za-z_-]{0,200}[0-9])"
"""A key is random, and so has digits; `sk-learn-how-to-write-a-pipeline` is prose."""


def _is_basic(match: re.Match[str]) -> bool:
    """Whether Basic credentials decode to `user:password`."""
    text = match[secret_in(match)]
    try:
        return b":" in base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (ValueError, binascii.Error):
        return False


_BEGIN = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----", re.ASCII)
_END = re.compile(r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----", re.ASCII)


def _private_keys(text: str, lowered: str) -> Iterator[Extent]:
    """PEM blocks; one without an end, as it is cut off, goes to the end of the text."""
    first = text.find("-----BEGIN ")
    while first >= 0:
        if _BEGIN.match(text, first) is None:
            first = text.find("-----BEGIN ", first + 1)
            continue
        last = first
        end = None
        while end is None and last >= 0:
            last = text.find("-----END ", last + 1)
            end = _END.match(text, last) if last >= 0 else None
        yield first, end.end() if end else len(text)
        first = text.find("-----BEGIN ", end.end()) if end else -1


_AZURE: Final = (
    ("jqqj99", 52, re.compile(_START + r"[A-Za-z0-9]{52}JQQJ99[A-Za-z0-9]{26}", re.ASCII)),
    ("8q~", 3, re.compile(_START + r"[A-Za-z0-9_.~-]{3}8Q~[A-Za-z0-9_.~-]{31,34}", re.ASCII)),
    ("7q~", 3, re.compile(_START + r"[A-Za-z0-9_.~-]{3}7Q~[A-Za-z0-9_.~-]{31,34}", re.ASCII)),
    ("==", 86, re.compile(r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{86}==", re.ASCII)),
)
"""What Microsoft marks its keys with, how many characters stand before that, and the whole: AI services, Entra's client
secrets, storage accounts."""


def _azure_keys(text: str, lowered: str) -> Iterator[Extent]:
    for anchor, before, pattern in _AZURE:
        at = lowered.find(anchor)
        while at >= 0:
            if at >= before and (match := pattern.match(text, at - before)):
                yield match.span()
            at = lowered.find(anchor, at + len(anchor))


_AWS_ID = anchored(
    "aws_access_key", _START + r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Za-z0-9])", "akia", "asia", "abia", "acca"
)
_AWS_SECRET = re.compile(r"(?<![A-Za-z0-9/+])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+])", re.ASCII)


def _aws(text: str, lowered: str) -> Iterator[Extent]:
    """Ids of access keys, and beside one the secret keys: 40 characters that nothing else tells from other text."""
    found = list(_AWS_ID.find(text, lowered))
    yield from found
    for match in _AWS_SECRET.finditer(text) if found else ():
        if len({(c.islower(), c.isupper(), c.isdigit()) for c in match[0]}) >= 3:
            yield match.span()


_PLAIN_VALUES = frozenset({"true", "false", "none", "null", "undefined", "string", "str", "optional", "required"})
_STRONG: Final = {
    "key": (
        *(
            "api",
            "access",
            "secret",
            "private",
            "account",
            "signing",
            "encryption",
            "subscription",
            "license",
            "master",
        ),
    ),
    "signature": ("access",),
    "token": ("auth", "access", "refresh", "id", "session", "bearer", "security", "api"),
    "secret": ("client", "api", "app", "jwt", "webhook", "signing", "key"),
}
"""What stands before a word of everyday speech and makes it the name of a secret: `OPENAI_API_KEY`, `clientSecret`."""


_NEXT: Final = r"[\w.-]{1,40}\s?[=:]"
"""What follows a comma, a semicolon or an ampersand that ends a value; a password may hold any of them."""


def _is_value(match: re.Match[str]) -> bool:
    value, name = match[secret_in(match)].strip(), match["name"].lower()
    if value.lower().strip(".!?") in _PLAIN_VALUES or value.startswith(("[REDACTED:", "${", "{{", "***")):
        return False
    if name in _STRONG or name.startswith(("credential", "key")):
        before = match.string[max(0, match.start() - 24) : match.start()].lower().rstrip("_- ")
        if not before.endswith(_STRONG.get(name.partition("_")[0].partition("-")[0], ())):
            return not name.startswith(("key", "signature")) and is_random(value)
    is_told = match["quote"] is not None or (match["said"] is None and name != "pass")
    return is_told or any(not character.isalpha() for character in value.rstrip(".!?"))


SECRETS: Final[tuple[Rule, ...]] = (
    Rule("private_key", _private_keys),
    anchored("anthropic_api_key", _START + r"sk-ant-[A-Za-z0-9_-]{20,}", "sk-ant-"),
    anchored("openai_api_key", _START + r"sk-" + _DIGIT_WITHIN + r"[A-Za-z0-9_-]{20,}", "sk-"),
    anchored("google_api_key", _START + r"AIza[A-Za-z0-9_-]{35}", "aiza"),
    anchored("google_oauth", _START + r"(?:ya29\.[A-Za-z0-9_-]{20,}|GOCSPX-[A-Za-z0-9_-]{20,})", "ya29.", "gocspx-"),
    Rule("aws_access_key", _aws),
    anchored(
        "github_token",
        _START + r"(?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{22,})",
        *("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
    ),
    anchored(
        "gitlab_token",
        _START + r"gl(?:pat|dt|rt|ptt|cbt)-[A-Za-z0-9_-]{20,}",
        "glpat-",
        "gldt-",
        "glrt-",
        "glptt-",
        "glcbt-",
    ),
    anchored("slack_token", _START + r"(?:xox[a-z](?:\.xox[a-z])?|xapp)-[A-Za-z0-9-]{10,}", "xox", "xapp-"),
    anchored(
        "slack_webhook", r"hooks\.slack\.com/(?P<secret>(?:services|workflows)/[A-Za-z0-9/_-]{10,})", "hooks.slack.com"
    ),
    anchored(
        "stripe_key",
        _START + r"(?:[sr]k_(?:live|test)_[A-Za-z0-9]{10,}|whsec_[A-Za-z0-9+/=]{20,})",
        *("sk_live_", "sk_test_", "rk_live_", "rk_test_", "whsec_"),
    ),
    anchored("huggingface_token", _START + r"(?:hf|api_org)_[A-Za-z0-9]{30,}", "hf_", "api_org_"),
    anchored("databricks_token", _START + r"(?:dapi|dose|dkea)[0-9a-f]{32}(?:-[0-9]{1,3})?", "dapi", "dose", "dkea"),
    anchored("groq_api_key", _START + r"gsk_[A-Za-z0-9]{40,}", "gsk_"),
    anchored("xai_api_key", _START + r"xai-[A-Za-z0-9]{40,}", "xai-"),
    anchored("perplexity_api_key", _START + r"pplx-[A-Za-z0-9]{40,}", "pplx-"),
    anchored("replicate_token", _START + r"r8_[A-Za-z0-9]{30,}", "r8_"),
    anchored("nvidia_api_key", _START + r"nvapi-[A-Za-z0-9_-]{40,}", "nvapi-"),
    anchored("langsmith_api_key", _START + r"lsv2_[a-z]{2}_[0-9a-f]{32}_[0-9a-f]{10}", "lsv2_"),
    anchored("pinecone_api_key", _START + r"pcsk_[A-Za-z0-9_]{40,}", "pcsk_"),
    anchored("tavily_api_key", _START + r"tvly-[A-Za-z0-9-]{20,}", "tvly-"),
    anchored("npm_token", _START + r"npm_[A-Za-z0-9]{36}", "npm_"),
    anchored("pypi_token", _START + r"pypi-AgEI[A-Za-z0-9_-]{50,}", "pypi-agei"),
    anchored("sendgrid_api_key", _START + r"SG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{16,64}", "sg."),
    anchored("digitalocean_token", _START + r"do[opr]_v1_[0-9a-f]{64}", "_v1_"),
    Rule("azure_key", _azure_keys),
    anchored("jwt", r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{5,}\.eyJ[A-Za-z0-9_-]{2,}(?:\.[A-Za-z0-9_-]*)?", "eyj"),
    anchored(
        "bearer_token",
        r"(?<![A-Za-z0-9_])[Bb](?:earer|EARER)[ \t:]{1,4}"
        r"(?=[^ ]{16}|[^ ]{0,15}[0-9])(?P<secret>[A-Za-z0-9._~+/=-]{8,})",
        "bearer",
    ),
    anchored(
        "basic_credentials",
        r"(?<![A-Za-z0-9_])[Bb](?:asic|ASIC)[ \t]{1,4}(?P<secret>[A-Za-z0-9+/]{6,}={0,2})",
        "basic",
        check=_is_basic,
    ),
    anchored(
        "http_header",
        r"(?:authorization|x-[a-z-]{0,20}(?:key|token)|api-key|cookie)"
        r"(?:\\{0,3}[\"'])?\s{0,4}[:=]\s{0,4}(?:b?\\{0,3}[\"'])?(?!\[REDACTED:)(?P<secret>[^\"'\\\r\n]{4,4096})",
        *("authorization", "x-", "api-key", "cookie"),
        check=lambda match: not match[0].lower().startswith("cookie") or "=" in match["secret"],
        flags=re.ASCII | re.IGNORECASE,
    ),
    anchored(
        "url_credentials",
        r"://(?:[^\s:/?#@\"'<>\\]{0,256}:(?P<secret>[^\s/\"'<>\\]{1,256})@"
        r"|(?P<secret_alone>[^\s:/?#@\"'<>\\]{16,256})@)",
        "://",
    ),
    anchored(
        "url_parameter",
        r"[?&](?:[a-z0-9_.-]{0,40}(?:key|token|secret|password|passwd|pwd|signature|credential|auth)|sig|code|pass)"
        r"=(?P<secret>[^&;#\s\"'<>\\]{1,4096})",
        *("?", "&"),
        flags=re.ASCII | re.IGNORECASE,
    ),
    anchored(
        "named_secret",
        r"(?P<name>pass(?:word|wd|phrase|code)?|pwd|key(?:[_-]?secret)?|secret|token|signature|credentials?)"
        r"(?:\\{0,3}[\"'`*]{1,3})?(?:\s{0,4}(?:=>|:=|==|[:=])|(?P<said>\s{1,4}is:?(?=\s)))\s{0,4}(?:\*\*)?\s{0,4}"
        r"(?:b?(?P<quote>[\"'`])(?P<secret>(?:(?!(?P=quote))(?:\\.|[^\\\r\n])){1,4096})"
        r"|b?\\{1,3}[\"'`](?P<secret_escaped>[^\"\\\r\n]{1,4096})"
        rf"|(?P<secret_unquoted>(?:[^\s\"'`\\,;&]{{1,256}}|\\(?![nrt\"'\\])|[,;&](?!\s|\Z|{_NEXT})){{1,16}}))",
        *("pass", "pwd", "key", "secret", "token", "signature", "credential"),
        check=_is_value,
        flags=re.ASCII | re.IGNORECASE,
    ),
    anchored(
        "command_option",
        r"(?<![\w-])--(?:[a-z0-9]{1,20}-){0,3}(?:pass(?:word|wd|phrase)|pwd|token|secret|api-?key|key)[ =]{1,4}"
        r"(?!-)[\"']?(?P<secret>[^\s\"'\\]{4,4096})",
        "--",
        flags=re.ASCII | re.IGNORECASE,
    ),
)
"""In order of precedence: where two find the same, the first gives the mark its name."""

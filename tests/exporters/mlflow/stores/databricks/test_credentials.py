"""Who asks: environment, profiles, and databricks-sdk for the rest. No secret is ever told."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import pytest

from genspan.exporters.mlflow.stores import Experiment, StoreUnavailable, open_store
from genspan.exporters.mlflow.stores.databricks import credentials, service_principal
from support.databricks import CLIENT_ID, CLIENT_SECRET, TOKEN, WORKSPACE_ID, Answer, Databricks
from support.few_spans import span, trace_id, traces

SHOP = Experiment(id="1111")

pytestmark = pytest.mark.usefixtures("experiment")


@pytest.fixture
def no_sdk(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where databricks-sdk is not installed."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "databricks"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "databricks", None)


@pytest.fixture
def only_profiles(databricks: Databricks, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A file with profiles, and an environment that is silent."""
    monkeypatch.delenv("DATABRICKS_HOST")
    monkeypatch.delenv("DATABRICKS_TOKEN")
    file = tmp_path / ".databrickscfg"
    file.write_text(
        f"""
        [DEFAULT]
        host = {databricks.url}/
        token = of-nobody

        [shop]
        host = {databricks.url}
        token = {TOKEN}
        cluster_id = 12

        [robot]
        host = {databricks.url}
        client_id = {CLIENT_ID}
        client_secret = {CLIENT_SECRET}
        """.replace("        ", "")
    )
    return file


def write(uri: str = "databricks") -> None:
    assert open_store(uri).write(traces(span()), SHOP) == []


@pytest.mark.usefixtures("no_sdk")
def test_host_and_token_need_nothing_else(databricks: Databricks, tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login other password other")

    write()

    assert {one.headers["authorization"] for one in databricks.asked("/api/")} == {f"Bearer {TOKEN}"}
    assert {one.headers["x-databricks-org-id"] for one in databricks.asked("/api/")} == {WORKSPACE_ID}
    assert list(databricks.files) == [trace_id()]


@pytest.mark.usefixtures("no_sdk")
def test_a_workspace_that_does_not_say_its_id(databricks: Databricks, monkeypatch: pytest.MonkeyPatch) -> None:
    databricks.script("/.well-known/databricks-config", Answer(404, b"<html>"))
    write()
    assert not any("x-databricks-org-id" in one.headers for one in databricks.requests)

    databricks.requests.clear()
    monkeypatch.setenv("DATABRICKS_WORKSPACE_ID", "5")
    write()
    assert databricks.asked("well-known") == []
    assert {one.headers["x-databricks-org-id"] for one in databricks.asked("/api/")} == {"5"}


@pytest.mark.usefixtures("no_sdk")
@pytest.mark.parametrize(
    ("uri", "environ"),
    [
        ("databricks://shop", {}),
        ("databricks", {"DATABRICKS_CONFIG_PROFILE": "shop"}),
        ("databricks", {"DATABRICKS_TOKEN": TOKEN, "DATABRICKS_CONFIG_PROFILE": "DEFAULT"}),
    ],
)
def test_profiles_with_a_token_need_nothing_else(
    uri: str, environ: dict[str, str], only_profiles: Path, databricks: Databricks, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)

    write(uri)

    assert open_store(uri).uri == databricks.url


@pytest.mark.usefixtures("no_sdk")
def test_the_default_profile_is_the_one_that_the_file_names(only_profiles: Path, databricks: Databricks) -> None:
    with pytest.raises(StoreUnavailable, match="refuses these credentials"):
        write()

    only_profiles.write_text(only_profiles.read_text() + "\n[__settings__]\ndefault_profile = shop\n")
    write()


def test_profiles_elsewhere(only_profiles: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DATABRICKS_CONFIG_FILE", str(only_profiles.rename(tmp_path / "elsewhere")))

    write("databricks://shop")


@pytest.mark.usefixtures("only_profiles", "no_sdk")
def test_a_service_principal_by_profile(databricks: Databricks) -> None:
    write("databricks://robot")

    assert len(databricks.asked("/oidc/v1/token")) == 1
    assert {one.headers["authorization"] for one in databricks.asked("/api/")} == {"Bearer oauth-1"}


@pytest.fixture
def robot(databricks: Databricks, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service principal in the environment, in place of the token."""
    monkeypatch.delenv("DATABRICKS_TOKEN")
    monkeypatch.setenv("DATABRICKS_CLIENT_ID", CLIENT_ID)
    monkeypatch.setenv("DATABRICKS_CLIENT_SECRET", CLIENT_SECRET)


@pytest.mark.usefixtures("no_sdk", "robot")
def test_a_service_principal_by_environment(databricks: Databricks, tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login other password other")

    write()

    assert {one.headers["authorization"] for one in databricks.asked("/api/")} == {"Bearer oauth-1"}
    assert {one.headers["x-databricks-org-id"] for one in databricks.asked("/api/")} == {WORKSPACE_ID}


@pytest.mark.usefixtures("no_sdk", "robot")
def test_its_token_is_renewed_before_it_ends(databricks: Databricks, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(service_principal.time, "monotonic", lambda: now)
    store = open_store("databricks")
    for later, tokens in ((0, 1), (3539, 1), (3540, 2), (3600, 2)):
        now = 1000.0 + later
        assert store.write(traces(span()), SHOP) == []
        assert len(databricks.asked("/oidc/v1/token")) == tokens


@pytest.mark.usefixtures("no_sdk", "robot")
@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (None, "does not know this service principal \\(401\\)"),
        (Answer(503, b"an0ther"), "status 503"),
        (Answer(200, b"<html>"), "gives no token"),
        (Answer(200, b'{"access_token": 1}'), "gives no token"),
        (Answer(429, b"slow", {"Retry-After": "9"}), "status 429"),
    ],
    ids=str,
)
def test_a_service_principal_that_gets_no_token(
    answer: Answer | None,
    told: str,
    databricks: Databricks,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("DATABRICKS_CLIENT_SECRET", "an0ther")
    if answer is not None:
        databricks.script("/oidc/v1/token", answer)

    with caplog.at_level(logging.DEBUG), pytest.raises(StoreUnavailable, match=told) as raised:
        write()

    assert "an0ther" not in str(raised.value) + caplog.text
    assert raised.value.retry_after == (9 if answer and answer.headers else None)


@pytest.mark.usefixtures("robot")
def test_databricks_sdk_logs_in_where_nothing_else_does(
    databricks: Databricks, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Here by a token in a file, which OAuth exchanges for one of Databricks (`file-oidc`)."""
    (tmp_path / "identity").write_text("identity-of-the-runtime")
    monkeypatch.setenv("DATABRICKS_AUTH_TYPE", "file-oidc")
    monkeypatch.setenv("DATABRICKS_OIDC_TOKEN_FILEPATH", str(tmp_path / "identity"))
    monkeypatch.delenv("DATABRICKS_CLIENT_SECRET")

    write()

    (asked,) = databricks.asked("/oidc/v1/token")
    assert "subject_token=identity-of-the-runtime" in asked.body.decode()
    assert {one.headers["authorization"] for one in databricks.asked("/api/")} == {"Bearer oauth-1"}


@pytest.mark.usefixtures("robot")
def test_what_databricks_sdk_says_is_told_without_secrets(
    databricks: Databricks, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("DATABRICKS_USERNAME", "mia")
    monkeypatch.setenv("DATABRICKS_PASSWORD", "pa55word")

    with caplog.at_level(logging.INFO), pytest.raises(StoreUnavailable, match="more than one authorization") as raised:
        write()

    assert not any(secret in str(raised.value) + caplog.text for secret in ("pa55word", CLIENT_SECRET))
    assert raised.value.__cause__ is None


@pytest.mark.usefixtures("no_sdk")
@pytest.mark.parametrize(
    "environ",
    [
        {"DATABRICKS_CLIENT_ID": CLIENT_ID, "DATABRICKS_CLIENT_SECRET": CLIENT_SECRET, "DATABRICKS_PASSWORD": "p"},
        {"DATABRICKS_AUTH_TYPE": "azure-cli"},
        {"DATABRICKS_CLIENT_ID": CLIENT_ID},
        {"DATABRICKS_CONFIG_PROFILE": "unheard-of"},
        {},
    ],
)
def test_what_needs_the_extra_names_it(
    environ: dict[str, str], only_profiles: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not environ:
        only_profiles.unlink()
    for name, value in environ.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(StoreUnavailable, match=r"pip install 'genspan\[databricks\]'") as raised:
        write()

    assert CLIENT_SECRET not in str(raised.value)


def test_a_token_beside_another_login_counts_where_it_is_chosen(
    databricks: Databricks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABRICKS_CLIENT_ID", CLIENT_ID)
    monkeypatch.setenv("DATABRICKS_CLIENT_SECRET", CLIENT_SECRET)
    with pytest.raises(StoreUnavailable, match="more than one authorization method"):
        write()

    monkeypatch.setenv("DATABRICKS_AUTH_TYPE", "pat")
    write()

    assert {one.headers["authorization"] for one in databricks.asked("/api/")} == {f"Bearer {TOKEN}"}


def test_a_renewed_token_is_taken_up(databricks: Databricks, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store("databricks")
    store.write(traces(span(1)), SHOP)
    databricks.tokens = {"renewed"}

    with pytest.raises(StoreUnavailable, match="refuses these credentials") as raised:
        store.write(traces(span(2)), SHOP)
    assert TOKEN not in str(raised.value)

    monkeypatch.setenv("DATABRICKS_TOKEN", "renewed")
    assert store.write(traces(span(2)), SHOP) == []


def test_a_token_with_a_line_break_is_not_told(databricks: Databricks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABRICKS_TOKEN", f"{TOKEN}\n")
    write()

    monkeypatch.setenv("DATABRICKS_TOKEN", f"{TOKEN}\n{TOKEN}")
    with pytest.raises(StoreUnavailable, match="control character") as raised:
        write()
    assert TOKEN not in str(raised.value)


def test_no_secret_is_in_a_repr() -> None:
    found = credentials.find(None, {"DATABRICKS_HOST": "dbc-1.cloud.databricks.com", "DATABRICKS_TOKEN": TOKEN})

    assert found.host == "https://dbc-1.cloud.databricks.com"
    assert TOKEN not in repr(found)


def test_a_secret_scope_is_refused() -> None:
    with pytest.raises(ValueError, match="secret scope"):
        open_store("databricks://scope:prefix")


def test_a_workspace_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABRICKS_HOST", "http://127.0.0.1:1")
    monkeypatch.setenv("DATABRICKS_TOKEN", TOKEN)

    with pytest.raises(StoreUnavailable, match=r"Databricks at http://127.0.0.1:1 cannot be reached"):
        write()

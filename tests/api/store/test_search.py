"""MLflow's search language, by the real MLflow and by us on the same file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genspan.mlflow.exceptions import INVALID_PARAMETER_VALUE, MlflowException
from genspan.mlflow.store.sqlite import SqliteTraceStore
from support import search_table
from support.varied_traces import COUNT, START_MS, Varied

Found = Sequence[str]


def by_mlflow(real: Any, varied: Varied, filter_string: str | None, order_by: Sequence[str] = ()) -> Found:
    infos, _ = real.search_traces(varied.experiments, filter_string, 1000, list(order_by))
    return [info.trace_id for info in infos]


def refused_by_mlflow(real: Any, varied: Varied, filter_string: str | None, order_by: Sequence[str] = ()) -> str:
    """What MLflow says; some of it comes from its database, not from its grammar."""
    from mlflow.exceptions import MlflowException as Refused

    with pytest.raises(Refused) as refused:
        by_mlflow(real, varied, filter_string, order_by)
    return str(refused.value)


def by_us(ours: SqliteTraceStore, varied: Varied, filter_string: str | None, order_by: Sequence[str] = ()) -> Found:
    traces = ours.search_traces(
        experiment_ids=varied.experiments,
        filter_string=filter_string,
        max_results=1000,
        order_by=order_by,
        include_spans=False,
    )
    return [trace.info.trace_id for trace in traces]


def of_file(text: str | None, varied: Varied) -> str | None:
    return search_table.filled_in(text, varied.traces[14], varied.runs[0])


@pytest.mark.parametrize("text", search_table.VALID)
def test_a_filter_finds_what_mlflow_finds(text: str | None, varied: Varied, real: Any, ours: SqliteTraceStore) -> None:
    text = of_file(text, varied)

    assert by_us(ours, varied, text) == by_mlflow(real, varied, text)


def test_the_table_tells_filters_apart(varied: Varied, ours: SqliteTraceStore) -> None:
    found = [frozenset(by_us(ours, varied, of_file(text, varied))) for text in search_table.VALID]

    assert len(found) - found.count(frozenset()) >= 150
    assert len(set(found)) >= 100


@pytest.mark.parametrize("text", search_table.INVALID)
def test_a_filter_is_refused_as_by_mlflow(text: str, varied: Varied, real: Any, ours: SqliteTraceStore) -> None:
    refused_by_mlflow(real, varied, text)
    with pytest.raises(MlflowException) as refused:
        by_us(ours, varied, text)
    assert refused.value.error_code == INVALID_PARAMETER_VALUE
    # Where it is, and what to do instead.
    assert re.search(r"at character \d+ of |at the end of ", refused.value.message)
    assert refused.value.message.count(". ") >= 1


@pytest.mark.parametrize("text", search_table.TAKEN_BEYOND_MLFLOW)
def test_what_only_trips_mlflow_is_taken(text: str, varied: Varied, real: Any, ours: SqliteTraceStore) -> None:
    refused_by_mlflow(real, varied, text)

    meant = search_table.TAKEN_BEYOND_MLFLOW[text]
    assert by_us(ours, varied, text) == by_mlflow(real, varied, meant)


@pytest.mark.parametrize("text", search_table.REFUSED_BEYOND_MLFLOW)
def test_what_mlflow_only_never_finds_is_refused(text: str, varied: Varied, real: Any, ours: SqliteTraceStore) -> None:
    by_mlflow(real, varied, text)

    with pytest.raises(MlflowException, match="Invalid regular expression") as refused:
        by_us(ours, varied, text)
    assert refused.value.error_code == INVALID_PARAMETER_VALUE


@pytest.mark.parametrize("order_by", search_table.ORDERS)
def test_an_order_is_mlflows(order_by: Sequence[str], varied: Varied, real: Any, ours: SqliteTraceStore) -> None:
    assert by_us(ours, varied, None, order_by) == by_mlflow(real, varied, None, order_by)


@pytest.mark.parametrize("order_by", search_table.INVALID_ORDERS)
def test_an_order_is_refused_as_by_mlflow(
    order_by: Sequence[str], varied: Varied, real: Any, ours: SqliteTraceStore
) -> None:
    refused_by_mlflow(real, varied, None, order_by)
    with pytest.raises(MlflowException) as refused:
        by_us(ours, varied, None, order_by)
    assert refused.value.error_code == INVALID_PARAMETER_VALUE


def test_traces_are_sorted_by_their_end_which_mlflow_names_and_cannot(
    varied: Varied, real: Any, ours: SqliteTraceStore
) -> None:
    assert "has no attribute 'end_time_ms'" in refused_by_mlflow(real, varied, None, ["end_time DESC"])

    infos = {info.trace_id: info for info in real.search_traces(varied.experiments, None, 1000)[0]}
    ends = [
        infos[id].request_time + (infos[id].execution_duration or 0)
        for id in by_us(ours, varied, None, ["end_time DESC"])
    ]
    assert len(ends) == len(varied.traces)
    assert ends == sorted(ends, reverse=True)


def test_several_runs_all_count(varied: Varied, real: Any, ours: SqliteTraceStore) -> None:
    """MLflow (3.17.2) keeps the last `run_id =` of a filter alone, and none where it is empty."""
    one, other = (f"run_id = '{run}'" for run in varied.runs)
    assert by_mlflow(real, varied, f"{one} AND {other}") == by_mlflow(real, varied, other)
    assert by_mlflow(real, varied, "run_id = ''") == by_mlflow(real, varied, None)

    assert set(by_us(ours, varied, f"{one} AND {other}")) == {*by_us(ours, varied, one)} & {*by_us(ours, varied, other)}
    assert by_us(ours, varied, "run_id = ''") == []


@pytest.mark.parametrize("filter_string", [None, "status = 'OK'", "span.type = 'TOOL'"])
@pytest.mark.parametrize("size", [3, 7, 25, COUNT + 5])
def test_pages_are_mlflows(
    size: int, filter_string: str | None, varied: Varied, real: Any, ours: SqliteTraceStore
) -> None:
    their_token = our_token = None
    while True:
        theirs, their_token = real.search_traces(
            varied.experiments, filter_string, size, ["name"], page_token=their_token
        )
        found = ours.search_traces(
            experiment_ids=varied.experiments,
            filter_string=filter_string,
            max_results=size,
            order_by=["name"],
            page_token=our_token,
            include_spans=False,
        )
        assert [trace.info.trace_id for trace in found] == [info.trace_id for info in theirs]
        our_token = found.token
        assert (our_token is None) == (their_token is None)
        if our_token is None:
            break
        assert our_token.encode() == their_token


@pytest.mark.parametrize("token", ["x", "!!", "e30=", "eyJvZmZzZXQiOiAiYSJ9", "eyJvZmZzZXQiOiAtMX0=", "bnVsbA=="])
def test_what_is_no_page_token_is_refused(token: str, varied: Varied, ours: SqliteTraceStore) -> None:
    with pytest.raises(MlflowException, match="Invalid page token"):
        ours.search_traces(experiment_ids=varied.experiments, page_token=token)


@pytest.mark.parametrize("count", [0, -1, 50_001, None])
def test_pages_have_bounds(count: Any, varied: Varied, real: Any, ours: SqliteTraceStore) -> None:
    with pytest.raises(Exception, match="max_results"):
        real.search_traces(varied.experiments, None, count)
    with pytest.raises(MlflowException, match="max_results") as refused:
        ours.search_traces(experiment_ids=varied.experiments, max_results=count)
    assert refused.value.error_code == INVALID_PARAMETER_VALUE


def test_experiments_keep_apart(varied: Varied, real: Any, ours: SqliteTraceStore) -> None:
    for experiment_ids in (["0"], [varied.experiments[1]], ["77"]):
        # A judgement on a session counts for its traces in these experiments alone.
        for filter_string in (None, "feedback.mood IS NULL", "feedback.mood > 5"):
            theirs = [info.trace_id for info in real.search_traces(experiment_ids, filter_string, 1000)[0]]
            found = ours.search_traces(
                experiment_ids=experiment_ids, filter_string=filter_string, max_results=1000, include_spans=False
            )
            assert [trace.info.trace_id for trace in found] == theirs
    assert ours.search_traces(experiment_ids=[]) == []
    with pytest.raises(MlflowException, match="Invalid experiment ID"):
        ours.search_traces(experiment_ids=["main.schema"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("state = 'OK'", "Invalid attribute key 'state', at character 1 of \"state = 'OK'\". Use status. "),
        ("status = 'OK' OR status = 'ERROR'", "Invalid clause 'OR', at character 15 of "),
        ("tag.k = 5", "Expected a quoted text, found the number 5, at character 9 of 'tag.k = 5'. Write '5'."),
        ("status = 'OK", "A text or name that begins with ' has no end, at character 10 of "),
        ("name >", "Invalid comparator '>' for 'name', at character 6 of 'name >'. It can be compared by =, !=, LIKE"),
        ("status", "Expected an operator after 'status', found the end, at the end of 'status'. Operators are =, !="),
        ("trace_id = 'x'", "Use request_id."),
        ("session_id = 'x'", "Use metadata.`mlflow.trace.session`."),
    ],
)
def test_a_refusal_says_what_is_wrong_where_and_what_is_right(
    text: str, said: str, varied: Varied, ours: SqliteTraceStore
) -> None:
    with pytest.raises(MlflowException) as refused:
        by_us(ours, varied, text)
    assert said in refused.value.message


# Filters made at random from the grammar.

WORDS = st.sampled_from(
    (
        "weather",
        "Weather",
        "paris",
        "PARIS",
        "a_b",
        "50%",
        "it",
        "日本",
        "naïve",
        "TOOL 1",
        "OK",
        "user 1",
        "5",
        "s1",
        "é",
    )
)
TEXTS = st.one_of(WORDS, st.text(st.characters(exclude_characters="'\\\0", exclude_categories=("Cs",)), max_size=6))
PATTERNS = st.lists(st.one_of(WORDS, st.sampled_from(("%", "_", "*", "?", "[", "]", "^", "-"))), max_size=4).map(
    "".join
)
EXPRESSIONS = st.tuples(
    st.sampled_from(("", "^")), WORDS.map(re.escape), st.sampled_from(("", "$", ".*", "[a-z]"))
).map("".join)
NUMBERS = st.one_of(
    st.integers(-1000, 1000),
    st.floats(-1000, 1000).map(lambda number: f"{number:.4f}"),
    st.integers(START_MS - 10, START_MS + 60_000 * COUNT),
).map(str)


def quoted(text: str) -> str:
    return f"'{text}'"


def compared(fields: Sequence[str], *ways: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.builds("{} {}".format, st.sampled_from(fields), st.one_of(ways))


EQUALITY = st.builds("{} {}".format, st.sampled_from(("=", "!=")), TEXTS.map(quoted))
LIKENESS = st.builds("{} {}".format, st.sampled_from(("LIKE", "ILIKE")), PATTERNS.map(quoted))
EXPRESSION = EXPRESSIONS.map(quoted).map("RLIKE {}".format)
MAGNITUDE = st.builds("{} {}".format, st.sampled_from(("<", "<=", ">", ">=")), NUMBERS)
NUMERIC = st.one_of(MAGNITUDE, st.builds("{} {}".format, st.sampled_from(("=", "!=")), NUMBERS))
MEMBERSHIP = st.builds(
    "{} ({})".format,
    st.sampled_from(("IN", "NOT IN")),
    st.lists(WORDS.map(quoted), min_size=1, max_size=3).map(", ".join),
)
PRESENCE = st.sampled_from(("IS NULL", "IS NOT NULL", "is null"))

CONDITIONS = st.one_of(
    compared(("status", "trace.request_id", "attributes.client_request_id"), EQUALITY, LIKENESS, EXPRESSION),
    compared(("attribute.status", "request_id", "client_request_id"), MEMBERSHIP),
    compared(("timestamp_ms", "trace.timestamp", "execution_time", "attribute.end_time_ms", "end_time"), NUMERIC),
    compared(("name", "trace.name", "tag.`mlflow.traceName`"), EQUALITY, LIKENESS, EXPRESSION),
    compared(
        ("tag.team", "tags.`only.even key`", "tag.nothing", "metadata.Region", "request_metadata.`mlflow.trace.user`",
         "metadata.`mlflow.trace.session`", "metadata.`mlflow.modelId`"),
        EQUALITY, LIKENESS, EXPRESSION, PRESENCE,
    ),
    compared(("span.name", "span.type", "span.status"), EQUALITY, LIKENESS, EXPRESSION, MEMBERSHIP),
    compared(("span.content", "trace.text"), LIKENESS),
    compared(("span.attributes.model", "span.attributes.`dotted.key name`"), EQUALITY, LIKENESS, EXPRESSION),
    compared(
        ("feedback.quality", "feedback.tone", "feedback.mood", "expectation.answer", "feedback.`a.b c`"),
        EQUALITY, LIKENESS, EXPRESSION, MAGNITUDE, PRESENCE,
    ),
    st.sampled_from(("issue.id = 'is-1'", "issue.id = 'x'", "prompt = 'greeting/1'", "prompt = 'a/b'")),
    compared(("metadata.`mlflow.trace.tokenUsage`", "metadata.`mlflow.trace.cost`"), EQUALITY, PRESENCE),
)  # fmt: skip
FILTERS = st.lists(CONDITIONS, min_size=1, max_size=3).map(" AND ".join)

TORN = st.builds(
    lambda text, at, put, cut: text[: at % (len(text) + 1)] + put + text[at % (len(text) + 1) + cut :],
    FILTERS,
    st.integers(0, 60),
    st.sampled_from(
        ("", " ", "'", '"', "`", "(", ")", "=", "!", ".", "5", "-", ",", ";", " OR ", " AND ", "NOT ", "é")
    ),
    st.integers(0, 3),
)

ORDERS = st.lists(
    st.builds(
        "{}{}".format,
        st.sampled_from(sorted(search_table.SORTED)),
        st.sampled_from(("", " ASC", " DESC", " desc")),
    ),
    max_size=3,
    unique_by=lambda order: search_table.SORTED[order.split(" ")[0]],
)

AT_RANDOM = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@AT_RANDOM
@given(filter_string=FILTERS, order_by=ORDERS)
def test_a_filter_at_random_finds_what_mlflow_finds(
    filter_string: str, order_by: Sequence[str], varied: Varied, real: Any, ours: SqliteTraceStore
) -> None:
    assert by_us(ours, varied, filter_string, order_by) == by_mlflow(real, varied, filter_string, order_by)


@AT_RANDOM
@given(filter_string=TORN)
def test_a_torn_filter_is_refused_or_finds_what_mlflow_finds(
    filter_string: str, varied: Varied, real: Any, ours: SqliteTraceStore
) -> None:
    """Where MLflow's tokenizer trips, ours may not; where MLflow understands, both do, and the same."""
    from mlflow.exceptions import MlflowException as Refused

    try:
        theirs = by_mlflow(real, varied, filter_string)
    except Refused:
        theirs = None
    found: Found | MlflowException
    try:
        found = by_us(ours, varied, filter_string)
    except MlflowException as refused:
        found = refused
    if isinstance(found, MlflowException):
        assert found.error_code == INVALID_PARAMETER_VALUE
        assert theirs is None or "regular expression" in found.message
    else:
        assert theirs is None or found == theirs

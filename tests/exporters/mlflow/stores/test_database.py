"""Traces in PostgreSQL, by the MLflow that is installed; and what is said where it is not, or cannot."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan

from genspan.exporters.mlflow.assemble import assemble
from genspan.exporters.mlflow.stores import Experiment, StoreUnavailable, open_store
from genspan.exporters.mlflow.stores.database.address import shown
from genspan.exporters.mlflow.stores.database.store import DatabaseStore
from genspan.exporters.mlflow.translate import translate
from support.mlflow_traces import START, chat, export, facts, get, new_id, of_sqlite, span
from support.ports import free_port

Record = Callable[..., list[ReadableSpan]]


@pytest.fixture
def mlflow(postgresql_uri: str) -> Any:
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=postgresql_uri)


@pytest.mark.parametrize(
    ("uri", "name"),
    [
        ("postgresql://mia:secret@db:5432/mlflow", "postgresql://db:5432/mlflow"),
        ("mysql+pymysql://mia:secret@db/mlflow?ssl_key=secret", "mysql+pymysql://db/mlflow"),
        ("postgresql:///mlflow?host=/run&password=secret&user=mia", "postgresql:///mlflow?host=%2Frun"),
        ("mssql+pyodbc://?odbc_connect=PWD%3Dsecret", "mssql+pyodbc://"),
    ],
)
def test_no_secret_of_the_address_is_shown(uri: str, name: str) -> None:
    assert shown(uri) == name
    assert open_store(uri).uri == name


def test_the_scheme_chooses_the_store() -> None:
    for scheme in ("postgresql", "postgresql+psycopg", "mysql+pymysql", "mssql+pymssql"):
        assert isinstance(open_store(f"{scheme}://db/mlflow"), DatabaseStore)


WITHOUT_MLFLOW = """
import sys
sys.modules["mlflow"] = None

from genspan.exporters.mlflow.model import MlflowTrace
from genspan.exporters.mlflow.stores import Experiment, StoreUnavailable, open_store

try:
    trace = MlflowTrace("tr-1", [], 0, None, "OK")
    open_store("postgresql://mia:secret@db/mlflow").write([trace], Experiment())
except StoreUnavailable as error:
    print(error)
"""


def test_where_mlflow_is_not_installed_it_says_what_to_install() -> None:
    done = subprocess.run([sys.executable, "-c", WITHOUT_MLFLOW], capture_output=True, text=True, check=True)

    assert "pip install 'mlflow[db]'" in done.stdout
    assert "postgresql://db/mlflow" in done.stdout
    assert "secret" not in done.stdout


@pytest.mark.slow
def test_where_a_driver_is_missing_it_says_what_to_install() -> None:
    with pytest.raises(StoreUnavailable, match=r"driver .*No module named 'pymssql'.*mlflow\[db\]"):
        open_store("mssql+pymssql://mia:secret@db/mlflow").write(traces(span(1)), Experiment())


def test_a_missing_driver_is_told_without_mlflow_being_imported() -> None:
    code = (
        "import sys; from genspan.exporters.mlflow.stores import StoreUnavailable;"
        "from genspan.exporters.mlflow.stores.database import installed\n"
        "try: installed.open_store('mssql+pymssql://db/mlflow', 'mssql://db/mlflow')\n"
        "except StoreUnavailable as error: print(error, 'mlflow' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.startswith("The driver for mssql://db/mlflow is not installed (No module named 'pymssql')")
    assert done.stdout.endswith("False\n")


@pytest.mark.slow
def test_a_driver_that_nobody_knows_is_told() -> None:
    with pytest.raises(StoreUnavailable, match=r"cannot be opened: .*nosuch"):
        open_store("mysql+nosuch://mia:secret@db/mlflow").write(traces(span(1)), Experiment())


@pytest.mark.slow
def test_a_database_that_is_down_is_told_at_once() -> None:
    """MLflow by itself tries ten times, for minutes."""
    store = open_store(f"postgresql+psycopg2://mia:secret@127.0.0.1:{free_port()}/mlflow")
    began = time.monotonic()

    with pytest.raises(StoreUnavailable, match="Connection refused") as error:
        store.write(traces(span(1)), Experiment())

    assert time.monotonic() - began < 30
    assert "secret" not in str(error.value)


def test_mlflow_is_not_imported_before_it_is_needed() -> None:
    code = (
        "import sys; from genspan.exporters.mlflow import MlflowSpanExporter;"
        "MlflowSpanExporter('postgresql://db/mlflow'); print('mlflow' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "False"


@pytest.mark.slow
def test_a_trace_is_the_one_that_the_sqlite_store_writes(
    postgresql_uri: str, mlflow: Any, agent_spans: Record, tmp_path: Path
) -> None:
    spans = agent_spans(model="house-model")
    trace = spans[-1].context.trace_id

    export(postgresql_uri, spans)

    read = facts(get(mlflow, trace))
    assert (read["info"]["request_preview"], read["info"]["response_preview"]) == ("Weather in Paris?", "Sunny")
    assert read == of_sqlite(tmp_path, trace, spans)


@pytest.mark.slow
def test_experiments_by_name_and_by_id(postgresql_uri: str, mlflow: Any) -> None:
    first, second, name = new_id(), new_id(), f"checkout {new_id()}"
    store = DatabaseStore(postgresql_uri)

    store.write(traces(span(first)), Experiment(name=name))
    id = mlflow.get_experiment_by_name(name).experiment_id
    store.write(traces(span(second)), Experiment(id=id))

    assert {get(mlflow, trace).info.experiment_id for trace in (first, second)} == {id}
    mlflow.delete_experiment(id)
    for experiment, told in (
        (Experiment(id="999999"), "no experiment with the id 999999"),
        (Experiment(name="Default", id="7"), "has the id 0, not 7"),
        (Experiment(id=id), "has been deleted"),
    ):
        with pytest.raises(StoreUnavailable, match=told):
            DatabaseStore(postgresql_uri).write(traces(span(new_id())), experiment)
    store.close()


@pytest.mark.slow
def test_text_that_postgresql_cannot_hold_is_replaced(postgresql_uri: str, mlflow: Any) -> None:
    """U+0000, of which it has none."""
    trace, other = new_id(), new_id()
    odd = {"session.id": "s\0", "user.id": "m\0", "mlflow.traceTag.colour": "\0", **chat("a\0b", "c\0d")}

    export(postgresql_uri, [span(trace, name="nul \0", attributes=odd), span(other)])

    read = get(mlflow, trace)
    assert (read.info.state, get(mlflow, other).info.state) == ("OK", "OK")
    assert read.info.request_preview == "a�b"
    assert read.data.spans[0].name == "nul �"
    assert read.info.trace_metadata["mlflow.trace.session"] == "s�"


@pytest.mark.slow
def test_traces_that_cannot_be_taken_take_no_others_with_them(postgresql_uri: str, mlflow: Any) -> None:
    before, after, *fine = (new_id() for _ in range(4))
    beyond = (2**63 - START) / 1e9 + 1
    store = DatabaseStore(postgresql_uri)

    rejections = store.write(
        traces(
            span(fine[0]), span(before, start=-START / 1e9 - 1), span(after, start=beyond, end=beyond), span(fine[1])
        ),
        Experiment(),
    )
    store.close()

    assert {one.trace_id for one in rejections} == {f"tr-{trace:032x}" for trace in (before, after)}
    assert all(get(mlflow, trace).info.state == "OK" for trace in fine)


@pytest.mark.slow
def test_a_child_process_has_connections_of_its_own(postgresql_uri: str, mlflow: Any) -> None:
    trace, of_child = new_id(), new_id()
    store = DatabaseStore(postgresql_uri)
    store.write(traces(span(trace)), Experiment())
    if (child := os.fork()) == 0:
        code = 1
        try:
            store.write(traces(span(of_child)), Experiment())
            code = 0
        finally:
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
    store.write(traces(span(trace, 2, 1)), Experiment())
    store.close()

    assert len(get(mlflow, trace).data.spans) == 2
    assert get(mlflow, of_child).info.state == "OK"


def traces(*spans: ReadableSpan) -> Any:
    return assemble([translate(one) for one in spans], {})

"""A file with traces of every sort, written by the real MLflow and by our exporter."""

from __future__ import annotations

import json
import os
import sqlite3
from base64 import b64encode
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# Read when mlflow is imported: no prices over the network, no usage statistics.
os.environ.update(MLFLOW_MODEL_CATALOG_URI="", MLFLOW_DISABLE_TELEMETRY="true", DO_NOT_TRACK="true")

START_MS = 1_790_000_000_000

COUNT = 70

NAMES = (
    "weather", "Weather", "WEATHER report", "50% off", "a_b", "axb", "it's", 'say "hi"', "東京 weather", "naïve",
    "NAÏVE", r"back\slash", "[brackets]*?", "", None,
)  # fmt: skip
TAGS = ("paris", "Paris", "PARIS", "par_s", "par%", "it's", "", "日本", "a\nb", "[x]", "it''s")
STATES = ("OK", "ERROR", "IN_PROGRESS", "OK", "STATE_UNSPECIFIED")
TYPES = ("LLM", "CHAT_MODEL", "TOOL", "AGENT", "RETRIEVER", "EMBEDDING", "UNKNOWN", "my type")
SESSIONS = ("s1", "s2", "S2", "séance", None)
FEEDBACK = (True, False, 1, 0, 0.5, -2, 7.25, "yes", "no", "Good", "it's 50%", None, [1, "a"], {"k": 2}, "日本", "5")
EXPECTED = ("Paris", 42, 0.1, {"city": "Rome"}, ["a"], True, "5")


@dataclass
class Varied:
    """The file, and ids of what is in it."""

    path: Path
    experiments: list[str]
    runs: list[str]
    traces: list[str] = field(default_factory=list)
    assessments: list[tuple[str, str]] = field(default_factory=list)
    """Trace id, assessment id."""

    @property
    def uri(self) -> str:
        return f"sqlite:///{self.path}"


def real_store(path: Path) -> Any:
    """MLflow's own store of a file, which does not wait for the disk."""
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
    from sqlalchemy import event

    store = SqlAlchemyStore(f"sqlite:///{path}", str(path.parent / "mlruns"))
    store.engine.dispose()
    event.listen(store.engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous = OFF"))
    return store


def fill(path: Path) -> Varied:
    """Makes the file."""
    from genspan.exporters.mlflow.stores import Experiment
    from genspan.exporters.mlflow.stores.sqlite import SqliteStore

    SqliteStore(f"sqlite:///{path}").write([], Experiment())
    store = real_store(path)
    experiments = ["0", store.create_experiment("second")]
    runs = [store.create_run(id, "me", START_MS, [], f"run of {id}").info.run_id for id in experiments]
    filled = Varied(path, experiments, runs)
    for number in range(COUNT):
        _log(store, filled, number)
    _judge(store, filled)
    store.link_traces_to_run(filled.traces[3:9], runs[0])
    store._dispose_engine()
    _link_prompt(path, filled.traces[10:13])
    _export(filled)
    return filled


def _log(store: Any, filled: Varied, number: int) -> None:
    from mlflow.entities import Span, TraceInfo, TraceLocation, TraceState

    experiment = filled.experiments[number % 7 == 0]
    trace_id = f"tr-{number + 1:032x}"
    # Some begin at the same time.
    start = START_MS + number // 2 * 60_000
    name, session = NAMES[number % len(NAMES)], SESSIONS[number % len(SESSIONS)]
    metadata = {
        "mlflow.trace.user": f"user {number % 4}",
        "mlflow.trace_schema.version": "3",
        "Region": ("eu", "us", "EU west")[number % 3],
    }
    if session is not None:
        metadata["mlflow.trace.session"] = session
    if number % 3 == 0:
        metadata["mlflow.trace.tokenUsage"] = json.dumps(
            {"input_tokens": number, "output_tokens": 2, "total_tokens": number + 2}
            | ({"cache_read_input_tokens": 1} if number % 2 else {})
        )
    if number % 4 == 0:
        cost = number / 100
        metadata["mlflow.trace.cost"] = json.dumps({"input_cost": cost, "output_cost": 0.5, "total_cost": cost + 0.5})
    if number % 5 == 0:
        metadata["mlflow.sourceRun"] = filled.runs[number % 2]
    if number % 6 == 0:
        metadata["mlflow.modelId"] = "m-1"
    if number % 8 == 0:
        metadata["mlflow.trace.sizeStats"] = json.dumps({"num_spans": 1 + number % 3})
    tags = {"team": TAGS[number % len(TAGS)], "only.even key" if number % 2 == 0 else "odd/key": str(number)}
    if name is not None:
        tags["mlflow.traceName"] = name
    store.log_spans(experiment, [Span.from_dict(span) for span in _spans(trace_id, number, start)])
    store.start_trace(
        TraceInfo(
            trace_id=trace_id,
            trace_location=TraceLocation.from_experiment_id(experiment),
            request_time=start,
            execution_duration=None if number % 9 == 0 else number * 10,
            state=TraceState(STATES[number % len(STATES)]),
            request_preview=f"What is the weather in {TAGS[number % len(TAGS)]}?",
            response_preview=None if number % 4 == 0 else "Sunny, 50% rain",
            client_request_id=None if number % 3 == 0 else f"Req_{number}",
            trace_metadata=metadata,
            tags=tags,
        )
    )
    filled.traces.append(trace_id)


def _spans(trace_id: str, number: int, start_ms: int) -> list[dict[str, Any]]:
    def id(text: str) -> str:
        return b64encode(bytes.fromhex(text)).decode()

    spans = []
    for index in range(1 + number % 3):
        type = TYPES[(number + index) % len(TYPES)]
        attributes = {
            "mlflow.traceRequestId": trace_id,
            "mlflow.spanType": type,
            "mlflow.spanInputs": {"question": f"{NAMES[number % len(NAMES)]}?", "index": index},
            "mlflow.spanOutputs": ["Sunny", TAGS[(number + index) % len(TAGS)]],
            "model": ("gpt-4o", "gpt-4o-mini", "GPT-4o", "claude_3")[(number + index) % 4],
            "temperature": number / 10,
            "dotted.key name": f"v{number}",
        }
        begin = start_ms * 1_000_000 + index * 1_000
        spans.append({
            "trace_id": id(trace_id.removeprefix("tr-")),
            "span_id": id(f"{number + 1:08x}{index + 1:08x}"),
            "parent_span_id": id(f"{number + 1:08x}{1:08x}") if index else None,
            "name": f"{type} {index}" if number % 2 else f"step_{index}%",
            "start_time_unix_nano": begin,
            "end_time_unix_nano": begin + (number + 1) * 1_000_000,
            "events": [{"name": "said", "time_unix_nano": begin + 1, "attributes": {"what": "it's 5%"}}]
            if number % 5 == 0
            else [],
            "status": {"code": "STATUS_CODE_ERROR", "message": "no luck"}
            if number % 5 == 1
            else {"code": "STATUS_CODE_OK" if number % 2 else "STATUS_CODE_UNSET", "message": ""},
            "attributes": {key: json.dumps(value, ensure_ascii=False) for key, value in attributes.items()},
            "links": [],
        })  # fmt: skip
    return spans


def _judge(store: Any, filled: Varied) -> None:
    from mlflow.entities import (
        AssessmentError,
        AssessmentSource,
        Expectation,
        Feedback,
        IssueReference,
    )

    def create(assessment: Any, number: int) -> Any:
        assessment.trace_id = filled.traces[number % COUNT]
        created = store.create_assessment(assessment)
        filled.assessments.append((created.trace_id, created.assessment_id))
        return created

    human = AssessmentSource("HUMAN", "mia@example.org")
    for number, value in enumerate(FEEDBACK * 2):
        now = START_MS + number
        create(
            Feedback(
                name=("quality", "tone", "a.b c")[number % 3],
                value=value,
                error=AssessmentError("RATE_LIMIT", "later", "at line 1") if value is None else None,
                source=human if number % 2 else AssessmentSource("LLM_JUDGE", "gpt"),
                rationale=None if number % 3 else "it's so",
                metadata={"n": str(number)} if number % 4 == 0 else None,
                span_id=f"{number + 1:08x}{1:08x}" if number % 5 == 0 else None,
                create_time_ms=now,
                last_update_time_ms=now + 1,
            ),
            number,
        )
    for number, value in enumerate(EXPECTED * 2):
        create(
            Expectation("answer" if number % 2 else "quality", value, human, create_time_ms=START_MS + 100 + number),
            number * 3,
        )
    # Of whole sessions.
    for number, value in ((2, "calm"), (7, 9)):
        create(
            Feedback("mood", value, source=human, metadata={"mlflow.trace.session": SESSIONS[number % 5]},
                     create_time_ms=START_MS + 200 + number),
            number,
        )  # fmt: skip
    create(IssueReference("is-1", "Too slow", human, run_id=filled.runs[0], rationale="look"), 15)
    create(IssueReference("is-2", "Rude", human), 16)
    before = create(Feedback("quality", "bad", source=human, create_time_ms=START_MS + 300), 20)
    create(Feedback("quality", "fine", source=human, overrides=before.assessment_id, create_time_ms=START_MS + 301), 20)
    store.update_assessment(before.trace_id, before.assessment_id, rationale="no more", metadata={"seen": "yes"})


def _link_prompt(path: Path, trace_ids: list[str]) -> None:
    with sqlite3.connect(path) as connection:
        connection.executemany(
            "INSERT INTO entity_associations VALUES (?, 'trace', ?, 'prompt_version', 'greeting/1', 0)",
            [(f"p{trace_id[-30:]}", trace_id) for trace_id in trace_ids],
        )
    connection.close()


def _export(filled: Varied) -> None:
    """Traces as an app of ours leaves them."""
    from genspan.exporters.mlflow import MlflowSpanExporter
    from support import mlflow_traces

    exporter = MlflowSpanExporter(filled.uri)
    for number in range(5):
        exporter.export(
            [
                mlflow_traces.span(
                    1_000 + number,
                    1,
                    attributes={
                        "gen_ai.operation.name": "invoke_agent",
                        "gen_ai.agent.name": "weather",
                        "gen_ai.conversation.id": "s1",
                        "gen_ai.input.messages": mlflow_traces.said("user", f"Weather in 東京 {number}? it's 50%"),
                        "gen_ai.output.messages": mlflow_traces.said("assistant", "Sunny"),
                    },
                ),
                mlflow_traces.span(
                    1_000 + number,
                    2,
                    1,
                    attributes={
                        "gen_ai.operation.name": "chat",
                        "gen_ai.request.model": "house-model",
                        "gen_ai.usage.input_tokens": number,
                        "gen_ai.usage.output_tokens": 2,
                    },
                ),
            ]
        )
        filled.traces.append(f"tr-{1_000 + number:032x}")
    exporter.shutdown()

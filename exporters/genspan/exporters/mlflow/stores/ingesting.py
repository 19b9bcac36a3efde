"""Traces by MLflow's own ingestion: the facts of those that have ended are stated, and the spans of all are logged.

So MLflow's server takes them over HTTP, and so MLflow's own database stores take them in the program itself.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace

from genspan.exporters.mlflow.model import MlflowSpan, MlflowTrace
from genspan.exporters.mlflow.stores.contract import Experiment, Rejection
from genspan.exporters.mlflow.stores.isolating import fitted, isolated, parts
from genspan.exporters.mlflow.stores.server import otlp
from genspan.exporters.mlflow.stores.server.connection import Refused
from genspan.exporters.mlflow.stores.server.joining import distinct, joined
from genspan.exporters.mlflow.stores.server.parallel import each
from genspan.exporters.mlflow.stores.server.trace_info import ENDED, StoredInfo
from genspan.exporters.mlflow.stores.sqlite import span_content
from genspan.exporters.mlflow.trace_size import with_size


class IngestingStore(ABC):
    """Writes traces through what MLflow offers its own clients.

    A trace that has no root yet is left to MLflow, which shows it as in progress; one whose root is known to run is
    stated to be so, with what is known of it. All of it may be sent again, so
    StoreUnavailable may be raised when some has been written.

    What a kind of MLflow must offer is abstract. It raises Refused for what MLflow will not take, ServerFault where
    MLflow fails for a reason that may be either's, and StoreUnavailable for what may pass.
    """

    uri: str

    def __init__(self) -> None:
        self._experiment_ids: dict[Experiment, str] = {}

    def write(self, traces: Sequence[MlflowTrace], experiment: Experiment) -> Sequence[Rejection]:
        """See `Store.write`. Rejected are traces that MLflow refuses, or fails at while it takes others."""

        def write(some: Sequence[MlflowTrace]) -> None:
            try:
                self._write(some, experiment)
            except Refused:
                # The experiment may be gone since it was found.
                self._experiment_ids.clear()
                raise

        return [rejection for part in parts(distinct(traces)) for rejection in isolated(write, part)]

    @abstractmethod
    def close(self) -> None:
        """See `Store.close`."""

    @abstractmethod
    def find_experiment(self, experiment: Experiment) -> str:
        """The id of the experiment asked for, made where it is missing."""

    @abstractmethod
    def look_up(self, trace_ids: Sequence[str], experiment_id: str) -> Mapping[str, StoredInfo]:
        """What is known of these traces; those that are not there are left out.

        They are to be written to the experiment, and may be in another. Where MLflow tells of this one alone, that is
        all there is to say.
        """

    @abstractmethod
    def log_spans(self, message: bytes, experiment_id: str) -> None:
        """Stores the spans of an OTLP message, all or none."""

    @abstractmethod
    def spans_of(self, trace_id: str) -> Sequence[MlflowSpan]:
        """The stored spans of a trace."""

    @abstractmethod
    def start_trace(self, trace: MlflowTrace, experiment_id: str) -> None:
        """States the facts of a whole trace, which MLflow's name for it puts at the start."""

    def _write(self, traces: Sequence[MlflowTrace], experiment: Experiment) -> None:
        experiment_id = self._experiment_id(experiment)
        stored = self.look_up([trace.trace_id for trace in traces], experiment_id)
        fresh = {trace.trace_id for trace in traces if trace.trace_id not in stored and _ends_with_its_spans(trace)}
        # MLflow (3.17.2) takes three times as long over the facts of a trace that is there already: it tries to add it,
        # fails, and reads it anew. In progress until its spans are there, for so it is seen if they do not get there.
        begun = [replace(trace, state="IN_PROGRESS") for trace in traces if trace.trace_id in fresh]
        each(lambda trace: self.start_trace(_with_size(trace), experiment_id), begun)
        new = [part for trace in traces if (part := _news(trace, stored.get(trace.trace_id))).spans]
        if new:
            self.log_spans(_message(new, stored), experiment_id)
        rest = [trace for trace in traces if trace.trace_id not in fresh]
        each(lambda trace: self._state_facts(trace, experiment_id, stored.get(trace.trace_id)), rest)

    def _state_facts(self, trace: MlflowTrace, experiment_id: str, before: StoredInfo | None) -> None:
        if before is None:
            if trace.state in ENDED or any(span.is_running for span in trace.spans):
                self.start_trace(_with_size(trace), experiment_id)
        elif (trace.state in ENDED or before.is_ended) and _news(trace, before).spans:
            spans = self.spans_of(trace.trace_id)
            whole = joined(trace, spans, before)
            sized = with_size(whole, map(span_content.size, spans), before.tags, before.metadata)
            self.start_trace(sized, before.experiment_id)

    def _experiment_id(self, experiment: Experiment) -> str:
        id = self._experiment_ids.get(experiment)
        if id is None:
            id = self._experiment_ids[experiment] = self.find_experiment(experiment)
        return id


def _with_size(trace: MlflowTrace) -> MlflowTrace:
    """A trace that is new, with its size."""
    return with_size(trace, {span.span_id: span_content.size(span) for span in trace.spans}.values())


def _ends_with_its_spans(trace: MlflowTrace) -> bool:
    """Whether MLflow, given the spans, ends the trace in the right state: as the span without a parent ended."""
    root = next((span for span in trace.spans if span.parent_span_id is None), None)
    return root is not None and trace.state == ("ERROR" if root.status_code == "STATUS_CODE_ERROR" else "OK")


def _news(trace: MlflowTrace, before: StoredInfo | None) -> MlflowTrace:
    """The trace without spans that run still, unless it is new: of a known one, they may have ended since.

    A span that runs has no end, for which OTLP has no room. MLflow would call a trace with such a root ended, but for
    the statement of its facts, which comes next.
    """
    if before is None or not any(span.is_running for span in trace.spans):
        return trace
    return replace(trace, spans=[span for span in trace.spans if not span.is_running])


def _message(traces: Sequence[MlflowTrace], stored: Mapping[str, StoredInfo]) -> bytes:
    tags = [_tags_with_spans(trace, stored.get(trace.trace_id)) for trace in traces]
    return fitted(traces, lambda fit: otlp.request(zip(fit, tags, strict=True)))


def _tags_with_spans(trace: MlflowTrace, before: StoredInfo | None) -> Mapping[str, str]:
    """Tags that no statement of the whole trace's facts will bring."""
    if trace.state in ENDED:
        return {}
    return {key: value for key, value in trace.tags.items() if before is None or key not in before.tags}

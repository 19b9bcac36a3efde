"""A loopback Databricks workspace: what MLflow's clients ask of one, kept as a workspace keeps it.

    with Databricks() as databricks:
        …  # DATABRICKS_HOST=databricks.url, DATABRICKS_TOKEN=TOKEN
        databricks.spans("tr-…")

What comes in is read by MLflow's own protobuf messages, and a field that they do not know is an error. It has the
workspace's API, its OAuth service and its cloud storage on one port. `MlflowClient` reads from it (see
`tests/exporters/mlflow/stores/databricks/test_beside_mlflow.py`, where MLflow's client also writes to it, so that what
is accepted here is what MLflow sends).
"""

from __future__ import annotations

import base64
import gzip
import json
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit
from xml.etree import ElementTree

from google.protobuf.json_format import MessageToDict, ParseDict, ParseError
from mlflow.protos import databricks_tracing_pb2 as v4
from mlflow.protos import service_pb2 as v3
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

TOKEN = "dapi-0123456789abcdef"
CLIENT_ID = "11111111-2222-3333-4444-555555555555"
CLIENT_SECRET = "dose-s3cret"
WORKSPACE_ID = "7474"


@dataclass(frozen=True)
class Request:
    """One request as it came."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Answer:
    """An answer; `script` takes them as well, to be given in place of the workspace's own."""

    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)


class Denied(Exception):
    """The workspace's refusal of a request."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.answer = Answer(status, json.dumps({"error_code": code, "message": message}).encode())


@dataclass
class Experiment:
    id: str
    name: str
    lifecycle_stage: str = "active"
    tags: dict[str, str] = field(default_factory=dict)

    def proto(self) -> v3.Experiment:
        return v3.Experiment(
            experiment_id=self.id,
            name=self.name,
            artifact_location=f"dbfs:/databricks/mlflow-tracking/{self.id}",
            lifecycle_stage=self.lifecycle_stage,
            tags=[v3.ExperimentTag(key=key, value=value) for key, value in self.tags.items()],
        )


class Databricks:
    """Listens on a free port of 127.0.0.1 while its `with` block lasts."""

    def __init__(self, storage: str = "AWS_PRESIGNED_URL", restates: bool = True) -> None:
        self.storage = storage
        """The kind of cloud storage."""
        self.restates = restates
        """Whether a trace may be started twice."""
        self.requests: list[Request] = []
        self.experiments: dict[str, Experiment] = {}
        self.infos: dict[str, v3.TraceInfoV3] = {}
        """By trace id, of experiments."""
        self.files: dict[str, bytes] = {}
        """By trace id."""
        self.catalog_infos: dict[tuple[str, str], v4.TraceInfo] = {}
        """By location and OpenTelemetry's trace id."""
        self.tables: dict[str, list[tuple[Span, dict[str, str]]]] = {}
        """Rows of spans tables, each with the attributes of its resource."""
        self.status_of_gzip: int | None = None
        """How it refuses a compressed message; None where it takes one."""
        self.tokens = {TOKEN}
        self.odd: set[str] = set()
        """Trace ids that it does not take."""
        self._staged: dict[str, dict[str, bytes]] = {}
        self._scripted: list[tuple[str, Answer]] = []
        self._lock = threading.RLock()
        self._http = _Server(self)
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def url(self) -> str:
        """`DATABRICKS_HOST`."""
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def add_experiment(self, name: str, id: str = "1111", **tags: str) -> Experiment:
        """An experiment that is there already."""
        experiment = self.experiments[id] = Experiment(id, name, tags=tags)
        return experiment

    def link(self, experiment: Experiment, path: str, table: str) -> None:
        """Links an experiment to tables of Unity Catalog, as MLflow's `set_experiment(trace_location=…)` asks for."""
        self.tables.setdefault(table, [])
        experiment.tags |= {
            "mlflow.experiment.databricksTraceDestinationPath": path,
            "mlflow.experiment.databricksTraceSpanStorageTable": table,
        }

    def script(self, path: str, *answers: Answer) -> None:
        """Gives these answers, each once, to requests whose path holds `path`."""
        self._scripted += [(path, answer) for answer in answers]

    def recover(self) -> None:
        """Gives no scripted answer any more."""
        self._scripted.clear()

    def asked(self, path: str = "", method: str | None = None) -> list[Request]:
        """The requests whose path holds `path`."""
        return [one for one in self.requests if path in one.path and method in (None, one.method)]

    def spans(self, trace_id: str) -> list[dict[str, Any]]:
        """The spans in a trace's file."""
        spans: list[dict[str, Any]] = json.loads(self.files[trace_id])["spans"]
        return spans

    def __enter__(self) -> Databricks:
        self._thread.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def answer(self, request: Request) -> Answer:
        """What the workspace says to a request."""
        with self._lock:
            self.requests.append(request)
            for number, (path, answer) in enumerate(self._scripted):
                if path in request.path:
                    del self._scripted[number]
                    return answer
            try:
                return self._own(request)
            except Denied as denied:
                return denied.answer
            except ParseError as error:
                return Denied(400, "MALFORMED_REQUEST", str(error)).answer

    def _own(self, request: Request) -> Answer:
        if request.path.startswith("/api/"):
            self._authenticate(request)
        for method, pattern, handle in _ROUTES:
            found = re.fullmatch(pattern, request.path)
            if found and method == request.method:
                held = handle(self, request, *map(unquote, found.groups()))
                return held if isinstance(held, Answer) else Answer(body=json.dumps(held).encode())
        raise Denied(404, "ENDPOINT_NOT_FOUND", f"No API found for '{request.method} {request.path}'")

    def _authenticate(self, request: Request) -> None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if not token:
            raise Denied(401, "UNAUTHENTICATED", "Credential was not sent or was of an unsupported type for this API.")
        if scheme != "Bearer" or token not in self.tokens:
            # The real one does not say the token, but a proxy may.
            raise Denied(403, "PERMISSION_DENIED", f"Invalid access token {token}.")

    # OAuth

    def _discovery(self, request: Request) -> Any:
        return {"oidc_endpoint": f"{self.url}/oidc", "workspace_id": WORKSPACE_ID, "cloud": "AWS"}

    def _authorization_server(self, request: Request) -> Any:
        return {
            "authorization_endpoint": f"{self.url}/oidc/v1/authorize",
            "token_endpoint": f"{self.url}/oidc/v1/token",
        }

    def _token(self, request: Request) -> Any:
        form = dict(parse_qsl(request.body.decode()))
        if form.get("grant_type") == "urn:ietf:params:oauth:grant-type:token-exchange" and form.get("subject_token"):
            return self._new_token()
        credentials = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        if request.headers.get("authorization") != f"Basic {credentials}":
            body = {"error": "invalid_client", "error_description": f"Client authentication failed for {CLIENT_SECRET}"}
            return Answer(401, json.dumps(body).encode(), {"Content-Type": "application/json"})
        if form.get("grant_type") != "client_credentials" or form.get("scope") != "all-apis":
            return Answer(400, b'{"error": "invalid_request"}', {"Content-Type": "application/json"})
        return self._new_token()

    def _new_token(self) -> Any:
        token = f"oauth-{len(self.tokens)}"
        self.tokens.add(token)
        return {"access_token": token, "token_type": "Bearer", "expires_in": 3600, "scope": "all-apis"}

    # Experiments

    def _experiment(self, request: Request) -> Any:
        experiment = self.experiments.get(request.query["experiment_id"])
        if experiment is None:
            raise Denied(404, "RESOURCE_DOES_NOT_EXIST", f"No experiment was found with id {request.query}.")
        return {"experiment": _json(experiment.proto())}

    def _experiment_by_name(self, request: Request) -> Any:
        name = request.query["experiment_name"]
        found = next((one for one in self.experiments.values() if one.name == name), None)
        if found is None:
            raise Denied(404, "RESOURCE_DOES_NOT_EXIST", f"Node {name} does not exist.")
        return {"experiment": _json(found.proto())}

    def _make_experiment(self, request: Request) -> Any:
        name = ParseDict(request.json(), v3.CreateExperiment()).name
        if not name.startswith("/"):
            raise Denied(400, "INVALID_PARAMETER_VALUE", f"Got an invalid experiment name {name!r}.")
        if any(one.name == name for one in self.experiments.values()):
            raise Denied(400, "RESOURCE_ALREADY_EXISTS", f"Node named {name} already exists")
        made = self.add_experiment(name, id=str(9000 + len(self.experiments)))
        return {"experiment_id": made.id}

    # Traces of experiments

    def _start_trace(self, request: Request) -> Any:
        info = ParseDict(request.json(), v3.StartTraceV3()).trace.trace_info
        id = info.trace_location.mlflow_experiment.experiment_id
        if id not in self.experiments:
            raise Denied(404, "RESOURCE_DOES_NOT_EXIST", f"No experiment {id!r}")
        if not re.fullmatch("tr-[0-9a-f]{32}", info.trace_id):
            raise Denied(400, "INVALID_PARAMETER_VALUE", f"Invalid trace id {info.trace_id!r}")
        if info.trace_id in self.odd:
            raise Denied(400, "INVALID_PARAMETER_VALUE", "too odd")
        _check_lengths(info)
        earlier = self.infos.get(info.trace_id)
        if earlier is not None:
            if not self.restates:
                raise Denied(400, "RESOURCE_ALREADY_EXISTS", f"Trace {info.trace_id} already exists")
            for key in earlier.tags.keys() - info.tags.keys():
                info.tags[key] = earlier.tags[key]
        info.tags["mlflow.artifactLocation"] = f"dbfs:/databricks/mlflow-tracking/{id}/{info.trace_id}"
        self.infos[info.trace_id] = info
        return {"trace": {"trace_info": _json(info)}}

    def _trace_info(self, request: Request, id: str) -> Any:
        return {"trace": {"trace_info": _json(self._info(id))}}

    def _end_trace(self, request: Request, id: str) -> Any:
        end = ParseDict(request.json(), v3.EndTrace())
        info = self._info(id)
        info.state = v3.TraceInfoV3.State.Value(v3.TraceStatus.Name(end.status))
        info.execution_duration.FromMilliseconds(end.timestamp_ms - info.request_time.ToMilliseconds())
        for pair in end.request_metadata:
            info.trace_metadata[pair.key] = pair.value
        for pair in end.tags:
            info.tags[pair.key] = pair.value
        return {}

    def _credentials(self, request: Request, id: str, purpose: str) -> Any:
        self._info(id)
        signed = f"{self.url}/storage/{id}?sig={purpose}-{id}"
        headers = [{"name": "x-ms-meta-signed", "value": "yes"}]
        return {"credential_info": {"signed_uri": signed, "type": self.storage, "headers": headers}}

    def _info(self, id: str) -> v3.TraceInfoV3:
        if id not in self.infos:
            raise Denied(404, "RESOURCE_DOES_NOT_EXIST", f"Trace with ID {id} not found")
        return self.infos[id]

    # Storage

    def _read_file(self, request: Request, id: str) -> Answer:
        self._check_signature(request, id, "download")
        return Answer(body=self.files[id]) if id in self.files else Answer(404, b"<Error>NoSuchKey</Error>")

    def _write_file(self, request: Request, id: str) -> Answer:
        self._check_signature(request, id, "upload")
        query, kind, staged = request.query, self.storage, self._staged.setdefault(id, {})
        match (kind, request.method, query.get("comp") or query.get("resource") or query.get("action")):
            case ("AWS_PRESIGNED_URL" | "GCP_SIGNED_URL", "PUT", None):
                if "content-type" in request.headers:
                    return Answer(403, b"<Error>SignatureDoesNotMatch</Error>")
                self.files[id] = request.body
            case ("AZURE_SAS_URI", "PUT", "block") if request.headers.get("x-ms-blob-type") == "BlockBlob":
                staged[query["blockid"]] = request.body
                return Answer(201, b"")
            case ("AZURE_SAS_URI", "PUT", "blocklist"):
                ids = [element.text or "" for element in ElementTree.fromstring(request.body)]
                self.files[id] = b"".join(staged[one] for one in ids)
                staged.clear()
                return Answer(201, b"")
            case ("AZURE_ADLS_GEN2_SAS_URI", "PUT", "file"):
                staged["file"] = b""
                return Answer(201, b"")
            case ("AZURE_ADLS_GEN2_SAS_URI", "PATCH", "append") if int(query["position"]) == len(staged["file"]):
                staged["file"] += request.body
                if query.get("flush") == "true":
                    self.files[id] = staged["file"]
                return Answer(202, b"")
            case ("AZURE_ADLS_GEN2_SAS_URI", "PATCH", "flush") if int(query["position"]) == len(staged["file"]):
                self.files[id] = staged["file"]
            case _:
                return Answer(400, b"<Error>InvalidRequest</Error>")
        return Answer(body=b"")

    def _check_signature(self, request: Request, id: str, purpose: str) -> None:
        if "authorization" in request.headers:
            raise Denied(400, "InvalidArgument", "Only one auth mechanism allowed")
        if request.query.get("sig") != f"{purpose}-{id}":
            raise Denied(403, "SignatureDoesNotMatch", "no")
        is_signed = request.headers.get("x-ms-meta-signed") == "yes"
        if purpose == "upload" and self.storage in ("AWS_PRESIGNED_URL", "GCP_SIGNED_URL") and not is_signed:
            raise Denied(403, "SignatureDoesNotMatch", "a signed header is missing")

    # Unity Catalog

    def _log_spans(self, request: Request) -> Answer:
        if request.headers.get("content-type") != "application/x-protobuf":
            raise Denied(400, "INVALID_PARAMETER_VALUE", "Unsupported content type")
        table = request.headers.get("x-databricks-uc-table-name")
        if not table:
            raise Denied(400, "INVALID_PARAMETER_VALUE", "X-Databricks-UC-Table-Name is missing")
        if table not in self.tables:
            raise Denied(404, "TABLE_DOES_NOT_EXIST", f"Table '{table}' does not exist.")
        is_compressed = request.headers.get("content-encoding") == "gzip"
        if is_compressed and self.status_of_gzip is not None:
            raise Denied(self.status_of_gzip, "MALFORMED_REQUEST", "not a protobuf message")
        message = ExportTraceServiceRequest.FromString(gzip.decompress(request.body) if is_compressed else request.body)
        rows = [
            (span, {pair.key: pair.value.string_value for pair in group.resource.attributes})
            for group in message.resource_spans
            for scope in group.scope_spans
            for span in scope.spans
        ]
        if any(len(span.trace_id) != 16 or len(span.span_id) != 8 for span, _ in rows):
            raise Denied(400, "INVALID_PARAMETER_VALUE", "Invalid id of a span")
        if any(f"tr-{span.trace_id.hex()}" in self.odd for span, _ in rows):
            raise Denied(400, "INVALID_PARAMETER_VALUE", "too odd")
        self.tables[table] += rows
        return Answer(body=b"", headers={"Content-Type": "application/x-protobuf"})

    def _create_info(self, request: Request, location: str, id: str) -> Any:
        info = ParseDict(request.json(), v4.TraceInfo())
        if info.trace_id != id or _path(info.trace_location) != location:
            raise Denied(400, "INVALID_PARAMETER_VALUE", "The trace is not the one of the address")
        if info.trace_metadata["mlflow.trace_schema.version"] != "4":
            raise Denied(400, "INVALID_PARAMETER_VALUE", "The trace is not of schema version 4")
        _check_lengths(info)
        self.catalog_infos[location, id] = info
        return _json(info)

    def _catalog_info(self, request: Request, location: str, id: str) -> Any:
        if (location, id) not in self.catalog_infos:
            raise Denied(404, "RESOURCE_DOES_NOT_EXIST", f"Trace {id} not found")
        return {"trace": {"trace_info": _json(self.catalog_infos[location, id])}}

    def _batch_get(self, request: Request, location: str) -> Any:
        ids = parse_qsl(urlsplit(f"?{request.query['']}").query)
        wanted = [value for key, value in ids if key == "trace_ids"]
        traces = []
        for id in wanted:
            info = self.catalog_infos.get((location, id))
            if info is not None:
                spans = [span for rows in self.tables.values() for span, _ in rows if span.trace_id.hex() == id]
                traces.append(_json(v4.Trace(trace_info=info, spans=spans)))
        return {"traces": traces}


def _path(place: v4.TraceLocation) -> str:
    if place.type == v4.TraceLocation.UC_SCHEMA:
        return f"{place.uc_schema.catalog_name}.{place.uc_schema.schema_name}"
    prefix = place.uc_table_prefix
    return f"{prefix.catalog_name}.{prefix.schema_name}.{prefix.table_prefix}"


def _check_lengths(info: Any) -> None:
    """MLflow's limits (`tracing.constant`, 3.17.2)."""
    if max(len(info.request_preview), len(info.response_preview)) > 10_000:
        raise Denied(400, "INVALID_PARAMETER_VALUE", "A preview is too long")
    if any(len(text) > 250 for pair in info.trace_metadata.items() for text in pair):
        raise Denied(400, "INVALID_PARAMETER_VALUE", "A metadata entry is too long")
    if any(len(key) > 250 or len(value) > 4096 for key, value in info.tags.items()):
        raise Denied(400, "INVALID_PARAMETER_VALUE", "A tag is too long")


def _json(message: Any) -> Any:
    return MessageToDict(message, preserving_proto_field_name=True)


_ROUTES: list[tuple[str, str, Callable[..., Any]]] = [
    ("GET", "/.well-known/databricks-config", Databricks._discovery),
    ("GET", "/oidc/.well-known/oauth-authorization-server", Databricks._authorization_server),
    ("POST", "/oidc/v1/token", Databricks._token),
    ("GET", "/api/2.0/mlflow/experiments/get", Databricks._experiment),
    ("GET", "/api/2.0/mlflow/experiments/get-by-name", Databricks._experiment_by_name),
    ("POST", "/api/2.0/mlflow/experiments/create", Databricks._make_experiment),
    ("POST", "/api/3.0/mlflow/traces", Databricks._start_trace),
    ("GET", "/api/3.0/mlflow/traces/(tr-[^/]+)", Databricks._trace_info),
    ("PATCH", "/api/2.0/mlflow/traces/(tr-[^/]+)", Databricks._end_trace),
    ("GET", "/api/2.0/mlflow/traces/(tr-[^/]+)/credentials-for-data-(upload|download)", Databricks._credentials),
    ("GET", "/storage/([^/]+)", Databricks._read_file),
    ("PUT", "/storage/([^/]+)", Databricks._write_file),
    ("PATCH", "/storage/([^/]+)", Databricks._write_file),
    ("POST", "/api/2.0/otel/v1/traces", Databricks._log_spans),
    ("POST", "/api/4.0/mlflow/traces/([^/]+)/([0-9a-f]{32})/info", Databricks._create_info),
    ("GET", "/api/4.0/mlflow/traces/([^/]+)/([0-9a-f]{32})/info", Databricks._catalog_info),
    ("GET", "/api/4.0/mlflow/traces/([^/]+)/batchGet", Databricks._batch_get),
]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, workspace: Databricks) -> None:
        self.workspace = workspace
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query)) | {"": parts.query}
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.server.workspace.answer(Request(self.command, parts.path, query, headers, body))
        self.send_response_only(answer.status)
        for name, value in {"Content-Type": "application/json", **answer.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve

    def log_message(self, *args: Any) -> None:
        pass

"""The process of a real MLflow server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import httpx

from support.ports import free_port


class MlflowServer:
    """MLflow's server, always at the same port of 127.0.0.1 however often it is started.

    It keeps its data in a SQLite file, or in `backend` where that is given, and its log and artifacts beside the file.
    `app` is what uvicorn serves, with its options.

    This is the process that `mlflow server` (3.17.2) starts, started without that command's own: it would import all
    of MLflow first, as the server does again. `tests/distro/cli/test_ui_and_demo.py` goes the whole way.
    """

    def __init__(
        self,
        file: Path,
        backend: str | None = None,
        app: Sequence[str] = ("mlflow.server.fastapi_app:app",),
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self.file = file
        self._backend = backend or f"sqlite:///{file}"
        self._app = app
        self._environ = environ or {}
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self._log = file.with_suffix(".server.log")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, timeout: float = 120) -> None:
        """Starts the server and waits until it answers."""
        artifacts = self.file.parent
        with self._log.open("a") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "uvicorn", "--host", "127.0.0.1", "--port", str(self._port), *self._app],
                stdout=output,
                stderr=subprocess.STDOUT,
                env=os.environ
                | {
                    "_MLFLOW_SERVER_FILE_STORE": self._backend,
                    "_MLFLOW_SERVER_ARTIFACT_ROOT": str(artifacts),
                    "_MLFLOW_SERVER_ARTIFACT_DESTINATION": str(artifacts / "mlartifacts"),
                    "_MLFLOW_SERVER_SERVE_ARTIFACTS": "true",
                    "_MLFLOW_SGI_NAME": "uvicorn",
                    "MLFLOW_MODEL_CATALOG_URI": "",
                    "MLFLOW_DISABLE_TELEMETRY": "true",
                    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
                    "DO_NOT_TRACK": "true",
                    **self._environ,
                },
            )
        try:
            self._await(self._process, timeout)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Ends the server as an operator does."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Ends the server as a machine that fails."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(how)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _await(self, process: subprocess.Popen[bytes], timeout: float) -> None:
        deadline = time.monotonic() + timeout
        # Not `/health`: with the first question of this kind the server looks after its database.
        asked = f"{self.url}/api/2.0/mlflow/experiments/get?experiment_id=0"
        while time.monotonic() < deadline:
            assert process.poll() is None, self._log.read_text()
            try:
                # To read what certificates to trust, which HTTP needs none of, would take 20 ms each time.
                if httpx.get(asked, trust_env=False, verify=False, timeout=timeout).status_code in (200, 401):
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.1)
        raise TimeoutError(f"MLflow is not ready after {timeout} s:\n{self._log.read_text()}")

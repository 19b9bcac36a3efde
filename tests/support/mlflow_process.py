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
    """`mlflow server`, always at the same port of 127.0.0.1 however often it is started.

    It keeps its data in a SQLite file, or in `backend` where that is given, and its log and artifacts beside the file.
    """

    def __init__(
        self,
        file: Path,
        backend: str | None = None,
        options: Sequence[str] = (),
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self.file = file
        self._backend = backend or f"sqlite:///{file}"
        self._options = options
        self._environ = environ or {}
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self._log = file.with_suffix(".server.log")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, timeout: float = 120) -> None:
        """Starts the server and waits until it answers."""
        command = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", self._backend]
        artifacts = str(self.file.parent)
        with self._log.open("a") as output:
            self._process = subprocess.Popen(
                [
                    *(*command, "--default-artifact-root", artifacts, "--port", str(self._port), "--workers", "1"),
                    *self._options,
                ],
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=os.environ
                | {
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
        try:
            # The server has workers of its own, which are in its process group.
            os.killpg(process.pid, how)
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        except ProcessLookupError:
            process.wait()

    def _await(self, process: subprocess.Popen[bytes], timeout: float) -> None:
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            assert process.poll() is None, self._log.read_text()
            try:
                if httpx.get(f"{self.url}/health", trust_env=False).status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.2)
        raise TimeoutError(f"MLflow is not ready after {timeout} s:\n{self._log.read_text()}")

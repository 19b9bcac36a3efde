#!/bin/sh
# Runs examples/agent.py, traced, and shows its traces. Called by `make demo`, with the virtual environment's bin first
# in PATH. OPENAI_API_KEY set: the real API answers; else a model server on loopback does.
set -eu
cd "$(dirname "$0")/.."
mkdir -p .demo

if [ -z "${OPENAI_API_KEY:-}" ]; then
    echo "OPENAI_API_KEY is not set: a small model server on this machine answers."
    rm -f .demo/server.url
    python -m genspan.distro.demo.server --ready-file .demo/server.url >.demo/server.log 2>&1 &
    server=$!
    trap 'kill "$server" 2>/dev/null || :' EXIT
    trap 'exit 130' INT TERM HUP
    until [ -s .demo/server.url ]; do
        kill -0 "$server" 2>/dev/null || { cat .demo/server.log >&2; exit 1; }
        sleep 0.1
    done
    OPENAI_API_KEY=none OPENAI_BASE_URL=$(cat .demo/server.url)
    # A proxy of the machine must not be asked for a server on loopback.
    no_proxy="127.0.0.1,${no_proxy:-${NO_PROXY:-}}" NO_PROXY=$no_proxy
    export OPENAI_API_KEY OPENAI_BASE_URL no_proxy NO_PROXY
fi

MLFLOW_TRACKING_URI="sqlite:///$PWD/.demo/mlflow.db"
OTEL_SERVICE_NAME="${OTEL_SERVICE_NAME:-support-desk}"
export MLFLOW_TRACKING_URI OTEL_SERVICE_NAME

echo "\$ opentelemetry-instrument python examples/agent.py"
echo
opentelemetry-instrument python examples/agent.py
echo
echo "\$ genspan show --last 3"
echo
genspan show --last 3

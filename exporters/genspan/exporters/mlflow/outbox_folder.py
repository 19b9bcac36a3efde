"""Where outboxes are kept: the first of these folders that can be written to.

1. `GENSPAN_OUTBOX_DIR`, where set;
2. the user's folder for program state: `$XDG_STATE_HOME/genspan/outbox`, `~/.local/state/genspan/outbox`,
   `%LOCALAPPDATA%\\genspan\\outbox` on Windows. Never beside the tracking database, whose folder may be what is full or
   read-only;
3. the folder for temporary files, as in containers with a read-only root.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from typing import Final

GENSPAN_OUTBOX_DIR: Final = "GENSPAN_OUTBOX_DIR"


def find_folder(environ: Mapping[str, str]) -> str:
    """The folder for outboxes: the first that can be written to, made if need be; the last, if none can."""
    candidates = list(folders(environ))
    return next(filter(_is_usable, candidates), candidates[-1])


def folders(environ: Mapping[str, str]) -> Iterator[str]:
    """The folders that outboxes may be in, the likeliest first; whether or not they are there."""
    if chosen := environ.get(GENSPAN_OUTBOX_DIR):
        yield chosen
        return
    state = environ.get("XDG_STATE_HOME") or environ.get("LOCALAPPDATA") or os.path.expanduser("~/.local/state")
    yield os.path.join(state, "genspan", "outbox")
    user = os.getuid() if hasattr(os, "getuid") else environ.get("USERNAME", "user")
    yield os.path.join(tempfile.gettempdir(), f"genspan-{user}", "outbox")


def _is_usable(folder: str) -> bool:
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        # In a folder that all may write to, somebody else may have been first.
        own = not hasattr(os, "getuid") or os.stat(folder).st_uid == os.getuid()
    except OSError:
        return False
    return own and os.access(folder, os.W_OK | os.X_OK)

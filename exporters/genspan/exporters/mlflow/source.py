"""Where traces come from: the facts of this program that MLflow's clients record with every trace."""

from __future__ import annotations

import configparser
import getpass
import os
import re
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

from genspan.exporters.mlflow.keys import TraceMetadataKey

OF_THE_ENVIRONMENT: Final[Mapping[str, str]] = {
    TraceMetadataKey.SOURCE_RUN: "MLFLOW_RUN_ID",
    TraceMetadataKey.MODEL_ID: "MLFLOW_ACTIVE_MODEL_ID",
}
"""Metadata, and the variable that gives it. By the first, MLflow shows the traces on the page of a run; its own client
takes the run from the program, where one has been started in it."""


@cache
def program_metadata() -> Mapping[str, str]:
    """User, script, run and Git commit of this program as trace metadata, found once.

    Names and rules are MLflow's (`DefaultRunContext`, `resolve_env_metadata`, 3.17.2): the user is the tracking
    server's, else the operating system's; Git is that of the working directory. What cannot be found is left out.
    """
    facts = {
        TraceMetadataKey.USER: _user(),
        TraceMetadataKey.SOURCE_NAME: sys.argv[0] if sys.argv and sys.argv[0] else "<console>",
        TraceMetadataKey.SOURCE_TYPE: "LOCAL",
        **_working_git(),
        **{key: value for key, name in OF_THE_ENVIRONMENT.items() if (value := os.environ.get(name))},
    }
    return MappingProxyType(facts)


def _user() -> str:
    try:
        return os.environ.get("MLFLOW_TRACKING_USERNAME") or getpass.getuser()
    except (ImportError, KeyError, OSError):
        return "unknown"


def _working_git() -> dict[str, str]:
    try:
        return git_metadata(Path.cwd())
    except FileNotFoundError:
        # The working directory has been removed.
        return {}


def git_metadata(folder: Path) -> dict[str, str]:
    """Commit, branch and repository address of the Git work tree that holds `folder`; empty outside of one.

    Credentials in the address are left out. Read from Git's files, since a program that is being traced should not find
    itself starting others.
    """
    try:
        git = next((tree / ".git" for tree in (folder, *folder.parents) if (tree / ".git").exists()), None)
        if git is None:
            return {}
        if git.is_file():
            # A linked work tree or a submodule: the file names the folder.
            git = (git.parent / git.read_text().removeprefix("gitdir:").strip()).resolve()
        shared = git / "commondir"
        common = (git / shared.read_text().strip()).resolve() if shared.exists() else git
        head = (git / "HEAD").read_text().strip()
        reference = head.removeprefix("ref:").strip() if head.startswith("ref:") else None
        facts = {
            TraceMetadataKey.GIT_COMMIT: _commit(common, reference) if reference else head,
            TraceMetadataKey.GIT_BRANCH: reference.removeprefix("refs/heads/") if reference else None,
            TraceMetadataKey.GIT_REPO_URL: _repository(common),
        }
        return {key: fact for key, fact in facts.items() if fact}
    except (OSError, ValueError, configparser.Error):
        return {}


def _commit(git: Path, reference: str) -> str | None:
    loose = git / reference
    if loose.exists():
        return loose.read_text().strip()
    packed = git / "packed-refs"
    if packed.exists():
        for line in packed.read_text().splitlines():
            commit, _, name = line.partition(" ")
            if name == reference:
                return commit
    return None


def _repository(git: Path) -> str | None:
    config = configparser.ConfigParser(strict=False, interpolation=None, allow_no_value=True)
    config.read(git / "config")
    address = config.get('remote "origin"', "url", fallback=None)
    return address and re.sub(r"(?<=://)[^/@]*@", "", address)

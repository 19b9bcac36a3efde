"""What is known of the program that is traced."""

import subprocess
import sys
from pathlib import Path

import pytest

from genspan.exporters.mlflow.source import git_metadata, program_metadata


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    return subprocess.run(
        ["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "--initial-branch", "feature/x")
    git(folder, "remote", "add", "origin", "https://example.org/repository.git")
    git(folder, "commit", "--allow-empty", "--message", "first")
    return folder


def test_the_run_and_the_model_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_RUN_ID", "r1")
    monkeypatch.setenv("MLFLOW_ACTIVE_MODEL_ID", "m-1")
    program_metadata.cache_clear()
    try:
        facts = program_metadata()
    finally:
        program_metadata.cache_clear()

    assert (facts["mlflow.sourceRun"], facts["mlflow.modelId"]) == ("r1", "m-1")


def test_commit_branch_and_address(repository: Path) -> None:
    inner = repository / "src" / "app"
    inner.mkdir(parents=True)
    expected = {
        "mlflow.source.git.commit": git(repository, "rev-parse", "HEAD"),
        "mlflow.source.git.branch": "feature/x",
        "mlflow.source.git.repoURL": "https://example.org/repository.git",
    }
    assert git_metadata(inner) == expected
    git(repository, "pack-refs", "--all")
    assert git_metadata(inner) == expected


def test_credentials_in_the_address_are_left_out(repository: Path) -> None:
    git(repository, "remote", "set-url", "origin", "https://ada:secret@example.org/repository.git")
    assert git_metadata(repository)["mlflow.source.git.repoURL"] == "https://example.org/repository.git"


def test_a_detached_head_has_no_branch(repository: Path) -> None:
    git(repository, "checkout", "--detach")
    assert "mlflow.source.git.branch" not in git_metadata(repository)
    assert git_metadata(repository)["mlflow.source.git.commit"] == git(repository, "rev-parse", "HEAD")


def test_a_linked_work_tree(repository: Path, tmp_path: Path) -> None:
    git(repository, "worktree", "add", "-b", "side", str(tmp_path / "linked"))
    assert git_metadata(tmp_path / "linked") == {
        **git_metadata(repository),
        "mlflow.source.git.branch": "side",
    }


def test_no_or_broken_git_is_no_failure(tmp_path: Path) -> None:
    assert git_metadata(tmp_path) == {}
    (tmp_path / ".git").write_text("gitdir: nowhere")
    assert git_metadata(tmp_path) == {}


def test_user_and_script(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "ada")
    monkeypatch.setattr(sys, "argv", ["/srv/app.py"])
    program_metadata.cache_clear()
    try:
        facts = program_metadata()
    finally:
        program_metadata.cache_clear()
    assert facts["mlflow.user"] == "ada"
    assert facts["mlflow.source.name"] == "/srv/app.py"
    assert facts["mlflow.source.type"] == "LOCAL"

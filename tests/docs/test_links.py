"""Links in README, CONTRIBUTING, CHANGELOG and docs lead somewhere; `make lint` fails for one of docs that does not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from mkdocs.commands.build import build
from mkdocs.config import load_config
from mkdocs.exceptions import Abort
from repository_links import is_address, targets

REPOSITORY = Path(__file__).parents[2]
PAGES = sorted(REPOSITORY.glob("*.md"))


def _anchors(page: Path) -> set[str]:
    """The headings of a page, as GitHub and the site make them into anchors."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pages_outside_the_site(page: Path) -> None:
    text = page.read_text()
    for target in (*targets(text), *re.findall(r"!\[[^\]]*\]\(([^)]+)\)", text)):
        path, _, anchor = target.partition("#")
        if ":" in target:
            assert is_address(target), target
            continue
        assert not path or (page.parent / path).exists(), target
        assert not anchor or anchor in _anchors(page.parent / path if path else page), target


GOOD = "# Page\n\n[here](#page), [a file](../file.txt), [far away](https://example.org/x)\n"


def _site(folder: Path, page: str, repo_url: str = "") -> str:
    """A site of one page in a repository with one file, built as `make lint` builds ours; gives the page's HTML."""
    (folder / "docs").mkdir()
    (folder / "docs" / "index.md").write_text(page)
    (folder / "file.txt").write_text("")
    ours = yaml.safe_load((REPOSITORY / "mkdocs.yml").read_text())
    (folder / "mkdocs.yml").write_text("site_name: test\n")
    config = load_config(
        str(folder / "mkdocs.yml"),
        strict=True,
        repo_url=repo_url,
        validation=ours["validation"],
        hooks=[str(REPOSITORY / "docs" / "repository_links.py")],
    )
    build(config)
    return (folder / "site" / "index.html").read_text()


def test_files_of_the_repository(tmp_path: Path) -> None:
    assert "a file, <a " in _site(tmp_path, GOOD)


def test_files_of_the_repository_where_it_has_an_address(tmp_path: Path) -> None:
    html = _site(tmp_path, GOOD, "https://example.org/genspan")
    assert '<a href="https://example.org/genspan/blob/main/file.txt">a file</a>' in html


@pytest.mark.parametrize(
    "link",
    ["[x](missing.md)", "[x](../missing.txt)", "[x](#missing)", "[x](https:/example)", "[x](/index.md)", "![x](x.png)"],
)
def test_what_leads_nowhere_fails(tmp_path: Path, link: str) -> None:
    with pytest.raises(Abort, match="1 warnings in strict mode"):
        _site(tmp_path, f"{GOOD}\n{link}\n")


def test_links_in_code_are_none() -> None:
    assert targets("[a](b) `[c](d)` [`e`](f)\n```\n[g](h)\n```\n") == ["b", "f"]

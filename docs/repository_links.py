"""Links of pages that leave the site: to files of the repository, and to other sites.

The pages are read in the repository as well, where `../tests/…` leads somewhere. In the site it is a link to `repo_url`
if mkdocs.yml has one, and the text alone otherwise; a file that is not there is a warning, which fails `make docs`.
Addresses of other sites are not fetched: what cannot be one is a warning.
"""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

LINK: Final = re.compile(r"(?<!!)\[(?P<text>[^\]\[]*)\]\((?P<target>[^()\s]+)\)")
DEFINITION: Final = re.compile(r"^\[[^\]]+\]:\s+(?P<target>\S+)", re.MULTILINE)
CODE: Final = re.compile(r"```.*?```|`[^`\n]+`(?!\])", re.DOTALL)
"""Blocks, and code within lines that is no link's text."""

_logger = logging.getLogger("mkdocs.hooks.repository_links")


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """MkDocs' hook: the page as the site has it."""
    repository = Path(config.config_file_path).parent
    source = Path(page.file.abs_src_path)
    for target in (*targets(markdown), *DEFINITION.findall(markdown)):
        if urlsplit(target).scheme and not is_address(target):
            _logger.warning("%s: %s is no address", page.file.src_uri, target)

    def replaced(link: re.Match[str]) -> str:
        path, _, anchor = link["target"].partition("#")
        file = (source.parent / path).resolve()
        if urlsplit(link["target"]).scheme or not path or _is_in_site(file, config, files):
            return link[0]
        if not file.is_relative_to(repository) or not file.exists():
            _logger.warning("%s: there is no %s", page.file.src_uri, link["target"])
        if not config.repo_url:
            return link["text"]
        address = f"{config.repo_url.rstrip('/')}/blob/main/{file.relative_to(repository).as_posix()}"
        return f"[{link['text']}]({address}{anchor and f'#{anchor}'})"

    return LINK.sub(replaced, markdown)


def targets(markdown: str) -> list[str]:
    """Where the links of a page lead that are written in place; those in code are none."""
    return [link["target"] for link in LINK.finditer(CODE.sub("", markdown))]


def is_address(target: str) -> bool:
    """Whether this can be the address of a page, or of somebody's mail."""
    parts = urlsplit(target)
    if parts.scheme == "mailto":
        return "@" in parts.path
    return parts.scheme in ("http", "https") and "." in (parts.hostname or "")


def _is_in_site(file: Path, config: Any, files: Any) -> bool:
    if not file.is_relative_to(config.docs_dir):
        return False
    found = files.get_file_from_path(file.relative_to(config.docs_dir).as_posix())
    return found is not None and bool(found.inclusion.is_included())

"""Packages that a test makes up, found by entry points as if pip had installed them."""

from __future__ import annotations

from pathlib import Path


def install(site: Path, name: str, entry_points: str, **modules: str) -> None:
    """Lays a package's metadata and modules (name to source) into a folder, which goes on PYTHONPATH."""
    info = site / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(entry_points)
    for module, source in modules.items():
        (site / f"{module}.py").write_text(source)

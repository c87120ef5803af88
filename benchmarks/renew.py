# SPDX-License-Identifier: Apache-2.0
"""The records of all machines, and the documents that show them."""

from __future__ import annotations

from pathlib import Path

from benchmarks.plots import draw
from benchmarks.tables import brief, document
from xsense_ros.bench.rows import Record, read_record

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / 'benchmarks' / 'results'
DOCUMENT, README = ROOT / 'docs' / 'benchmarks.md', ROOT / 'README.md'
SECTION = 'bench'  # of the markers


def records(folder: Path = RESULTS) -> list[Record]:
    """What was measured, one a machine, by name."""
    return [read_record(path) for path in sorted(folder.glob('*.json'))]


def save(record: Record, folder: Path = RESULTS) -> Path:
    """Write a record in the place of what the same machine measured before."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f'{record.slug}.json'
    path.write_text(record.to_json(), encoding='utf-8')
    return path


def pictures(folder: Path, found: list[Record]) -> dict[str, list[str]]:
    """Pictures that are there, by slug of the record."""
    drawn = {one.slug: folder.glob(f'bench-{one.slug}-*.svg') for one in found}
    return {slug: sorted((path.name for path in of), reverse=True) for slug, of in drawn.items()}


def renew(results: Path = RESULTS, page: Path = DOCUMENT, readme: Path = README) -> None:
    """Draw the pictures and write the tables of the two documents again.

    Raises:
        InputError: a document without the markers of the section.
    """
    # Of the training side, which has the same kind of tables; only renewing needs it.
    from xsense_training.evaluate.report import write_section

    found = records(results)
    for one in found:
        draw(one, page.parent)
    write_section(page, SECTION, document(found, pictures(page.parent, found)))
    write_section(readme, SECTION, brief(found))

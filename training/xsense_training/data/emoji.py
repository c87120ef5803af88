# SPDX-License-Identifier: Apache-2.0
"""Emoji: one thing in several drawing styles, with an annotation and tags.

Names, groups and tags come from OpenMoji's openmoji.csv; pictures from OpenMoji (colour SVG, and
the same drawing in black lines), Noto (emoji-datasource-google, PNG 64 px) and Twemoji (SVG). They
are joined by code point.
"""

from __future__ import annotations

import csv
from collections.abc import Collection
from pathlib import Path

from xsense_training.data.classes import category_of
from xsense_training.data.concept import Concept
from xsense_training.data.render import render_all
from xsense_training.data.root import require

THINGS = ('animals-nature', 'food-drink', 'travel-places', 'activities', 'objects')
LICENCES = {
    'openmoji': 'CC-BY-SA-4.0',
    'openmoji-black': 'CC-BY-SA-4.0',
    'noto': 'Apache-2.0',
    'twemoji': 'CC-BY-4.0',
}


def code_points(name: str) -> str:
    """Spelling of a code point sequence that all three sets agree on.

    They differ in letter case, leading zeros and the invisible presentation selector FE0F.
    """
    parts = (part.lstrip('0') for part in name.lower().split('-'))
    return '-'.join(part for part in parts if part != 'fe0f')


def load_emoji(
    root: Path, groups: Collection[str] | None = THINGS, line_art: bool = False
) -> list[Concept]:
    """Emoji as concepts (fold not yet assigned), ordered by id.

    Args:
        root: data root.
        groups: OpenMoji groups to take; None means all. Skin tone variants are always left out.
        line_art: add OpenMoji's black drawing. It is the same drawing as the colour one, so never
            ask with one of the two and expect the other as proof of anything.

    Raises:
        InputError: a data set has not been fetched.
    """
    table = require(root, 'openmoji/data/openmoji.csv', 'emoji')
    with table.open(encoding='utf-8', newline='') as file:
        rows = [
            row
            for row in csv.DictReader(file)
            if not row['skintone'] and (groups is None or row['group'] in groups)
        ]
    noto = _by_code(require(root, 'emoji-datasource-google/img/google/64', 'emoji'), '.png')
    folders = {'openmoji': 'openmoji/color/svg', 'twemoji': 'twemoji-svg'}
    if line_art:
        folders['openmoji-black'] = 'openmoji/black/svg'
    drawings = {
        style: _by_code(require(root, folder, 'emoji'), '.svg')
        for style, folder in folders.items()
    }
    codes = {code_points(row['hexcode']) for row in rows}
    rasters = render_all(
        [file for files in drawings.values() for code, file in files.items() if code in codes],
        root,
    )
    concepts = []
    for row in rows:
        code = code_points(row['hexcode'])
        pictures = {
            style: rasters[files[code]] for style, files in drawings.items() if code in files
        }
        if code in noto:
            pictures['noto'] = noto[code]
        tags = _tags(row)
        concepts.append(
            Concept(
                id=f'emoji/{row["hexcode"]}',
                source='emoji',
                name=row['annotation'],
                texts=(row['annotation'],),
                images=tuple(pictures.values()),
                category=category_of(row['annotation'], row['subgroups']),
                tags=tags,
                styles=tuple(pictures),
                licences=tuple((style, LICENCES[style]) for style in pictures),
            )
        )
    return sorted(concepts, key=lambda concept: concept.id)


def _by_code(folder: Path, suffix: str) -> dict[str, Path]:
    return {code_points(file.stem): file for file in sorted(folder.glob(f'*{suffix}'))}


def _tags(row: dict[str, str]) -> tuple[str, ...]:
    """Unicode's keywords, then OpenMoji's own, each once, without the annotation itself."""
    listed = f'{row["tags"]},{row["openmoji_tags"]}'.split(',')
    unique = dict.fromkeys(tag.strip().lower() for tag in listed)
    return tuple(tag for tag in unique if tag and tag != row['annotation'].lower())

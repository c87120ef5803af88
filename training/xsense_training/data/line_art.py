# SPDX-License-Identifier: Apache-2.0
"""Line art and colour pictures of the same things: OpenMoji's black drawings, Twemoji and Noto.

The split is by SUBGROUP ("animal-bird", "musical-instrument"): whole kinds of things are unseen.
OpenMoji's colour drawing is the black one filled in, so it is never a picture here.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from xsense_ros.errors import InputError
from xsense_training.data.emoji import THINGS, code_points, load_emoji
from xsense_training.data.line_art_split import MANIFEST, read_folds
from xsense_training.data.root import require

STYLES = ('twemoji', 'noto')
LINE = 'openmoji-black'
# Groups that only ever train: flags are all the same rectangle, "extras" have one style alone.
EXTRA_GROUPS = ('smileys-emotion', 'people-body', 'symbols')


@dataclass(frozen=True)
class LineConcept:
    """One thing, drawn in black lines and as a picture in several styles.

    id: 'emoji/1F408'; group and subgroup: OpenMoji's; fold: 0 to 4, -1 for what only trains;
    line: PNG of the black drawing; pictures: PNG by style; svg: vector drawing by style.
    """

    id: str
    name: str
    group: str
    subgroup: str
    tags: tuple[str, ...]
    fold: int
    line: Path
    pictures: Mapping[str, Path]
    svg: Mapping[str, Path]


def load_line_art(root: Path, manifest: Path = MANIFEST) -> list[LineConcept]:
    """Things with a fold, then concepts of other groups that may only train; ordered by id.

    Raises:
        InputError: the sets are not there, or the manifest does not cover their subgroups.
    """
    folds = read_folds(manifest)
    table = require(root, 'openmoji/data/openmoji.csv', 'emoji')
    with table.open(encoding='utf-8', newline='') as file:
        rows = {f'emoji/{row["hexcode"]}': row for row in csv.DictReader(file)}
    vectors = {code_points(f.stem): f for f in (root / 'twemoji-svg').glob('*.svg')}
    found = []
    for concept in load_emoji(root, (*THINGS, *EXTRA_GROUPS), line_art=True):
        row = rows[concept.id]
        drawn = dict(zip(concept.styles, concept.images, strict=True))
        pictures = {style: drawn[style] for style in STYLES if style in drawn}
        thing = row['group'] in THINGS
        if LINE not in drawn or not (pictures or thing):
            continue
        if thing and row['subgroups'] not in folds:
            raise InputError(
                'subgroup', row['subgroups'], f'one of {sorted(folds)}', 'renew the fold manifest'
            )
        code = code_points(row['hexcode'])
        found.append(
            LineConcept(
                concept.id,
                concept.name,
                row['group'],
                row['subgroups'],
                concept.tags,
                folds[row['subgroups']] if thing else -1,
                drawn[LINE],
                pictures,
                {'twemoji': vectors[code]} if code in vectors else {},
            )
        )
    return found

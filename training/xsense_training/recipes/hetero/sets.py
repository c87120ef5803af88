# SPDX-License-Identifier: Apache-2.0
"""The sets of pairs by the name they are given on the command line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Literal

from xsense_ros.errors import InputError
from xsense_training.data.coco_boxes import load_coco_boxes
from xsense_training.data.infrared import KINDS
from xsense_training.data.landsat import landsat_pairs
from xsense_training.data.m3fd import (
    homologous,
    load_cropped,
    load_m3fd,
    split_by_sequence,
)
from xsense_training.data.registered_pair import PairSet
from xsense_training.recipes.hetero.scenes import load_material, made_set

Part = Literal['train', 'val', 'test']
_KNOWN = 'landsat:BAND, made:KIND, m3fd:PATH, m3fd-cropped:PATH or coco:JSON,VISIBLE[,INFRARED]'
# Numbers of the made scenes that are chosen and judged on; training draws from 0 up.
_SCENES = {'val': range(1_000_000, 1_000_040), 'test': range(40)}


def open_set(text: str, root: Path | None = None, part: Part = 'test') -> tuple[PairSet, str]:
    """A part of a set, and the direction of its sensors.

    Made scenes of 'val' show things that train, in scenes of their own; those of 'test' show
    things that never train. COCO's format says nothing of parts: all of it is judged on.

    Args:
        text: 'landsat:thermal' (its test region), 'made:thermal' (scenes of held-out things),
            'm3fd:/path' or 'm3fd-cropped:/path' ('+homologous' at the end of a path searches the
            visible images), 'coco:/instances.json,/visible' or with a third path, '/infrared'.
        root: data root of the embedded sets; None means $XSENSE_DATA or its default.
        part: which targets are asked for.

    Raises:
        InputError: an unknown set, or what its loader says.
    """
    name, _, rest = text.partition(':')
    if name == 'landsat':
        return landsat_pairs(part, root, rest or 'thermal'), f'visible->{rest or "thermal"}'
    if name == 'made':
        kind = rest or KINDS[0]
        if kind not in KINDS:
            raise InputError('kind of sensor', kind, f'one of {KINDS}', 'correct the kind')
        if part not in _SCENES:
            raise InputError(
                'part of made scenes', part, 'val or test', 'scenes of train are drawn'
            )
        things = load_material('test' if part == 'test' else 'train', root)
        return made_set(things, _SCENES[part], kind), f'visible->{kind}'
    if name in ('m3fd', 'm3fd-cropped') and rest:
        path, same, _ = rest.partition('+homologous')
        folder = Path(path).expanduser()
        pairs = _of_part(load_m3fd(folder) if name == 'm3fd' else load_cropped(folder), part)
        return (homologous(pairs), 'visible->visible') if same else (pairs, 'visible->infrared')
    if name == 'coco' and rest.count(',') in (1, 2):
        boxes, visible, *others = (Path(path).expanduser() for path in rest.split(','))
        direction = 'visible->infrared' if others else 'visible->visible'
        return load_coco_boxes(boxes, visible, others[0] if others else None), direction
    raise InputError('set of pairs', text, _KNOWN, 'correct the name')


def _of_part(pairs: PairSet, part: str) -> PairSet:
    """Targets of the part's sequences: the published parts of M3FD share some."""
    return replace(pairs, targets=pairs.of(set(split_by_sequence(pairs).parts[part])))

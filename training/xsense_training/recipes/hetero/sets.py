# SPDX-License-Identifier: Apache-2.0
"""The sets of pairs by the name they are given on the command line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

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

_KNOWN = 'landsat:BAND, made:KIND, m3fd:PATH, m3fd-cropped:PATH or coco:JSON,VISIBLE[,INFRARED]'
_SCENES = range(40)


def open_set(text: str, root: Path | None = None) -> tuple[PairSet, str]:
    """The part of a set that is judged on, and the direction of its sensors.

    Args:
        text: 'landsat:thermal' (its test region), 'made:thermal' (scenes of held-out things),
            'm3fd:/path' or 'm3fd-cropped:/path' ('+homologous' at the end of a path searches the
            visible images), 'coco:/instances.json,/visible' or with a third path, '/infrared'.
        root: data root of the embedded sets; None means $XSENSE_DATA or its default.

    Raises:
        InputError: an unknown set, or what its loader says.
    """
    name, _, rest = text.partition(':')
    if name == 'landsat':
        return landsat_pairs('test', root, rest or 'thermal'), f'visible->{rest or "thermal"}'
    if name == 'made':
        kind = rest or KINDS[0]
        if kind not in KINDS:
            raise InputError('kind of sensor', kind, f'one of {KINDS}', 'correct the kind')
        return made_set(load_material('test', root), _SCENES, kind), f'visible->{kind}'
    if name in ('m3fd', 'm3fd-cropped') and rest:
        path, same, _ = rest.partition('+homologous')
        folder = Path(path).expanduser()
        pairs = _test_part(load_m3fd(folder)) if name == 'm3fd' else load_cropped(folder, 'test')
        return (homologous(pairs), 'visible->visible') if same else (pairs, 'visible->infrared')
    if name == 'coco' and rest.count(',') in (1, 2):
        boxes, visible, *others = (Path(path).expanduser() for path in rest.split(','))
        direction = 'visible->infrared' if others else 'visible->visible'
        return load_coco_boxes(boxes, visible, others[0] if others else None), direction
    raise InputError('set of pairs', text, _KNOWN, 'correct the name')


def _test_part(pairs: PairSet) -> PairSet:
    """Targets of the test sequences alone."""
    held_out = set(split_by_sequence(pairs).parts['test'])
    return replace(pairs, targets=pairs.of(held_out))

# SPDX-License-Identifier: Apache-2.0
"""Boxes in COCO's format: a picture of one sensor, or of two that carry the same name.

instances.json: {"images": [{"id", "file_name"}], "annotations": [{"image_id", "bbox": [x, y, w,
h], "category_id", "iscrowd"}], "categories": [{"id", "name"}]}. Pictures lie in `visible`; where a
second folder is given, the file of the same name in it is searched, else the visible picture is
(homologous matching).

This is the transfer test of the published systems: a matcher fitted on one set is asked, as it is,
for the boxes of another one. On the command line the set is
`coco:/annotations/instances_val2017.json,/val2017` for COCO itself and
`coco:/boxes.json,/visible,/infrared` for any pair of sensors that is labelled in this format
(FLIR's aligned pairs, KAIST or LLVIP after conversion). Nothing is split: each picture is a
sequence of its own and all of them are judged on, so a set to train on is not read this way.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from xsense_ros.errors import InputError
from xsense_training.data.image import load_image
from xsense_training.data.registered_pair import PairSet, RegisteredPair, Target, grey

DATASET = 'coco'
_CURE = 'give an annotation file of COCO and the folder of its pictures'


def load_coco_boxes(
    annotations: Path, visible: Path, infrared: Path | None = None, least: float = 10.0
) -> PairSet:
    """Every box at least `least` pixels wide and high that is no crowd.

    Raises:
        InputError: not such a file, or a picture that is not there.
    """
    try:
        found = json.loads(annotations.read_text('utf-8'))
        images = {int(i['id']): str(i['file_name']) for i in found['images']}
        labels = {int(c['id']): str(c['name']) for c in found.get('categories', [])}
        numbers = {key: number for number, key in enumerate(sorted(images))}
        targets = tuple(
            _target(a, numbers, labels)
            for a in found['annotations']
            if not a.get('iscrowd') and min(a['bbox'][2:]) >= least
        )
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise InputError(
            'COCO annotations', str(annotations), 'COCO', f'{_CURE} ({error})'
        ) from error
    names = tuple(images[key] for key in sorted(images))
    searched = visible if infrared is None else infrared
    missing = [n for n in names if not ((visible / n).is_file() and (searched / n).is_file())]
    if missing:
        raise InputError('pictures of the annotations', missing[:3], f'in {visible}', _CURE)

    def load(number: int) -> RegisteredPair:
        name = names[number]
        other = np.rint(grey(load_image(searched / name))).astype(np.uint8)
        return RegisteredPair(name, load_image(visible / name), other)

    return PairSet(DATASET, names, load, targets, {name: name for name in names})


def _target(annotation: dict[str, Any], numbers: dict[int, int], labels: dict[int, str]) -> Target:
    left, top, width, height = (float(v) for v in annotation['bbox'])
    label = labels.get(int(annotation.get('category_id', -1)), '')
    return Target(numbers[int(annotation['image_id'])], (left, top, width, height), label)

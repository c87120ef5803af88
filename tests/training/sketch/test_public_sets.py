# SPDX-License-Identifier: Apache-2.0
"""Folders of sketches and photographs, from disk to judged outcomes, with a few steps between."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.training.sketch.world import shape
from xsense_ros.errors import InputError
from xsense_training.recipes.configuration import configured
from xsense_training.recipes.registry import RunOptions
from xsense_training.recipes.sketch.config import VARIANTS
from xsense_training.recipes.sketch.fitting import fit_fold
from xsense_training.recipes.sketch.judging import (
    TOWERS,
    judge_fold,
    judge_with_seen,
    tower_method,
)
from xsense_training.recipes.sketch.material import Material, prepare
from xsense_training.recipes.sketch.public_sets import load_public

CLASSES = ('anchor', 'bell', 'chair', 'drum', 'egg', 'flag', 'globe', 'house', 'iron', 'jar')


@pytest.fixture(scope='module')
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp('folders')
    for number, name in enumerate(CLASSES):
        for modality in ('sketch', 'image'):
            place = root / modality / name
            place.mkdir(parents=True)
            for sample in range(3):
                picture = shape(number, 64, modality == 'image', (40 * sample, 120, 200))
                Image.fromarray(picture).save(place / f'{modality}-{sample}.png')
    return root


@pytest.fixture(scope='module')
def material(folders: Path) -> Material:
    try:
        return prepare(None, f'folders:{folders}', 32)
    except InputError as error:
        pytest.skip(str(error))


def test_a_class_is_the_concept_and_parts_are_disjoint(folders: Path) -> None:
    media, split_of = load_public(f'folders:{folders}')
    assert media.classes == CLASSES
    parts = split_of(0)
    assert (parts.train.astype(int) + parts.validation + parts.test == 1).all()
    assert not np.array_equal(parts.test, split_of(1).test)


@pytest.mark.parametrize('name', ['somewhere:/x', 'folders', 'sketchy:'])
def test_an_unknown_set_is_named(name: str) -> None:
    with pytest.raises(InputError, match='dataset'):
        load_public(name)


def test_a_missing_layout_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        load_public(f'sketchy:{tmp_path}')
    with pytest.raises(InputError):
        load_public(f'tu-berlin:{tmp_path}')


def test_a_few_steps_from_disk_to_outcomes(material: Material, tmp_path: Path) -> None:
    overrides = {
        'size': '32', 'width': '4', 'dimension': '8', 'batch': '4', 'train.steps': '2',
        'train.warmup': '1', 'train.validate_every': '2',
    }  # fmt: skip
    config = configured(VARIANTS, RunOptions(overrides=tuple(overrides.items())))
    fitted = fit_fold(material, 0, tmp_path, config)
    again = fit_fold(material, 0, tmp_path, config)  # recalled, not fitted anew
    assert again.notes == fitted.notes
    methods = {TOWERS: tower_method(material, again.towers)}
    outcomes = judge_fold(material, 0, methods, material.samples.dataset)
    assert {o.direction for o in outcomes} == {'sketch->image', 'image->sketch'}
    assert {o.split for o in outcomes} == {'unseen classes'}
    assert {o.kind for o in outcomes} == {'production', 'chance'}
    ours = next(o for o in outcomes if o.kind == 'production')
    assert ours.results.gallery == 3 * int(material.split_of(0).test.sum())
    assert all(0 <= ours.results.value(m) <= 1 for m in ('mAP', 'P@100', 'mAP@200/min(R,k)'))
    both = judge_with_seen(material, 0, methods, material.samples.dataset)
    assert {o.results.gallery for o in both if o.kind == 'production'} == {
        3 * int((material.split_of(0).test | material.split_of(0).train).sum())
    }

# SPDX-License-Identifier: Apache-2.0
"""A recipe's configuration: defaults, a file, threads, overrides, in that order."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from xsense_ros.errors import InputError
from xsense_training.config import dump
from xsense_training.recipes.configuration import configured
from xsense_training.recipes.registry import RunOptions
from xsense_training.trainer import TrainConfig, once


@dataclass(frozen=True)
class Config:
    width: int = 8
    variant: str = 'production'
    train: TrainConfig = field(default_factory=TrainConfig)
    extra: TrainConfig = field(default_factory=TrainConfig)


VARIANTS = {'production': Config(), 'published': Config(4, 'published')}


def test_the_file_replaces_the_defaults_and_the_command_line_both(tmp_path):
    dump(Config(16, train=TrainConfig(steps=7, threads=1)), tmp_path / 'config.json')
    options = RunOptions(
        threads=3, config=tmp_path / 'config.json', overrides=(('train.steps', '9'),)
    )
    assert configured(VARIANTS, options) == Config(
        16, train=TrainConfig(steps=9, threads=3), extra=TrainConfig(threads=3)
    )
    assert configured(VARIANTS, replace(options, config=None)).width == 8


def test_an_unknown_field_names_the_nearest(tmp_path):
    with pytest.raises(InputError, match='width'):
        configured(VARIANTS, RunOptions(overrides=(('widht', '9'),)))


def test_a_variant_has_its_own_defaults_and_is_not_mistaken_for_another(tmp_path):
    assert configured(VARIANTS, RunOptions(variant='published')).width == 4
    with pytest.raises(InputError, match='production or published'):
        configured(VARIANTS, RunOptions(variant='lite'))
    dump(VARIANTS['published'], tmp_path / 'config.json')
    with pytest.raises(InputError, match='add --variant published'):
        configured(VARIANTS, RunOptions(config=tmp_path / 'config.json'))


def test_one_process_writes_itself():
    written = []
    once(lambda: written.append(1))
    assert written == [1]

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
    train: TrainConfig = field(default_factory=TrainConfig)


def test_the_file_replaces_the_defaults_and_the_command_line_both(tmp_path):
    dump(Config(16, TrainConfig(steps=7, threads=1)), tmp_path / 'config.json')
    options = RunOptions(
        threads=3, config=tmp_path / 'config.json', overrides=(('train.steps', '9'),)
    )
    assert configured(Config(), options) == Config(16, TrainConfig(steps=9, threads=3))
    assert configured(Config(), replace(options, config=None)).width == 8


def test_an_unknown_field_names_the_nearest(tmp_path):
    with pytest.raises(InputError, match='width'):
        configured(Config(), RunOptions(overrides=(('widht', '9'),)))


def test_one_process_writes_itself():
    written = []
    once(lambda: written.append(1))
    assert written == [1]

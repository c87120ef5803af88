# SPDX-License-Identifier: Apache-2.0
"""Run folders and configurations of the recipe, as the command line asks for them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from tests.training.see_hear_read.corpora import named_classes, small_config
from xsense_ros.errors import InputError
from xsense_training.config import dump, load
from xsense_training.evaluate.system import apply
from xsense_training.recipes.configuration import configured
from xsense_training.recipes.registry import RunOptions, load_recipe
from xsense_training.recipes.run_folders import fold_folder
from xsense_training.recipes.see_hear_read import folds
from xsense_training.recipes.see_hear_read.published import PublishedConfig
from xsense_training.recipes.see_hear_read.runs import NAME, RECIPE, VARIANTS
from xsense_training.recipes.see_hear_read.training import Config


class TestConfiguration:
    def test_each_variant_has_its_own_and_options_change_fields(self):
        options = RunOptions(threads=2, overrides=(('batch', '64'), ('image_text.steps', '7')))
        config = configured(VARIANTS, options)
        assert isinstance(config, Config) and config.batch == 64
        assert config.image_text.steps == 7 and config.image_sound.threads == 2
        published = configured(
            VARIANTS, RunOptions(variant='published', overrides=(('delta', '0.002'),))
        )
        assert isinstance(published, PublishedConfig) and published.delta == 0.002

    def test_a_file_is_the_same_configuration(self, tmp_path):
        dump(replace(Config(), hidden=99), tmp_path / 'mine.json')
        assert configured(VARIANTS, RunOptions(config=tmp_path / 'mine.json')).hidden == 99

    def test_an_unknown_field_is_named(self):
        with pytest.raises(InputError, match='hiden'):
            configured(VARIANTS, RunOptions(overrides=(('hiden', '3'),)))


def test_data_sets_and_variants_never_share_a_folder():
    options = [
        RunOptions(Path('/d'), Path('/r'), dataset, variant)
        for dataset in ('embedded', 'cub:/data/cub')
        for variant in ('production', 'published')
    ]
    folders = [fold_folder(NAME, option, 1) for option in options]
    assert len(set(folders)) == 4
    assert folders[2] == Path('/r/see-hear-read-production-cub/fold-1')


def test_a_finished_fold_is_recalled_and_another_configuration_is_not(made, tmp_path, monkeypatch):
    corpus, features = made
    ingredients = SimpleNamespace(corpus=corpus, features=features, classes=named_classes())
    first = folds.fit_fold(ingredients, features, 0, tmp_path, small_config())

    def refuse(*_):
        raise AssertionError('fitted again')

    monkeypatch.setattr(folds, 'fit', refuse)
    again = folds.fit_fold(ingredients, features, 0, tmp_path, small_config())
    x = features.image[:, 0]
    heads = (f.systems['shipped'].heads['image'] for f in (first, again))
    assert np.array_equal(*(apply(head, x) for head in heads))
    assert load(Config, tmp_path) == small_config()
    with pytest.raises(AssertionError, match='fitted again'):
        folds.fit_fold(ingredients, features, 0, tmp_path, replace(small_config(), batch=16))
    # The failed attempt left the finished result as it was.
    folds.fit_fold(ingredients, features, 0, tmp_path, small_config())


@pytest.mark.parametrize('options', [{'variant': 'published'}, {'dataset': 'cub:/data/cub'}])
def test_only_what_ships_is_exported(options, tmp_path):
    with pytest.raises(InputError, match='production'):
        RECIPE.export(RunOptions(runs=tmp_path, **options), tmp_path)


def test_the_registry_finds_it():
    assert load_recipe('see-hear-read') is RECIPE and RECIPE.folds == 5

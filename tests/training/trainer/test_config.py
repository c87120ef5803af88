# SPDX-License-Identifier: Apache-2.0
"""One configuration on the command line, in a file and in a checkpoint."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import pytest
import torch

from xsense_ros.errors import InputError
from xsense_training.config import dump, load, override, plain, structure
from xsense_training.trainer import TrainConfig


@dataclass(frozen=True)
class Head:
    kind: Literal['linear', 'residual'] = 'linear'
    widths: tuple[int, ...] = (64, 32)
    dropout: float = 0.5


@dataclass(frozen=True)
class Recipe:
    name: str
    train: TrainConfig = field(default_factory=TrainConfig)
    head: Head = field(default_factory=Head)
    start: Path | None = None
    shares: dict[str, float] = field(default_factory=dict)
    margin: tuple[str, float] = ('cosine', 0.1)
    published: bool = False


RECIPE = Recipe(
    'sketch', TrainConfig(steps=7, ema=0.9), Head('residual', (8,), 0.25), Path('/a/b.pt'),
    {'cca': 0.5}, ('squared', 1.0), True,
)  # fmt: skip


class TestEverywhereTheSame:
    def test_file(self, tmp_path):
        dump(RECIPE, tmp_path / 'some.json')
        assert load(Recipe, tmp_path / 'some.json') == RECIPE

    def test_run_folder(self, tmp_path):
        dump(RECIPE, tmp_path / 'config.json')
        assert load(Recipe, tmp_path) == RECIPE

    def test_checkpoint(self, tmp_path):
        torch.save({'config': plain(RECIPE)}, tmp_path / 'x.pt')
        stored = torch.load(tmp_path / 'x.pt', weights_only=True)
        assert structure(Recipe, stored['config']) == RECIPE

    def test_command_line(self):
        pairs = [
            ('train.steps', '7'), ('train.ema', '0.9'), ('head.kind', 'residual'),
            ('head.widths', '[8]'), ('head.dropout', '2.5e-1'), ('start', '/a/b.pt'),
            ('shares', '{"cca": 0.5}'), ('margin', '["squared", 1]'), ('published', 'True'),
        ]  # fmt: skip
        assert override(Recipe('sketch'), pairs) == RECIPE
        assert override(RECIPE, []) == RECIPE

    def test_absent_fields_keep_their_default(self):
        assert structure(Recipe, {'name': 'x', 'train': {'steps': 7}}) == Recipe(
            'x', TrainConfig(steps=7)
        )


class TestOverride:
    def test_the_original_stays_as_it_was(self):
        assert override(RECIPE, [('train.steps', '8')]).train == replace(RECIPE.train, steps=8)
        assert RECIPE.train.steps == 7

    def test_a_text_field_takes_what_looks_like_a_number(self):
        assert override(RECIPE, [('name', '12')]).name == '12'
        assert override(RECIPE, [('name', 'true')]).name == 'true'

    def test_none_where_the_field_may_be_none(self):
        assert override(RECIPE, [('start', 'None')]).start is None
        with pytest.raises(InputError, match=r'head\.dropout: got'):
            override(RECIPE, [('head.dropout', 'None')])

    def test_the_last_of_two_wins(self):
        assert override(RECIPE, [('name', 'a'), ('name', 'b')]).name == 'b'

    @pytest.mark.parametrize(
        ('name', 'text', 'message'),
        [
            ('train.step', '3', r'field train.step: .*did you mean train.steps \(int\)\?'),
            ('trian.steps', '3', r'field trian: .*did you mean train \(TrainConfig\)\?'),
            ('xyz', '3', r'a field of Recipe: name, train, .*use one of these fields'),
            ('train.steps', 'many', r"train.steps: got 'many', expected int"),
            ('train.steps', '2.5', r"train.steps: got '2.5', expected int"),
            ('train.steps', 'true', r"train.steps: got 'true', expected int"),
            ('train.steps', '-1', r'train.steps: got -1, expected 0 or more'),
            ('published', 'yes', r"published: got 'yes', expected bool"),
            ('head.kind', 'deep', r"head.kind: got 'deep', expected Literal\['linear'"),
            ('head.widths', '8', r"head.widths: got '8', expected tuple\[int, ...\]"),
            ('train', '3', r'train: .*one of its fields \(steps, .*as train.steps'),
            ('name.first', 'x', r"'name' has no fields of its own. Cure: write name="),
        ],
    )  # fmt: skip
    def test_faults_name_field_type_and_cure(self, name, text, message):
        with pytest.raises(InputError, match=message):
            override(RECIPE, [(name, text)])


class TestStructure:
    @pytest.mark.parametrize(
        ('mapping', 'message'),
        [
            ({}, r'name: got None, expected str. Cure: give it a value'),
            ({'name': 3}, r'name: got 3, expected str'),
            ({'name': 'x', 'haed': {}}, r'did you mean head \(Head\)'),
            ({'name': 'x', 'head': {'width': 3}}, r'head.width: .*did you mean head.widths'),
            ({'name': 'x', 'head': 3}, r'head: got 3, expected Head'),
            (
                {'name': 'x', 'head': {'dropout': '0.1'}},
                r"head.dropout: got '0.1', expected float",
            ),
            ({'name': 'x', 'head': {'widths': [1, 'a']}}, r"head.widths: got \[1, 'a'\]"),
            ({'name': 'x', 'head': {'widths': '12'}}, r"head.widths: got '12'"),
            ({'name': 'x', 'published': 1}, r'published: got 1, expected bool'),
            ({'name': 'x', 'shares': {'a': 'b'}}, r"shares.a: got 'b', expected float"),
            ({'name': 'x', 'margin': ['a']}, r"margin: got \['a'\], expected tuple\[str, float\]"),
            ({'name': 'x', 'train': {'ema': 2.0}}, r'train.ema: got 2.0, expected a decay'),
            ([1], r'Recipe: got \[1\], expected a mapping'),
        ],
    )
    def test_faults_name_the_field(self, mapping, message):
        with pytest.raises(InputError, match=message):
            structure(Recipe, mapping)

    def test_a_whole_number_is_a_float_too(self):
        assert structure(Head, {'dropout': 1}).dropout == 1.0


class TestFiles:
    def test_what_is_not_there_is_named(self, tmp_path):
        with pytest.raises(InputError, match=r'missing.json.*a readable file'):
            load(Recipe, tmp_path / 'missing.json')
        with pytest.raises(InputError, match=r'config.json.*give a JSON file or a run folder'):
            load(Recipe, tmp_path)

    def test_what_is_not_json_is_named(self, tmp_path):
        (tmp_path / 'x.json').write_text('{"name": ')
        with pytest.raises(InputError, match='expected JSON'):
            load(Recipe, tmp_path / 'x.json')

    def test_the_file_is_json_a_person_can_read(self, tmp_path):
        dump(RECIPE, tmp_path / 'x.json')
        text = (tmp_path / 'x.json').read_text()
        assert json.loads(text)['head']['widths'] == [8] and text.count('\n') > 10

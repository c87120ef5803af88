# SPDX-License-Identifier: Apache-2.0
"""The registry builds what a manifest names and refuses what it does not know."""

from __future__ import annotations

import pytest
from tokenizers import Tokenizer, models

from xsense_ros.errors import BundleError
from xsense_ros.senses.image_input import ImageInput
from xsense_ros.senses.matcher_input import SearchInput, TemplateInput
from xsense_ros.senses.preprocessor import build_preprocessor
from xsense_ros.senses.sound_input import SoundInput
from xsense_ros.senses.text_input import TextInput
from xsense_ros.senses.touch_input import TouchInput


@pytest.mark.parametrize(
    ('name', 'parameters', 'kind'),
    [
        ('image', {'size': 32, 'fit': 'pad'}, ImageInput),
        ('search', {'size': 96}, SearchInput),
        ('sound', {'seconds': 1.0}, SoundInput),
        ('template', {'size': 32}, TemplateInput),
        ('text', {'max_length': 7}, TextInput),
        ('touch', {'field_mm': 9.0}, TouchInput),
    ],
)
def test_builds_and_rebuilds(name, parameters, kind, tmp_path):
    Tokenizer(models.WordLevel({'[UNK]': 0}, unk_token='[UNK]')).save(
        str(tmp_path / 'tokenizer.json')
    )
    made = build_preprocessor(name, parameters, tmp_path)
    assert isinstance(made, kind)
    assert made.name == name
    assert parameters.items() <= made.parameters().items()
    again = build_preprocessor(name, made.parameters(), tmp_path)
    assert again.parameters() == made.parameters()


@pytest.mark.parametrize(
    ('name', 'parameters', 'words'),
    [
        ('smell', {}, 'smell'),
        ('image', {'sise': 32}, 'sise'),
        ('image', {'size': 0}, 'size'),
        ('image', {'size': 'big'}, "'size': 'big'"),
        ('image', {'size': 32.5}, "'size': 32.5"),
        ('image', {'mean': 5}, "'mean': 5"),
        ('search', {'size': 64.5}, "'size': 64.5"),
        ('sound', {'level': 'loud'}, 'loud'),
        ('sound', {'hop': None}, 'hop'),
        ('template', {'size': 2}, 'template size'),
        ('text', {'assets': '/'}, 'assets'),
        ('text', {'tokenizer': 'none.json'}, 'none.json'),
        ('text', {'tokenizer': 3}, 'tokenizer'),
        ('touch', {'gain': 0}, 'gain'),
    ],
)
def test_refuses(name, parameters, words, tmp_path):
    with pytest.raises(BundleError, match=words):
        build_preprocessor(name, parameters, tmp_path)

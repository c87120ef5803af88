# SPDX-License-Identifier: Apache-2.0
"""Token ids, mask, and the texts that a model cannot answer."""

from __future__ import annotations

import json

import numpy as np
import pytest
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from xsense_ros.errors import BundleError, InputError
from xsense_ros.senses.text_input import TextInput

WORDS = ['[PAD]', '[UNK]', '[CLS]', 'a', 'cat', 'dog', 'Zebra']
ID = {word: index for index, word in enumerate(WORDS)}


@pytest.fixture
def tokenizer():
    made = Tokenizer(models.WordLevel(ID, unk_token='[UNK]'))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    return made


@pytest.fixture
def folder(tmp_path, tokenizer):
    tokenizer.save(str(tmp_path / 'tokenizer.json'))
    return tmp_path


def test_ids_and_mask(folder):
    found = TextInput(max_length=4, assets=folder)('a cat')
    np.testing.assert_array_equal(found['ids'], [[ID['a'], ID['cat'], 0, 0]])
    np.testing.assert_array_equal(found['mask'], [[1, 1, 0, 0]])
    assert found['ids'].dtype == np.int64
    assert found['mask'].dtype == np.float32


def test_long_texts_are_cut_at_the_end(folder):
    found = TextInput(max_length=3, assets=folder)('dog cat a a a a')
    np.testing.assert_array_equal(found['ids'], [[ID['dog'], ID['cat'], ID['a']]])
    np.testing.assert_array_equal(found['mask'], [[1, 1, 1]])


def test_white_space_does_not_matter(folder):
    make = TextInput(max_length=4, assets=folder)
    np.testing.assert_array_equal(make('  a\n\tcat ')['ids'], make('a cat')['ids'])


def test_lower(folder):
    assert TextInput(lower=True, assets=folder)('CAT')['ids'][0, 0] == ID['cat']
    assert TextInput(assets=folder)('Zebra')['ids'][0, 0] == ID['Zebra']


def test_unknown_words_beside_known_ones_are_kept(folder):
    found = TextInput(max_length=3, assets=folder)('purple cat')
    np.testing.assert_array_equal(found['ids'], [[ID['[UNK]'], ID['cat'], 0]])


@pytest.mark.parametrize('text', ['', '   ', '\n\t', 'xyzzy', 'xyzzy plugh', '?!', '\ud800', '猫'])
def test_texts_without_anything_known(folder, text):
    with pytest.raises(InputError, match='Cure'):
        TextInput(assets=folder)(text)


@pytest.mark.parametrize('text', [None, b'cat', 3, ['cat']])
def test_texts_that_are_none(folder, text):
    with pytest.raises(InputError, match='a str'):
        TextInput(assets=folder)(text)


def test_added_special_tokens_do_not_count_as_known(tmp_path, tokenizer):
    tokenizer.post_processor = processors.TemplateProcessing(
        single='[CLS] $A', special_tokens=[('[CLS]', ID['[CLS]'])]
    )
    tokenizer.save(str(tmp_path / 'tokenizer.json'))
    make = TextInput(max_length=3, assets=tmp_path)
    np.testing.assert_array_equal(make('cat')['ids'], [[ID['[CLS]'], ID['cat'], 0]])
    with pytest.raises(InputError, match='vocabulary'):
        make('xyzzy')


def test_padding_and_truncation_of_the_file_are_replaced(tmp_path, tokenizer):
    tokenizer.enable_padding(length=9, pad_id=ID['[CLS]'], pad_token='[CLS]', direction='left')
    tokenizer.enable_truncation(1)
    tokenizer.save(str(tmp_path / 'words.json'))
    found = TextInput('words.json', 4, assets=tmp_path)('a cat')
    np.testing.assert_array_equal(found['ids'], [[ID['a'], ID['cat'], ID['[CLS]'], ID['[CLS]']]])
    np.testing.assert_array_equal(found['mask'], [[1, 1, 0, 0]])


def test_a_unigram_model_names_its_unknown_token_by_id(tmp_path):
    made = Tokenizer(models.Unigram([('<unk>', 0.0), ('c', -1.0), ('at', -1.5)], unk_id=0))
    made.normalizer = normalizers.Lowercase()
    made.save(str(tmp_path / 'tokenizer.json'))
    make = TextInput(max_length=3, assets=tmp_path)
    np.testing.assert_array_equal(make('CAT')['ids'], [[1, 2, 0]])
    with pytest.raises(InputError, match='vocabulary'):
        make('zzz')


def test_a_missing_or_damaged_file(tmp_path):
    with pytest.raises(BundleError, match='tokenizer'):
        TextInput(assets=tmp_path)
    (tmp_path / 'tokenizer.json').write_text('{"model": 1}')
    with pytest.raises(BundleError, match='tokenizer'):
        TextInput(assets=tmp_path)
    (tmp_path / 'tokenizer.json').write_bytes(b'\xff\xfe')
    with pytest.raises(BundleError, match='tokenizer'):
        TextInput(assets=tmp_path)


def test_parameters_round_trip_through_json(folder):
    make = TextInput(max_length=5, lower=True, assets=folder)
    again = TextInput(**json.loads(json.dumps(make.parameters())), assets=folder)
    assert again.parameters() == make.parameters()


def test_max_length_out_of_range(folder):
    with pytest.raises(InputError, match='max_length'):
        TextInput(max_length=0, assets=folder)

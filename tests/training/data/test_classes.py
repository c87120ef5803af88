# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections import Counter

from xsense_training.data.classes import category_of, curated, is_curated
from xsense_training.data.names import normalise


def test_no_name_is_in_two_classes() -> None:
    label_of: dict[str, str] = {}
    for kind in ('animals', 'instruments'):
        for label, names in curated()[kind].items():
            for name in names:
                assert label_of.setdefault(normalise(name), label) == label, name


def test_general_midi_is_complete() -> None:
    programs = curated()['general_midi']
    assert [entry['program'] for entry in programs] == list(range(128))
    assert set(Counter(entry['family'] for entry in programs).values()) == {8}
    assert len({entry['name'] for entry in programs}) == 128


def test_category_of() -> None:
    assert category_of('A colorful rooster.', 'x') == 'chicken'
    assert category_of('Violin', 'x') == 'bowed strings'
    assert category_of('toaster', 'household') == 'household'
    assert is_curated('chicken')
    assert not is_curated('household')

# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.training.data.public_trees import (
    SAME_OBJECTS,
    UNSEEN_OBJECTS,
    picture_bytes,
    touch_tree,
    write,
)
from xsense_ros.errors import InputError
from xsense_training.data.object_folder import load_object_folder
from xsense_training.data.touch_set import SAME, UNSEEN


def simulated(root: Path) -> Path:
    """touch-sim's additions: recordings, the second split, units with their backgrounds."""
    touch_tree(root, UNSEEN_OBJECTS)
    every = {n: [str(i) for i in of] for part in UNSEEN_OBJECTS.values() for n, of in part.items()}
    same: dict[str, dict[str, list[str]]] = {'train': {}, 'val': {}, 'test': {}}
    instances: dict[str, dict[str, Any]] = {}
    for name, numbers in every.items():
        same['train'][name], same['test'][name] = numbers[:1], numbers[1:]
        for number in numbers:
            write(root / 'audio' / name / f'{number}.flac', b'')
            about = {'unit': f'unit{int(number) % 2}', 'depth_mm': 1.0}
            instances.setdefault(name, {})[number] = about
    write(root / 'split_same.json', json.dumps(same))
    write(root / 'instances.json', json.dumps(instances))
    write(root / 'objects.json', json.dumps({name: {'material': 'wood'} for name in every}))
    for frame in ('unit0.png', 'unit0_b.png', 'unit1.png'):
        write(root / 'background' / frame, picture_bytes(frame))
    return root


def test_unseen_objects_of_the_benchmark(tmp_path: Path) -> None:
    found = load_object_folder(touch_tree(tmp_path, UNSEEN_OBJECTS))
    assert found.senses == ('image', 'touch', 'impact')
    assert list(found.splits) == [UNSEEN]
    for sense in found.senses:
        assert [f.concept for f in found.of(sense, UNSEEN, 'test')] == ['10/1', '10/2']
        assert len(found.of(sense)) == len(found.of(sense, UNSEEN)) == 8
    (first, *_) = found.of('touch', UNSEEN, 'val')
    assert (first.label, first.path) == ('3', tmp_path / 'touch/3/1.png')
    assert found.of('impact')[0].path.suffix == '.npy'
    assert found.unit(first) is None


def test_same_objects_of_the_real_set(tmp_path: Path) -> None:
    found = load_object_folder(touch_tree(tmp_path, SAME_OBJECTS), 'objectfolder-real')
    assert list(found.splits) == [SAME]
    assert {f.label for f in found.of('image', SAME, 'test')} == {'1', '2', '3'}


def test_touch_sim_answers_both_questions_and_knows_its_sensors(tmp_path: Path) -> None:
    found = load_object_folder(simulated(tmp_path), 'touch-sim')
    assert list(found.splits) == [UNSEEN, SAME]
    touch = found.of('touch', SAME, 'test')[0]
    assert found.unit(touch) == 'unit0'
    assert found.details[touch.concept]['depth_mm'] == 1.0
    assert [p.name for p in found.backgrounds['unit0']] == ['unit0.png', 'unit0_b.png']
    assert found.objects[touch.label] == {'material': 'wood'}
    # Recordings are taken instead of spectrograms.
    assert {f.path.suffix for f in found.of('impact')} == {'.flac'}


def test_an_unlisted_instance_is_left_out(tmp_path: Path) -> None:
    touch_tree(tmp_path, UNSEEN_OBJECTS)
    write(tmp_path / 'touch/1/99.png', picture_bytes('99.png'))
    assert all(f.path.stem != '99' for f in load_object_folder(tmp_path).of('touch'))


def test_a_set_without_sounds_has_two_senses(tmp_path: Path) -> None:
    touch_tree(tmp_path, UNSEEN_OBJECTS)
    shutil.rmtree(tmp_path / 'audio_spectrogram')
    assert load_object_folder(tmp_path).senses == ('image', 'touch')


def test_an_object_that_trains_and_is_tested_beside_unseen_ones_is_refused(
    tmp_path: Path,
) -> None:
    mixed = {**UNSEEN_OBJECTS, 'test': {'10': [1, 2], '1': [3]}}
    with pytest.raises(InputError, match=r"objects of objectfolder in two parts: got \['1'\]"):
        load_object_folder(touch_tree(tmp_path, mixed))


def test_an_instance_in_two_parts_is_refused(tmp_path: Path) -> None:
    twice = {**SAME_OBJECTS, 'test': {'1': [2], '2': [4], '3': [4]}}
    with pytest.raises(InputError, match="id '1/2' of a split: got 'train and test'"):
        load_object_folder(touch_tree(tmp_path, twice))


@pytest.mark.parametrize(
    ('gone', 'named'),
    [
        ('split.json', 'split of touch-sim.*split.json'),
        ('vision', 'image of touch-sim.*vision'),
        ('touch', 'touch of touch-sim.*touch'),
        ('touch/3', r'2 listed instances without a file in .*touch.*3/1'),
        ('vision/10/1.png', r"1 listed instances without a file in .*vision.*\['10/1'\]"),
        ('audio/2', r'listed instances without a file in .*audio'),
        ('background/unit1.png', "sensor units without a frame.*'unit1'"),
    ],
)
def test_what_is_missing_is_named(tmp_path: Path, gone: str, named: str) -> None:
    path = simulated(tmp_path) / gone
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pytest.raises(InputError, match=named) as error:
        load_object_folder(tmp_path, 'touch-sim')
    assert 'xsense-train data make touch-sim' in str(error.value)


@pytest.mark.parametrize('text', ['[', '[]', '{}', '{"train": [], "val": {}, "test": {}}'])
def test_a_split_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    touch_tree(tmp_path, UNSEEN_OBJECTS)
    write(tmp_path / 'split.json', text)
    with pytest.raises(InputError, match=r'split\.json'):
        load_object_folder(tmp_path)

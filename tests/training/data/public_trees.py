# SPDX-License-Identifier: Apache-2.0
"""Tiny folders in the layouts of public data sets."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import h5py
import numpy as np
from PIL import Image

from xsense_training.data.sketchy import UNSEEN_21

SKETCHY_CLASSES = (*UNSEEN_21, *(f'seen_{number:03d}' for number in range(104)))


def picture_bytes(name: str, shade: int = 90, size: tuple[int, int] = (12, 8)) -> bytes:
    """A picture of one grey in the format that the ending of the name asks for."""
    file = io.BytesIO()
    Image.new('RGB', size, (shade,) * 3).save(file, 'JPEG' if name.endswith('jpg') else 'PNG')
    return file.getvalue()


def write(path: Path, content: bytes | str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def sketchy_tree(root: Path, classes: Sequence[str] = SKETCHY_CLASSES) -> Path:
    """Two photos a class with 2 and 1 sketches; the extended pool repeats one and adds one."""
    photo, sketch = picture_bytes('a.jpg'), picture_bytes('a.png', 255)
    for number, label in enumerate(classes):
        names = [f'n{number:08d}_{serial}' for serial in (7, 12)]
        for name in names:
            write(root / 'photo/tx_000000000000' / label / f'{name}.jpg', photo)
        for name in (f'{names[0]}-1', f'{names[0]}-2', f'{names[1]}-1'):
            write(root / 'sketch/tx_000000000000' / label / f'{name}.png', sketch)
        for name in (names[0], 'ext_1'):
            write(root / 'EXTEND_image_sketchy' / label / f'{name}.jpg', photo)
    return root


def tu_berlin_tree(root: Path, classes: int = 250) -> Path:
    """One sketch a class; every second class has two photographs, the others one."""
    photo, sketch = picture_bytes('a.jpg'), picture_bytes('a.png', 255)
    for number in range(classes):
        label = 'hot air balloon' if number == 0 else f'thing {_letters(number)}'
        write(root / 'png' / label / f'{number}.png', sketch)
        for serial in range(1 + number % 2):
            name = f'{label.replace(" ", "_")}_{serial}.jpg'
            write(root / 'ImageResized' / label.replace(' ', '_') / name, photo)
    return root


def _letters(number: int) -> str:
    return ''.join(chr(ord('a') + int(digit)) for digit in str(number))


CUB_CLASSES = (
    '001.Black_footed_Albatross',
    '002.Laysan_Albatross',
    '003.Cardinal',
    '004.Green_Jay',
)


def cub_tree(root: Path) -> Path:
    """Four kinds of birds, two photographs each, ten captions each; one stray file."""
    base = root / 'CUB_200_2011'
    photo = picture_bytes('a.jpg')
    listed = []
    for label in CUB_CLASSES:
        for serial in (1, 2):
            name = f'{label[4:]}_{serial:04d}'
            write(base / 'images' / label / f'{name}.jpg', photo)
            listed.append(f'{len(listed) + 1} {label}/{name}.jpg')
            captions = [f'caption {line} of {name} .' for line in range(10)]
            text = '\n'.join(captions).encode() + (b'\n' if serial == 1 else b' caf\xe9')
            write(root / 'text_c10' / label / f'{name}.txt', text)
    write(base / 'images' / CUB_CLASSES[0] / 'stray_rgb.jpg', photo)
    write(base / 'images.txt', '\n'.join(listed))
    return root


def cub_lists(folder: Path, parts: Mapping[str, Sequence[str]], pattern: str = '{}.txt') -> None:
    """Lists of classes as they are published: a number before each, no line end at the end."""
    for part, classes in parts.items():
        lines = [f'{label[:3].lstrip("0")} {label}' for label in classes]
        write(folder / pattern.format(part), '\n'.join(lines))


def save_array(path: Path, values: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, values)


VEGAS_CLASSES = ('baby_cry', 'dog', 'drum')


def vegas_tree(root: Path, labels: bool = True) -> dict[str, np.ndarray]:
    """Fifteen clips of three classes in five lists; returns the sound of each as stored."""
    random = np.random.default_rng(0)
    sounds = {}
    lists: list[list[str]] = [[] for _ in range(5)]
    for number in range(15):
        clip = f'{VEGAS_CLASSES[number % 3]}_video_{number:05d}'
        seconds = 2 + number % 4
        sounds[clip] = random.integers(0, 256, (seconds, 128), dtype=np.uint8)
        save_array(root / 'Data/vgg' / f'{clip}.npy', sounds[clip])
        frames = random.integers(0, 256, (seconds * 2, 1024), dtype=np.uint8)
        save_array(root / 'Data/inception' / f'{clip}.npy', frames)
        if labels:
            save_array(root / 'Data/VEGAS_classes' / f'{clip}.npy', np.array(9 - number % 3))
        lists[number // 3].append(clip)
    for number, clips in enumerate(lists):
        write(root / 'Data/folds' / f'fold{number}', '\n'.join(clips))
    return sounds


def packed_arrays(time_axis: bool = False, one_hot: bool = False) -> dict[str, np.ndarray]:
    """Twelve training and six test clips of three classes, labels 1 to 3."""
    random = np.random.default_rng(1)
    found = {}
    for part, rows in (('train', 12), ('test', 6)):
        axis = (5,) if time_axis else ()
        found[f'audio_{part}'] = random.normal(size=(rows, *axis, 128)).astype(np.float32)
        found[f'visual_{part}'] = random.normal(size=(rows, *axis, 1024)).astype(np.float32)
        label = np.arange(rows) % 3
        found[f'lab_{part}'] = np.eye(3)[label] if one_hot else (label + 1)[:, None]
    return found


def packed_file(path: Path, arrays: Mapping[str, np.ndarray]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == '.npz':
        np.savez(path, **arrays)
    else:
        with h5py.File(path, 'w') as file:
            for key, values in arrays.items():
                file[key] = values
    return path


def touch_tree(root: Path, split: Mapping[str, Mapping[str, Sequence[int | str]]]) -> Path:
    """ObjectFolder's layout with what the split lists; all senses, sounds as spectrograms."""
    content = picture_bytes('1.png')
    for of_part in split.values():
        for name, instances in of_part.items():
            for instance in instances:
                for sense in ('vision', 'touch'):
                    write(root / sense / name / f'{instance}.png', content)
                save_array(root / 'audio_spectrogram' / name / f'{instance}.npy', np.zeros((3, 4)))
    write(root / 'split.json', json.dumps(split))
    return root


UNSEEN_OBJECTS: dict[str, dict[str, list[int | str]]] = {
    'train': {'1': [1, 2], '2': [1, 2]},
    'val': {'3': [1, 2]},
    'test': {'10': [1, '2']},
}
SAME_OBJECTS = {
    part: {name: list(numbers) for name in ('1', '2', '3')}
    for part, numbers in (('train', (1, 2)), ('val', (3,)), ('test', (4,)))
}


def crossnet_tree(root: Path, folders: Mapping[str, Sequence[str]]) -> Path:
    """Two pairs of each object (four characters) in the flat layout, by folder."""
    content = picture_bytes('1.png')
    for folder, names in folders.items():
        for name in names:
            for number in (1, 2):
                write(root / folder / 'touch' / f'{name}_gel_{number}.png', content)
                write(root / folder / 'vision' / f'{name}_{number}.png', content)
    return root


def m3fd_tree(root: Path) -> Path:
    """Two runs of two frames, two boxes a frame, the second one below 10 pixels."""
    for number, name in enumerate(('00003', '00004', '00010', '00011')):
        for folder in ('vi', 'ir'):
            write(root / folder / f'{name}.png', picture_bytes('a.png', 60 * number, (64, 48)))
        write(root / 'labels' / f'{name}.txt', '0 0.5 0.5 0.5 0.5\n4 0.2 0.2 0.05 0.05\n')
    write(root / 'meta/train.txt', '00003.png\n00004.png\n00010.png\n')
    write(root / 'meta/val.txt', '00011.png\n')
    return root


def m3fd_cropped_tree(root: Path) -> Path:
    """Two targets a part, of one run a part."""
    for part, names in (('train', ('00001_0', '00002_0')), ('test', ('00200_0', '00200_1'))):
        for name in names:
            for folder in ('vis', 'lwir'):
                content = picture_bytes('a.png', 90, (511, 511))
                write(root / 'Data/m3fd' / part / folder / f'{name}.png', content)
        boxes = {name: [0, 0, 40, 30] for name in names}
        write(root / 'Data/m3fd' / part / 'gt.json', json.dumps(boxes))
    return root

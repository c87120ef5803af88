# SPDX-License-Identifier: Apache-2.0
"""CUB-200-2011 with captions: photographs of 200 kinds of birds, ten sentences about each.

Layout: [CUB_200_2011/]images/CLASS/IMAGE.jpg, with images.txt and classes.txt where they are;
text_c10/CLASS/IMAGE.txt, one sentence a line; and, where given, class-disjoint lists train.txt,
val.txt, test.txt (or trainclasses.txt and so on) of lines `CLASS` or `NUMBER CLASS`.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from xsense_ros.errors import InputError
from xsense_training.data.class_folders import files_by_class, find_part, read_lines
from xsense_training.data.concept import Concept
from xsense_training.data.splits import (
    PARTS,
    Split,
    proportional,
    read_split,
    shuffled_classes,
    split_by_class,
)

CAPTIONS = 10
LICENCE = 'non-commercial research and education'
_CURE = (
    'unpack CUB_200_2011 and the caption archive cvpr2016_cub (folder text_c10) into one folder'
)


def load_cub(
    root: Path, manifest: Path | None = None, seed: int = 0
) -> tuple[list[Concept], Split]:
    """Every photograph as a concept with all its captions, and the class-disjoint split.

    The fold of a concept is 0 in test, 1 in val and 2 to 4 in train, whole classes together: who
    tests on fold 0 and selects on fold 1 follows the split exactly.

    Args:
        root: folder that holds CUB_200_2011/ or is it.
        manifest: split of write_split; None takes the lists beside the data, where there are
            none 100/50/50 classes by seed.
        seed: of the split without lists.

    Returns:
        concepts ordered by id, `category` and class of the split being the folder of the class.

    Raises:
        InputError: names what is missing (pictures, captions, classes of a list), or that only
            the .t7 form of the captions is there.
    """
    base = root / 'CUB_200_2011' if (root / 'CUB_200_2011').is_dir() else root
    pictures = _pictures(base)
    captions = _caption_folder(root, base)
    class_of = {f'cub/{label}/{file.stem}': label for label, file in pictures}
    archive = captions.parent if captions.name == 'text_c10' else captions.parents[1]
    split = _split(class_of, (root, base, archive), manifest, seed)
    part_of = split.part_of()
    concepts = []
    for label, file in pictures:
        name = f'cub/{label}/{file.stem}'
        concepts.append(
            Concept(
                id=name,
                source='cub',
                name=label.partition('.')[2].replace('_', ' ') or label,
                texts=_captions(captions / label / f'{file.stem}.txt'),
                images=(file,),
                category=label,
                fold=_fold(part_of[name], label),
                styles=('photo',),
                licences=(('*', LICENCE),),
            )
        )
    return sorted(concepts, key=lambda concept: concept.id), split


def _pictures(base: Path) -> list[tuple[str, Path]]:
    """(class, file): those of images.txt, where it is, else all that lie in images/."""
    folder = find_part(base, ('images',), 'pictures of CUB', _CURE)
    if not (base / 'images.txt').exists():
        return [(label, file) for label, files in files_by_class(folder).items() for file in files]
    # Some copies hold more files than the list; the list is the data set.
    listed = [line.split(maxsplit=1)[-1] for line in read_lines(base / 'images.txt')]
    missing = [name for name in listed if not (folder / name).exists()]
    if missing:
        raise InputError(
            f'{len(missing)} pictures of images.txt', missing[:3], 'files in images/', _CURE
        )
    return [(name.partition('/')[0], folder / name) for name in listed]


def _caption_folder(root: Path, base: Path) -> Path:
    for place in ('text_c10', 'cvpr2016_cub/text_c10', 'cub_icml/text_c10'):
        for folder in (root / place, base / place):
            if folder.is_dir():
                # One archive keeps the classes one level deeper.
                return folder / 'text' if (folder / 'text').is_dir() else folder
    if next(root.glob('*/*.t7'), None) or next(root.glob('*/*/*.t7'), None):
        raise InputError(
            'captions of CUB',
            '.t7 files (serialised Lua objects, which are never loaded)',
            'the text form, text_c10/CLASS/IMAGE.txt',
            'take the folder text_c10 of the caption archive cvpr2016_cub: same captions as text',
        )
    raise InputError('captions of CUB', f'nothing in {root}', 'text_c10/CLASS/IMAGE.txt', _CURE)


def _captions(file: Path) -> tuple[str, ...]:
    if not file.exists():
        raise InputError('captions of CUB', str(file), f'a file of {CAPTIONS} lines', _CURE)
    # A few captions hold bytes that are not UTF-8, in place of a quote or a dash.
    text = file.read_text('utf-8', 'replace').replace('\ufffd', ' ')
    lines = tuple(' '.join(line.split()) for line in text.splitlines() if line.strip())
    if not lines:
        raise InputError('captions of CUB', str(file), f'{CAPTIONS} lines', _CURE)
    return lines


def _split(
    class_of: dict[str, str], folders: tuple[Path, ...], manifest: Path | None, seed: int
) -> Split:
    if manifest is not None:
        split = read_split(manifest, 'cub')
        split.require_ids(class_of)
        return _require_all(split, class_of)
    classes = _lists(folders, set(class_of.values()))
    if classes:
        rule = 'class lists beside the data'
    else:
        names = set(class_of.values())
        sizes = proportional(len(names), (2, 1, 1))
        classes = shuffled_classes(names, sizes, seed)
        rule = f'{"/".join(map(str, sizes))} classes by SHA-256, seed {seed}'
    return _require_all(split_by_class('cub', class_of, classes, rule), class_of)


def _require_all(split: Split, class_of: dict[str, str]) -> Split:
    part_of = split.part_of()
    left = sorted({label for name, label in class_of.items() if name not in part_of})
    if left:
        raise InputError('classes of CUB in no part', left, 'none', 'complete the class lists')
    return split


def _lists(folders: tuple[Path, ...], known: set[str]) -> dict[str, list[str]]:
    """Classes by part from the first folder with lists; test is the rest where it has no list."""
    for folder in folders:
        for name in ('{}.txt', '{}classes.txt'):
            files = {part: folder / name.format(part) for part in PARTS}
            if files['train'].exists() and files['val'].exists():
                found = {
                    part: [line.split()[-1] for line in read_lines(file)]
                    for part, file in files.items()
                    if file.exists()
                }
                seen = {*found['train'], *found['val']}
                return {'test': sorted(known - seen), **found}
    return {}


def _fold(part: str, label: str) -> int:
    if part == 'train':
        return 2 + hashlib.sha256(label.encode()).digest()[0] % 3
    return 1 if part == 'val' else 0

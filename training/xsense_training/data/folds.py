# SPDX-License-Identifier: Apache-2.0
"""Five folds by concept, with near-duplicates kept together.

Concepts are linked when they share the normalised name, the bytes of a picture or a recording.
Each connected component is one unit of the split: it is named after the alphabetically first of
its normalised names, and falls into the fold given by the SHA-256 of that name. The manifest pins
the result, so that adding a source later never moves a concept that a published model has been
tested on.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from xsense_ros.errors import InputError
from xsense_training.data.concept import Concept
from xsense_training.data.names import normalise
from xsense_training.data.recordings import same_recordings
from xsense_training.data.render import write_atomically
from xsense_training.data.splits import require_disjoint

FOLDS = 5
HELD_OUT = 0
MANIFEST = Path(__file__).parents[2] / 'splits' / 'see_hear_read_folds.json'
_REBUILD = 'rebuild it with write_manifest over all sources, and retrain what was tested on it'


@dataclass(frozen=True)
class Unit:
    """Concepts that must share a fold."""

    key: str
    fold: int
    ids: tuple[str, ...]


def fold_of(key: str) -> int:
    """Fold 0 to 4 of a key: the first eight bytes of its SHA-256, modulo 5."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], 'big') % FOLDS


def units(concepts: Sequence[Concept]) -> list[Unit]:
    """Connected components of the concepts, ordered by key.

    Raises:
        InputError: two concepts have the same id.
    """
    parent = {concept.id: concept.id for concept in concepts}
    if len(parent) != len(concepts):
        twice = Counter(concept.id for concept in concepts).most_common(1)[0][0]
        raise InputError('concept id', twice, 'a unique id', 'rename one of the two')

    def find(node: str) -> str:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    content = _content_keys(concepts)
    first: dict[Hashable, str] = {}
    for concept in concepts:
        links: list[Hashable] = [('name', normalise(concept.name))]
        links += [content[path] for path in _media(concept) if path in content]
        for link in links:
            parent[find(concept.id)] = find(first.setdefault(link, concept.id))
    for one, other in same_recordings(concepts):
        parent[find(one)] = find(other)
    members: dict[str, list[Concept]] = defaultdict(list)
    for concept in concepts:
        members[find(concept.id)].append(concept)
    found = []
    for group in members.values():
        key = min(normalise(concept.name) for concept in group)
        found.append(Unit(key, fold_of(key), tuple(sorted(concept.id for concept in group))))
    return sorted(found, key=lambda unit: unit.key)


def assign_folds(
    concepts: Sequence[Concept], pinned: Mapping[str, int] | None = None
) -> list[Concept]:
    """Concepts with their fold.

    Args:
        concepts: of one or more sources.
        pinned: fold by concept id, as read from a manifest. A concept that is not in it takes the
            fold of its near-duplicates that are, else the fold of its key.

    Raises:
        InputError: near-duplicates are pinned to different folds.
    """
    pinned = pinned or {}
    folds: dict[str, int] = {}
    for unit in units(concepts):
        decided = {pinned[name] for name in unit.ids if name in pinned}
        if len(decided) > 1:
            raise InputError(
                f'folds of near-duplicates of {unit.key!r}',
                sorted(decided),
                'one fold',
                f'the fold manifest does not fit the data: {_REBUILD}',
            )
        fold = decided.pop() if decided else unit.fold
        folds.update((name, fold) for name in unit.ids)
    return [replace(concept, fold=folds[concept.id]) for concept in concepts]


def write_manifest(concepts: Sequence[Concept], path: Path = MANIFEST) -> None:
    """Stores the folds of all concepts: per fold, per key, the ids."""
    folds: dict[str, dict[str, list[str]]] = {str(fold): {} for fold in range(FOLDS)}
    for unit in units(concepts):
        folds[str(unit.fold)][unit.key] = list(unit.ids)
    manifest = {
        'schema_version': 1,
        'rule': 'fold = first 8 bytes of SHA-256(key), big-endian, modulo 5; one key per '
        'connected component over equal normalised names, images and recordings',
        'held_out': HELD_OUT,
        'folds': folds,
    }
    write_atomically(path, (json.dumps(manifest, indent=1, ensure_ascii=False) + '\n').encode())


def read_manifest(path: Path = MANIFEST) -> dict[str, int]:
    """Fold by concept id.

    Raises:
        InputError: no such file, not a manifest, or a concept or key lies in two folds.
    """
    try:
        manifest = json.loads(path.read_text('utf-8'))
        if manifest['schema_version'] != 1:
            raise InputError(
                'schema_version of the fold manifest',
                manifest['schema_version'],
                '1',
                'update xsense_training',
            )
        folds: dict[int, dict[str, list[str]]] = {
            int(fold): {key: list(ids) for key, ids in keys.items()}
            for fold, keys in manifest['folds'].items()
        }
    except (OSError, KeyError, TypeError, AttributeError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            'fold manifest',
            str(path),
            'a JSON file written by write_manifest',
            'restore it from version control, or pass manifest=None',
        ) from error
    for fold in folds:
        if not 0 <= fold < FOLDS:
            raise InputError('fold in the manifest', fold, f'0 to {FOLDS - 1}', _REBUILD)
    require_disjoint({f'fold {fold}': keys for fold, keys in folds.items()}, _REBUILD)
    return {name: fold for fold, keys in folds.items() for ids in keys.values() for name in ids}


def _media(concept: Concept) -> list[Path]:
    return [*concept.images, *(clip.path for clip in concept.sounds)]


def _content_keys(concepts: Sequence[Concept]) -> dict[Path, str]:
    """SHA-256 of each file that could have a twin: those whose size another file has, too."""
    paths = {path for concept in concepts for path in _media(concept)}
    by_size: dict[int, list[Path]] = defaultdict(list)
    for path in paths:
        by_size[path.stat().st_size].append(path)
    return {
        path: hashlib.sha256(path.read_bytes()).hexdigest()
        for twins in by_size.values()
        if len(twins) > 1
        for path in twins
    }

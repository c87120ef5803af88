# SPDX-License-Identifier: Apache-2.0
"""Outcomes on disk, so that a report is drawn again without fitting: JSON beside plain arrays."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from xsense_ros.errors import InputError
from xsense_training.evaluate.metrics import QueryResults
from xsense_training.evaluate.outcome import Outcome

INDEX = 'outcomes.json'
ARRAYS = 'outcomes.npz'


def outcomes_folder(runs: Path, system: str, variant: str) -> Path:
    """Where `evaluate` keeps what it judged of a recipe's variant."""
    return runs / f'{system}-{variant}' / 'outcomes'


def save_outcomes(outcomes: Iterable[Outcome], folder: Path) -> list[Path]:
    """Write <folder>/<dataset>/run-<n>/outcomes.{json,npz}, replacing what was judged before.

    Each run has files of its own, so that folds may be judged one at a time.
    """
    groups: dict[Path, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        name = re.sub(r'[^\w.-]+', '-', outcome.dataset)
        groups[folder / name / f'run-{outcome.run}'].append(outcome)
    for place, found in groups.items():
        place.mkdir(parents=True, exist_ok=True)
        arrays: dict[str, np.ndarray] = {}
        index = []
        for number, outcome in enumerate(found):
            described = {k: v for k, v in vars(outcome).items() if k != 'results'}
            index.append(described | {'gallery': outcome.results.gallery})
            arrays[f'ranks_{number}'] = outcome.results.ranks
            arrays[f'counts_{number}'] = outcome.results.counts
        # The index is written last: whoever finds it finds its arrays too.
        (place / INDEX).unlink(missing_ok=True)
        np.savez_compressed(place / ARRAYS, allow_pickle=False, **arrays)
        (place / INDEX).write_text(json.dumps(index, indent=1) + '\n')
    return list(groups)


def load_outcomes(folder: Path, systems: Sequence[str] = ()) -> list[Outcome]:
    """Everything judged under a folder, of the named systems or all.

    The same method on the same run found twice (a baseline beside two variants): the later wins.

    Raises:
        InputError: nothing there, a system that was never judged, or arrays that are missing.
    """
    places = sorted(folder.rglob(INDEX), key=lambda p: (p.stat().st_mtime_ns, str(p)))
    found: dict[tuple[object, ...], Outcome] = {}
    for place in places:
        for outcome in _load(place):
            key = tuple(v for k, v in vars(outcome).items() if k not in ('results', 'kind'))
            found.pop(key, None)
            found[key] = outcome
    missing = set(systems) - {o.system for o in found.values()}
    if not found or missing:
        raise InputError(
            'run folder',
            str(folder),
            f'outcomes of {", ".join(sorted(missing)) or "any system"}',
            'judge first: xsense-train evaluate SYSTEM --all-folds --runs DIR',
        )
    return [o for o in found.values() if not systems or o.system in systems]


def _load(index: Path) -> list[Outcome]:
    try:
        with np.load(index.with_name(ARRAYS), allow_pickle=False) as arrays:
            outcomes = []
            for number, entry in enumerate(json.loads(index.read_text())):
                results = QueryResults(
                    arrays[f'ranks_{number}'], arrays[f'counts_{number}'], entry.pop('gallery')
                )
                outcomes.append(Outcome(**entry, results=results))
            return outcomes
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise InputError(
            'stored outcomes', str(index), 'outcomes.json and outcomes.npz that belong together',
            f'delete that folder and judge again ({error})',
        ) from error  # fmt: skip

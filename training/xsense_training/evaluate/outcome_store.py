# SPDX-License-Identifier: Apache-2.0
"""Outcomes on disk, so that a report is drawn again without fitting: JSON beside plain arrays."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from xsense_ros.errors import InputError
from xsense_training.evaluate.match_results import MatchResults
from xsense_training.evaluate.metrics import QueryResults
from xsense_training.evaluate.outcome import Outcome
from xsense_training.evaluate.results import Results

_KINDS: dict[str, Callable[..., Results]] = {'query': QueryResults, 'match': MatchResults}
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
        arrays: dict[str, np.ndarray[Any, Any]] = {}
        index = []
        for number, outcome in enumerate(found):
            described = {k: v for k, v in vars(outcome).items() if k != 'results'}
            own, facts = outcome.results.stored()
            (kind,) = (k for k, made in _KINDS.items() if made is type(outcome.results))
            stored = {'results': kind, 'arrays': list(own), 'facts': dict(facts)}
            index.append(described | stored)
            arrays |= {f'{name}_{number}': values for name, values in own.items()}
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
                if 'gallery' in entry:  # as written before there were results of other kinds
                    facts = {'gallery': entry.pop('gallery')}
                    entry |= {'results': 'query', 'arrays': ['ranks', 'counts'], 'facts': facts}
                make = _KINDS[entry.pop('results')]
                own = {name: arrays[f'{name}_{number}'] for name in entry.pop('arrays')}
                results = make(**own, **entry.pop('facts'))
                outcomes.append(Outcome(**entry, results=results))
            return outcomes
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise InputError(
            'stored outcomes', str(index), 'outcomes.json and outcomes.npz that belong together',
            f'delete that folder and judge again ({error})',
        ) from error  # fmt: skip

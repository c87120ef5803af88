# SPDX-License-Identifier: Apache-2.0
"""Methods that learn nothing on a list of searches, each answered once and recalled from then on.

Some of them take a quarter of a second a search. Their answers depend on the pictures alone, so
they are kept under the SHA-256 of these and of the methods' own source.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsense_ros.errors import InputError
from xsense_ros.matching.boxes import Floats, around
from xsense_training.baselines import template_matching
from xsense_training.baselines.template_matching import METHODS, Method
from xsense_training.data.registered_pair import Pixels, grey
from xsense_training.recipes.hetero.judging import Answers, Locate, answers

CONTROL = 'centre prior'
Views = Sequence[tuple[Pixels, NDArray[Any]]]


def kind_of(method: str) -> str:
    """Of the method's rows, as in `Outcome`."""
    return 'control' if method == CONTROL else 'baseline'


def closed_form(name: str) -> Locate:
    """The method of that name.

    Raises:
        InputError: there is none.
    """
    if name not in METHODS:
        raise InputError('method', name, f'one of {list(METHODS)}', 'correct the name')
    method: Method = METHODS[name]

    def locate(template: Pixels, view: NDArray[Any]) -> tuple[Floats, float]:
        place = method(grey(template), grey(view))
        return around((place.x, place.y), template.shape[:2]), place.score

    return locate


def recalled(
    views: Views,
    folder: Path,
    names: Sequence[str] = tuple(METHODS),
    advance: Callable[[], object] = lambda: None,
) -> dict[str, Answers]:
    """The methods' answers to the pictures, from the folder where it holds them.

    Args:
        views: what is asked.
        folder: of such answers; new ones are added.
        names: of the methods.
        advance: called after every search that a method had to answer.

    Raises:
        InputError: no such method.
    """
    digest = digest_of(views)[:24]
    found = {}
    for name in names:
        locate = closed_form(name)
        path = folder / f'{digest}-{name.replace(" ", "-").replace("|", "abs")}.npz'
        if path.exists():
            with np.load(path, allow_pickle=False) as kept:
                found[name] = Answers(kept['found'], kept['score'])
        else:
            given = []
            for template, view in views:
                given.append(locate(template, view))
                advance()
            found[name] = answers(given)
            folder.mkdir(parents=True, exist_ok=True)
            partial = path.with_suffix('.partial.npz')
            np.savez(partial, found=found[name].found, score=found[name].score)
            partial.replace(path)
    return found


def digest_of(views: Views) -> str:
    """SHA-256 of pictures and methods."""
    sum_of = hashlib.sha256(inspect.getsource(template_matching).encode())
    for pair in views:
        for picture in pair:
            sum_of.update(np.ascontiguousarray(picture).tobytes())
    return sum_of.hexdigest()

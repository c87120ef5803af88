# SPDX-License-Identifier: Apache-2.0
"""All pairs of a gallery calibrated on its own views, and the parameters that follow."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np

from xsense_ros.engines.manifest import Calibration, SpaceSpec
from xsense_ros.errors import GalleryError, InputError
from xsense_ros.fusion.measured import Measured, choose, ways_of
from xsense_ros.fusion.rules import senses_of
from xsense_ros.gallery.protocol import GalleryLike
from xsense_ros.openset.evidence import Pair, Views
from xsense_ros.openset.thresholds import (
    LEAST_TRIALS,
    Rates,
    Thresholds,
    Trials,
    ask,
    check_items,
    choose_thresholds,
    curve,
    rates,
)

_SCORES_ARE_LOG_ODDS = Calibration(1.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Found:
    """What one pair or combination of senses can do in this gallery.

    ``space`` is empty for several senses; ``used``: it is what a robot asks; ``shipped``: at the
    thresholds that come with the models, which are ``standard``.
    """

    name: str
    space: str
    used: bool
    thresholds: Thresholds
    standard: tuple[float, float]
    shipped: Rates
    curve: tuple[Rates, ...]

    @property
    def joint(self) -> bool:
        """Whether it is of several senses."""
        return not self.space


@dataclass(frozen=True)
class Calibrated:
    """found: in order of name; left_out: name -> why nothing can be said of it."""

    items: int
    found: tuple[Found, ...]
    left_out: Mapping[str, GalleryError]

    def parameters(self) -> dict[str, float]:
        """Parameters of the node under which no pair that it asks exceeds the false accepts.

        The node has one pair of thresholds for all senses, and one for senses together: the
        strictest of those that were found. A pair of which nothing may be accepted is left out,
        for it would silence all others: do not ask it.
        """
        chosen = {}
        for joint, prefix in ((False, ''), (True, 'fusion.')):
            own = [
                one.thresholds
                for one in self.found
                if one.used and one.joint == joint and one.thresholds.rates.accepted_right > 0
            ]
            if own:
                chosen[f'{prefix}min_probability'] = max(one.min_probability for one in own)
                chosen[f'{prefix}min_margin'] = max(one.min_margin for one in own)
        return chosen

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {
            'items': self.items,
            'parameters': self.parameters(),
            'found': [asdict(one) for one in self.found],
            'left_out': {name: str(error) for name, error in self.left_out.items()},
        }


def calibrate_gallery(
    gallery: GalleryLike,
    spaces: Mapping[str, SpaceSpec],
    *,
    most_false: float = 0.05,
    targets: Iterable[str] = (),
    together: Sequence[str] = (),
    fusions: Sequence[Measured] = (),
    watch: Callable[[Sequence[str]], Iterable[str]] = iter,
) -> Calibrated:
    """Thresholds of all pairs, and of senses together, by the gallery's own views.

    Args:
        gallery: open.
        spaces: of the bundles.
        most_false: share of false accepts that is borne, in (0, 1).
        targets: what may answer, as in `Views.pairs`.
        together: senses that are asked together, as 'impact+touch'.
        fusions: that were measured.
        watch: passes on what there is to do, one by one; each takes seconds in a large gallery.

    Raises:
        InputError: a bad share, or senses that there are not.
        GalleryError: too few things or views to say anything at all.
    """
    if not 0.0 < most_false < 1.0:
        cure = 'give a share such as 0.05'
        raise InputError('false accepts', most_false, 'a number between 0 and 1', cure)
    views = Views(gallery, spaces)
    check_items(len(views.item_ids))
    pairs = views.pairs(targets)
    work: dict[str, Callable[[], Found]] = {
        f'{pair.name} in {pair.space}': partial(_alone, views, pair, most_false) for pair in pairs
    }
    for group in together:
        work[group] = partial(_together, views, pairs, group, fusions, most_false)
    found, left_out = [], {}
    for name in watch(list(work)):
        one = _unless_too_few(work[name])
        if isinstance(one, Found):
            found.append(one)
        else:
            left_out[name] = one
    if not found:
        told = f'too few of each of {len(work)} pairs' if work else 'no pair of senses'
        expected = f'{LEAST_TRIALS} of one pair whose item has another view, and as many strangers'
        cure = 'enrol more things with several views each (`xsense enroll LABEL --id ITEM ...`)'
        raise GalleryError('views to calibrate with', told, expected, cure)
    return Calibrated(len(views.item_ids), tuple(found), left_out)


def _unless_too_few(calibrate: Callable[[], Found]) -> Found | GalleryError:
    try:
        return calibrate()
    except GalleryError as error:
        return error


def _alone(views: Views, pair: Pair, most_false: float) -> Found:
    """One pair in one space; GalleryError where views are lacking."""
    evidence = views.evidence(pair)
    trials = ask(evidence.log_odds, evidence, _SCORES_ARE_LOG_ODDS)
    return _found(pair.name, pair.space, pair.used, trials, pair.calibration, most_false)


def _together(
    views: Views,
    pairs: Sequence[Pair],
    group: str,
    fusions: Sequence[Measured],
    most_false: float,
) -> Found:
    """Several senses joined as a robot does; GalleryError where views are lacking."""
    senses = senses_of(group)
    own = {s: [pair for pair in pairs if pair.used and pair.sense == s] for s in senses}
    for sense, answering in own.items():
        if not answering:
            cure = f'enrol things with {sense}, or name other targets'
            raise GalleryError(f'views that answer {sense}', 'none', 'some', cure)
    ways = {pair.name: (pair.space, pair.calibration) for one in own.values() for pair in one}
    fusion = choose(
        fusions,
        {sense: tuple(sorted(pair.target for pair in one)) for sense, one in own.items()},
        ways_of(ways, views.spaces),
    )
    said = views.joint([own[sense] for sense in senses])
    scores = fusion.score({s: one.log_odds for s, one in zip(senses, said, strict=True)})
    # An item of which no sense has a view is nobody's answer.
    scores[np.all([np.isnan(one.log_odds) for one in said], axis=0)] = np.nan
    trials = ask(scores, said[0], fusion.calibration)
    return _found(group, '', True, trials, fusion.calibration, most_false)


def _found(
    name: str,
    space: str,
    used: bool,
    trials: Trials,
    calibration: Calibration,
    most_false: float,
) -> Found:
    thresholds = choose_thresholds(trials, most_false, name)
    standard = (calibration.min_probability, calibration.min_margin)
    return Found(
        name,
        space,
        used,
        thresholds,
        standard,
        rates(trials, *standard),
        tuple(curve(trials, thresholds.min_margin)),
    )

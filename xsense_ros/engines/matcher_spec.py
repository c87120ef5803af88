# SPDX-License-Identifier: Apache-2.0
"""What a manifest says of towers and matchers, and how it is read."""

from __future__ import annotations

from dataclasses import dataclass

from xsense_ros.engines.fields import Fields
from xsense_ros.errors import BundleError


@dataclass(frozen=True)
class TowerSpec:
    """How one modality becomes a vector: a preprocessor, then models run one after the other."""

    preprocess: str
    stages: tuple[str, ...]


@dataclass(frozen=True)
class PresenceSpec:
    """probability = 1 / (1 + exp(-(slope * presence + intercept))), found from min_probability.

    ``presence`` is the search model's output of that name, or where it has none the logit of its
    best cell (that of 'here' less that of 'nothing').
    """

    slope: float
    intercept: float
    min_probability: float


@dataclass(frozen=True)
class MatcherSpec:
    """A template encoder and the search that takes what it keeps, one model each.

    ``window`` is how many times wider than the template's square the square searched is.
    """

    template: TowerSpec
    search: TowerSpec
    window: float
    presence: PresenceSpec


def read_tower(fields: Fields) -> TowerSpec:
    """One tower; BundleError names the bad field."""
    stages = fields.sequence('stages')
    if not stages or not all(isinstance(stage, str) for stage in stages):
        expected = 'a list of at least one model key'
        raise BundleError(f'{fields.where}.stages', stages, expected, 'export the bundle again')
    spec = TowerSpec(fields.text('preprocess'), tuple(stages))
    fields.done()
    return spec


def read_matcher(fields: Fields) -> MatcherSpec:
    """One matcher; BundleError names the bad field."""
    presence = fields.child('presence')
    spec = MatcherSpec(
        template=read_tower(fields.child('template')),
        search=read_tower(fields.child('search')),
        window=fields.number('window', 1.0, 16.0),
        presence=PresenceSpec(
            slope=presence.number('slope'),
            intercept=presence.number('intercept'),
            min_probability=presence.number('min_probability', 0.0, 1.0),
        ),
    )
    check_slope(spec.presence.slope, presence.where, 'presence')
    presence.done()
    fields.done()
    return spec


def check_slope(slope: float, where: str, score: str) -> None:
    """BundleError unless a calibration rises with its score."""
    if slope <= 0:
        raise BundleError(
            f'{where}.slope',
            slope,
            f'a positive number, so that a higher {score} means a higher probability',
            'calibrate on a validation set where the model is better than chance',
        )

# SPDX-License-Identifier: Apache-2.0
"""The values of the matching node's parameters as the node uses them."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping as Values
from dataclasses import dataclass
from typing import Any

import numpy as np

from xsense_ros.matching.mapping import Camera, Mapping
from xsense_ros.matching.seeker import SeekOptions
from xsense_ros.nodes.matching.parameters import AUTO, PARAMETERS
from xsense_ros.nodes.parameter_spec import check_rows, unless_negative

# Stand in for calibrated cameras where only the other numbers are checked.
_ANY = Camera((0, 0), np.eye(3))


@dataclass(frozen=True)
class RegistrationSettings:
    """How visible pixels become infrared ones: kind, and the numbers of each kind (metres)."""

    kind: str
    homography: tuple[float, ...]
    translation: tuple[float, ...]
    rotation: tuple[float, ...]
    depth: float

    def mapping(self, cameras: Callable[[], tuple[Camera, Camera]]) -> Mapping:
        """The mapping that is asked for.

        Args:
            cameras: gives the visible and the infrared camera, where they are needed.

        Raises:
            InputError: numbers that make no mapping, or what ``cameras`` raises.
        """
        if self.kind == 'homography':
            return Mapping.homography(self.homography)
        if self.kind == 'cameras':
            return Mapping.cameras(*cameras(), self.rotation, self.translation, self.depth)
        return Mapping.same()


@dataclass(frozen=True)
class MatchingSettings:
    """The values of the parameters, as the node uses them.

    Times in seconds, ``infrared_max_rate`` in Hz. '' and None: as the message or the backend has
    it. ``celsius`` is (scale, offset), None where unknown.
    """

    bundle: str
    backends: tuple[str, ...]
    strict_backend: bool
    threads: int | None
    build: str
    max_templates: int
    registration: RegistrationSettings
    pair_tolerance: float
    stale_after: float
    visible_frames: int
    infrared_encoding: str
    infrared_palette: str
    celsius: tuple[float, float] | None
    freeze_seconds: float
    silent_seconds: float
    infrared_max_rate: float
    search: SeekOptions
    stamp_tolerance_seconds: float

    @classmethod
    def from_values(cls, values: Values[str, Any]) -> MatchingSettings:
        """From parameter values by name, which must have passed ``check_values``."""
        encoding, scale = values['infrared.encoding'], values['infrared.celsius_scale']
        return cls(
            bundle=values['bundle'],
            backends=tuple(values['backends']),
            strict_backend=values['strict_backend'],
            threads=values['threads'] or None,
            build=values['engines.build'],
            max_templates=values['max_templates'],
            registration=RegistrationSettings(
                values['mapping'],
                tuple(values['homography']),
                tuple(values['cameras.translation']),
                tuple(values['cameras.rotation']),
                values['cameras.depth'],
            ),
            pair_tolerance=values['pair_tolerance'],
            stale_after=values['stale_after'],
            visible_frames=values['visible.frames'],
            infrared_encoding='' if encoding == AUTO else encoding,
            infrared_palette=values['infrared.palette'],
            celsius=(scale, values['infrared.celsius_offset']) if scale else None,
            freeze_seconds=values['infrared.freeze_seconds'],
            silent_seconds=values['infrared.silent_seconds'],
            infrared_max_rate=values['infrared.max_rate'],
            search=SeekOptions(
                prior=values['search.prior'],
                tiles_per_frame=values['search.tiles_per_frame'],
                lost_after=values['search.lost_after'],
                min_probability=unless_negative(values['search.min_probability']),
                scales=tuple(values['search.scales']),
            ),
            stamp_tolerance_seconds=values['stamp_tolerance_seconds'],
        )


def check_values(values: Values[str, Any]) -> None:
    """InputError for the first value that cannot be used.

    Args:
        values: of all parameters, by name.
    """
    check_rows(PARAMETERS, values)
    MatchingSettings.from_values(values).registration.mapping(lambda: (_ANY, _ANY))

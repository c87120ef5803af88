# SPDX-License-Identifier: Apache-2.0
"""What is looked for: pictures with a box, and what follows them while models are loaded."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsense_ros.errors import InputError, XsenseError
from xsense_ros.matching.frame import SearchFrame
from xsense_ros.matching.mapping import Mapping
from xsense_ros.matching.matcher import Matcher
from xsense_ros.matching.seeker import TILES, WINDOW, Seeker, SeekOptions, Sighting
from xsense_ros.matching.template import Template, cut_template
from xsense_ros.nodes.diagnostics import Report
from xsense_ros.nodes.faults import FaultRegistry, Level
from xsense_ros.nodes.service_thread import not_active

TEMPLATES = 'templates'
_MADE = 'template_{}'


@dataclass(frozen=True)
class Picture:
    """A visible picture and the thing in it.

    header: of its message; rgb: uint8 (H, W, 3); box: (4,) left, top, width, height, None for the
    whole picture; placed: whether the visible camera took it, so that the box tells a place.
    """

    header: Any
    rgb: NDArray[np.uint8]
    box: Sequence[float] | None
    placed: bool


@dataclass
class Target:
    """One thing that is looked for. Its picture outlives the models that encoded it."""

    name: str
    picture: Picture
    template: Template
    unspent_ms: float = 0.0  # cost of encoding it, told with its first answer
    seeker: Seeker | None = field(default=None, repr=False)
    mode: str = WINDOW
    seen: float = 0.0  # time.monotonic of the last frame in which it was found
    latest: Sighting | None = None

    def look(
        self, frame: SearchFrame, matcher: Matcher, mapping: Mapping, options: SeekOptions
    ) -> Sighting:
        """Search a frame; errors as of Seeker."""
        if self.seeker is None:
            self.seeker = Seeker(matcher, self.template, mapping)
        self.seeker.mapping, self.seeker.options = mapping, options
        sighting = self.seeker.look(frame)
        self.latest, self.mode = sighting, sighting.mode
        if sighting.found:
            self.seen = time.monotonic()
        return sighting

    def state(self) -> str:
        """For people: how it fares."""
        if self.latest is None:
            return 'not looked for yet'
        if self.latest.found:
            return f'found, probability {self.latest.probability:.2f}'
        ago = f', last found {time.monotonic() - self.seen:.1f} s ago' if self.seen else ''
        return f'not found{ago}: {self.latest.reason}'


class Targets:
    """The things that are looked for, by name. They survive deactivation.

    Whoever changes them holds the node's guard; reading needs none.

    Args:
        faults: told of what could not be encoded again.
        most: how many there may be.
    """

    def __init__(self, faults: FaultRegistry, most: int) -> None:
        self._faults = faults
        self.most = most
        self._targets: dict[str, Target] = {}  # replaced as a whole
        self._matcher: Matcher | None = None

    def __len__(self) -> int:
        """How many there are."""
        return len(self._targets)

    def all(self) -> tuple[Target, ...]:
        """Those of this moment."""
        return tuple(self._targets.values())

    def load(self, matcher: Matcher) -> None:
        """Encode all pictures with a matcher; one that it cannot use is dropped and reported."""
        self._matcher = matcher
        again = [self._again(matcher, target) for target in self._targets.values()]
        self._targets = {target.name: target for target in again if target is not None}

    def unload(self) -> None:
        """Let go of the matcher and of what depends on it; the pictures stay."""
        self._matcher = None
        for target in self._targets.values():
            target.seeker = target.latest = None

    def set(self, name: str, picture: Picture) -> str:
        """Look for a thing from now on; one of the same name is replaced.

        Returns:
            Its name; one is made where ``name`` is empty.

        Raises:
            InputError: no models in memory, too many things, or a box that makes no template.
            EngineError: inference failed.
        """
        if self._matcher is None:
            raise not_active()
        name = name or self._free_name()
        if name not in self._targets and len(self._targets) >= self.most:
            raise InputError(
                'templates',
                f'{len(self._targets)}: {", ".join(self._targets)}',
                f'at most max_templates ({self.most})',
                'clear one (clear_template), replace one by its name, or raise max_templates',
            )
        self._targets = self._targets | {name: self._made(self._matcher, name, picture)}
        return name

    def clear(self, name: str) -> None:
        """Look for a thing no longer; '' for all. InputError for a name that is not known."""
        if name and name not in self._targets:
            known = f'one of {list(self._targets)}' if self._targets else 'no name: there are none'
            raise InputError('template_id', name, known, "correct it, or '' for all")
        rest = {key: target for key, target in self._targets.items() if name and key != name}
        self._targets = rest

    def describe(self) -> Report:
        """For diagnostics."""
        targets = self.all()
        if not targets:
            return 'none: set_template or template_region tells what to look for', {}
        found = sum(t.latest is not None and t.latest.found for t in targets)
        return f'{found} of {len(targets)} found', {t.name: t.state() for t in targets}

    def _again(self, matcher: Matcher, target: Target) -> Target | None:
        try:
            return self._made(matcher, target.name, target.picture)
        except XsenseError as error:
            self._faults.report_error(TEMPLATES, error, Level.ERROR)
            return None

    def _made(self, matcher: Matcher, name: str, picture: Picture) -> Target:
        placed = picture.placed
        template = cut_template(matcher, picture.rgb, picture.box, name, placed=placed)
        mode = WINDOW if placed else TILES
        return Target(name, picture, template, template.kept.milliseconds, mode=mode)

    def _free_name(self) -> str:
        number = 1
        while (name := _MADE.format(number)) in self._targets:
            number += 1
        return name

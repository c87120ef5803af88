# SPDX-License-Identifier: Apache-2.0
"""Following one template through infrared frames: around where it was, or everywhere when lost."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping as Lookup
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from xsense_ros.errors import InputError
from xsense_ros.matching.boxes import Floats, around, clip
from xsense_ros.matching.frame import CropMemory, SearchFrame
from xsense_ros.matching.geometry import Crop, carry, search_around
from xsense_ros.matching.mapping import Mapping
from xsense_ros.matching.matcher import Answer, Matcher
from xsense_ros.matching.template import Template
from xsense_ros.matching.tiling import Candidate, Sweep, plan_sweep, sides_of_any

WINDOW, TILES = 'window', 'tiles'
# A thing that is followed may come this much nearer or go this much farther away.
_FARTHEST = 4.0


@dataclass(frozen=True)
class SeekOptions:
    """How to search.

    prior: weight of the middle of a window, which is a prediction (see `decode.best_box`);
    tiles_per_frame: of a search everywhere, 0 for all at once; lost_after: frames in a row without
    the thing until it is searched everywhere; min_probability: from which it counts as found, None
    for the matcher's own; scales: of the expected size, in which it is searched everywhere.

    Raises:
        InputError: a number out of range.
    """

    prior: float = 0.49
    tiles_per_frame: int = 4
    lost_after: int = 3
    min_probability: float | None = None
    scales: tuple[float, ...] = (1.0, 0.7, 1.4)

    def __post_init__(self) -> None:
        for name, value, low, high in (
            ('prior', self.prior, 0.0, 0.99),
            ('tiles_per_frame', self.tiles_per_frame, 0, 10_000),
            ('lost_after', self.lost_after, 1, 10_000),
            ('min_probability', self.min_probability or 0.0, 0.0, 1.0),
            *(('scales', scale, 0.1, 10.0) for scale in self.scales or (math.nan,)),
        ):
            if not low <= value <= high:
                cure = f'correct the parameter {name}'
                raise InputError(f'search.{name}', value, f'{low} to {high}', cure)


@dataclass(frozen=True)
class Sighting:
    """Where a template is in one infrared frame, or that it is not there.

    found: whether it is; probability: of that; box_visible, box_infrared: (4,) in the two frames,
    None where it was not found (and box_visible where the visible camera cannot see it); mode:
    'window' or 'tiles'; reason: why not found, '' where it was; tiles_left: of a search
    everywhere; milliseconds: by stage, 'cut' and 'search'.
    """

    found: bool
    probability: float
    box_visible: Floats | None
    box_infrared: Floats | None
    mode: str
    reason: str
    tiles_left: int
    milliseconds: Lookup[str, float] = field(default_factory=dict)


@dataclass
class _Look:
    """One frame being searched, and what that has cost so far."""

    frame: SearchFrame
    cut: float = 0.0
    search: float = 0.0
    reason: str = ''


class Seeker:
    """Follows one template.

    It begins around where the mapping says that the template's box lies, or everywhere if the
    template's picture tells no place. Not thread-safe: a seeker belongs to one stream of frames.

    Args:
        matcher: that encoded the template.
        template: what is looked for.
        mapping: from the template's frame to those searched.
        options: see SeekOptions.

    Attributes:
        template: as given.
        options: as given; may be replaced between frames.
    """

    def __init__(
        self,
        matcher: Matcher,
        template: Template,
        mapping: Mapping,
        options: SeekOptions | None = None,
    ) -> None:
        self.template = template
        self._matcher = matcher
        self._mapping = mapping
        self.options = options or SeekOptions()
        self._expected: Floats | None = None  # the square where the mapping puts it
        self._square: Floats | None = None  # where it is thought to be
        self._angle = 0.0
        self._misses = 0
        self._lost = not template.placed
        self._sweep: Sweep | None = None
        self._size: tuple[int, int] | None = None
        self._memory = CropMemory()

    @property
    def mapping(self) -> Mapping:
        """From the template's frame to those searched; a new one forgets where the thing is."""
        return self._mapping

    @mapping.setter
    def mapping(self, mapping: Mapping) -> None:
        if mapping is not self._mapping:
            self._mapping, self._size = mapping, None

    @property
    def _least(self) -> float:
        wanted = self.options.min_probability
        return self._matcher.min_probability if wanted is None else wanted

    def lose(self) -> None:
        """Forget where it is: the next frames are searched everywhere."""
        self._lost, self._sweep, self._misses = True, None, 0

    def look(self, frame: SearchFrame | NDArray[Any]) -> Sighting:
        """Search the next frame.

        Args:
            frame: (H, W) of uint8, uint16 or float32, raw; or what `Matcher.frame` made of it,
                which several seekers share.

        Raises:
            InputError: no such frame, one in which there is nothing to be seen anywhere, or one of
                a size that the mapping is not for.
            EngineError: inference failed.
        """
        if isinstance(frame, SearchFrame):
            seen = frame
        else:
            seen = self._matcher.frame(frame, self._memory)
        self._prepare(seen.size)
        look = _Look(seen)
        return self._everywhere(look) if self._lost else self._around(look)

    def _prepare(self, size: tuple[int, int]) -> None:
        """Where to expect it in frames of this size."""
        if size == self._size:
            return
        template = self.template
        self._mapping.check(template.frame_size if template.placed else None, size)
        if template.placed:
            square = around(template.square.centre, [template.square.side] * 2)
            self._expected = self._square = self._mapping.box_to_infrared(square)
            self._angle = self._mapping.angle_at(template.square.centre)
        self._size, self._sweep = size, None

    def _around(self, look: _Look) -> Sighting:
        """Search a window around where it was last, or where it should be."""
        assert self._square is not None  # a template without a place is lost from the beginning
        x, y, _ = _place(self._square)
        if not all(0 <= v < length for v, length in zip((x, y), look.frame.size, strict=True)):
            look.reason = f'it should be at ({x:.0f}, {y:.0f}), outside of the infrared frame'
            return self._missed(look, 0.0)
        answer = self._ask(look, self._window(self._square), self.options.prior)
        if answer is None:
            return self._missed(look, 0.0)
        square, found = answer
        if found.probability < self._least:
            look.reason = f'not in the window: {self._unlikely(found.probability)}'
            return self._missed(look, found.probability)
        return self._sighted(look, square, found.probability, WINDOW)

    def _missed(self, look: _Look, probability: float) -> Sighting:
        self._misses += 1
        if self._misses >= self.options.lost_after:
            self.lose()
        return _nothing(look, probability, WINDOW, 0)

    def _everywhere(self, look: _Look) -> Sighting:
        """Search the next tiles, and look closely at the best of what all tiles have found."""
        sweep = self._sweep = self._sweep or self._plan(look.frame.size)
        likeliest = 0.0
        for crop in sweep.take(self.options.tiles_per_frame):
            answer = self._ask(look, crop, 0.0)
            if answer is not None and answer[1].probability >= self._least:
                sweep.candidates.append(Candidate(answer[0], answer[1].presence))
        best = sweep.best()
        if best is not None:
            answer = self._ask(look, self._window(best.square), self.options.prior)
            if answer is not None:
                square, found = answer
                # Picked among so many places, it has to be that much clearer.
                likeliest = self._matcher.probability(found.presence, sweep.places)
                if likeliest >= self._least:
                    return self._sighted(look, square, likeliest, TILES)
            sweep.dismiss()
        left = len(sweep.waiting)
        done = f'{sweep.total - left} of {sweep.total} tiles searched'
        if not left:
            done = f'nowhere in the frame: {done}'
        look.reason = f'{done}; {self._unlikely(likeliest)}' if best else done
        if not left:
            self._sweep = None  # the next frame begins again
        return _nothing(look, likeliest, TILES, left)

    def _plan(self, size: tuple[int, int]) -> Sweep:
        matcher = self._matcher
        if self._expected is None or self._square is None:
            near, sides = (size[0] / 2, size[1] / 2), sides_of_any(size)
        else:
            near = _place(self._square)[:2]
            sides = [float(self._expected[2]) * scale for scale in self.options.scales]
        return plan_sweep(size, sides, matcher.window, matcher.search_size, near, self._angle)

    def _window(self, square: Floats) -> Crop:
        x, y, side = _place(square)
        matcher = self._matcher
        return search_around((x, y), side, matcher.search_size, matcher.window, self._angle)

    def _ask(self, look: _Look, crop: Crop, prior: float) -> tuple[Floats, Answer] | None:
        """The square of the frame found in a crop; None where there is nothing to be seen."""
        start = time.perf_counter()
        try:
            tensor = look.frame.tensor(crop)
        except InputError as error:  # part of a frame may be even: the sky, a wall
            look.frame.require_contrast()
            look.reason = str(error)
            return None
        finally:
            middle = time.perf_counter()
            look.cut += (middle - start) * 1e3
        answer = self._matcher.search(tensor, self.template.kept, prior)
        look.search += (time.perf_counter() - middle) * 1e3
        return crop.boxes_to_frame(answer.box), answer

    def _sighted(self, look: _Look, square: Floats, probability: float, mode: str) -> Sighting:
        self._lost, self._sweep, self._misses = False, None, 0
        self._square = self._followed(square)
        box = carry(self.template.box, self.template.square, square)
        inside = clip(box, *look.frame.size)
        try:
            back = self._mapping.box_to_visible(box)
        except InputError:
            back = None
        if back is not None and self.template.placed:
            back = clip(back, *self.template.frame_size)
        return Sighting(True, probability, back, inside, mode, '', 0, _spent(look))

    def _followed(self, square: Floats) -> Floats:
        """Where to look next: there, in a size between that found and that known before."""
        x, y, side = _place(square)
        if not self._lost and self._square is not None:
            side = math.sqrt(side * float(self._square[2]))
        if self._expected is not None:
            usual = float(self._expected[2])
            side = min(max(side, usual / _FARTHEST), usual * _FARTHEST)
        return around((x, y), (side, side))

    def _unlikely(self, probability: float) -> str:
        return f'probability {probability:.2f}, {self._least:.2f} needed'


def _place(square: Floats) -> tuple[float, float, float]:
    """Middle and side of a square, of the same area where its sides differ."""
    left, top, width, height = square.tolist()
    return left + width / 2, top + height / 2, math.sqrt(width * height)


def _nothing(look: _Look, probability: float, mode: str, left: int) -> Sighting:
    return Sighting(False, probability, None, None, mode, look.reason, left, _spent(look))


def _spent(look: _Look) -> dict[str, float]:
    return {'cut': look.cut, 'search': look.search}

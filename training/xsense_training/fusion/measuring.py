# SPDX-License-Identifier: Apache-2.0
"""All that is asked by several senses together: chosen, measured, and written for robots."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from xsense_ros.encoder import Encoder
from xsense_ros.engines.bundle import Bundle, find_bundle
from xsense_ros.fusion.measured import Measured, ways_of
from xsense_ros.names import BUNDLES
from xsense_ros.retrieval import surest_first
from xsense_training.fusion import drawn_and_named, touch_and_knock
from xsense_training.fusion.choosing import choose_fusion
from xsense_training.fusion.events import Events, Targets, listen
from xsense_training.fusion.judging import judge_together

Load = Callable[[Path | None, Encoder], Mapping[str, Events]]


@dataclass(frozen=True)
class Source:
    """Events of one kind, and what may be remembered of the things when they happen.

    views: of each thing and modality that are enrolled; draws: galleries per event.
    """

    name: str
    load: Load
    bundles: tuple[str, ...]
    asked: tuple[Targets, ...]
    views: int
    draws: int


SOURCES = (
    Source(
        'touch-sim, unseen objects',
        touch_and_knock.touched_and_knocked,
        touch_and_knock.BUNDLES,
        (
            {'impact': ('impact',), 'touch': ('touch',)},
            {'impact': ('image', 'impact'), 'touch': ('image', 'touch')},
            {'impact': ('image',), 'touch': ('image',)},
        ),
        touch_and_knock.VIEWS,
        touch_and_knock.DRAWS,
    ),
    Source(
        'emoji of held-out folds',
        drawn_and_named.drawn_and_named,
        drawn_and_named.BUNDLES,
        ({'sketch': ('image',), 'text': ('image',)},),
        drawn_and_named.VIEWS,
        1,
    ),
)


def measure(
    root: Path | None,
    tell: Callable[[str], None],
    bundles: tuple[str, ...] = BUNDLES,
) -> tuple[list[Measured], dict[str, Any]]:
    """Every question of SOURCES.

    Args:
        root: data root; None means $XSENSE_DATA or its default.
        tell: what is being worked on.
        bundles: that a robot loads; they decide in which space a pair meets.

    Returns:
        fusions for the robot, and the result as plain data.

    Raises:
        InputError: data is missing; names the command that fetches or makes it.
    """
    opened = {name: Bundle.open(find_bundle(name)) for name in bundles}
    spaces = {
        name: space for bundle in opened.values() for name, space in bundle.manifest.spaces.items()
    }
    fusions, results = [], []
    for source in SOURCES:
        tell(f'{source.name}: through {", ".join(source.bundles)}')
        encoder = Encoder([opened[name] for name in source.bundles], threads=1)
        try:
            events = source.load(root, encoder)
        finally:
            encoder.close()
        for targets in source.asked:
            said = {
                part: listen(own, spaces, targets, source.views, source.draws)
                for part, own in events.items()
            }
            chosen = choose_fusion(said['validation'])
            ways = ways_of(
                {
                    f'{sense}->{target}': surest_first(spaces, sense, target)[0]
                    for sense, own in targets.items()
                    for target in own
                },
                spaces,
            )
            found = Measured(targets, ways, chosen.fusion)
            fusions.append(found)
            results.append(
                {
                    'senses': found.senses,
                    'targets': targets,
                    'data': source.name,
                    'enrolled views': source.views,
                    'validation things': events['validation'].things,
                    'mAP on validation': chosen.tried,
                    'rule': chosen.fusion.rule,
                    'weights': chosen.fusion.weights,
                    'calibration': asdict(chosen.fusion.calibration),
                    **judge_together(said['test'], chosen),
                }
            )
    versions = {name: bundle.manifest.version for name, bundle in opened.items()}
    return fusions, {'bundles': versions, 'results': results}

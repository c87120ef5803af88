# SPDX-License-Identifier: Apache-2.0
"""What a frame takes with the template kept and without: `xsense-train describe hetero --time`.

Mutual attention (`transt`) has to go through the template with every frame, because its stream
depends on the search image; `cached` attention goes through it once. At the same depth a frame is
spared the template's trunk, its self-attention, and its look at the search image. Published are
five cached layers in place of four: as many MACs for a template and a frame together, so a frame
has the trunk and attention of its template less; its softmax over more layers, which is no MAC,
takes some of that back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import torch

from xsense_training.evaluate.cost import median_times
from xsense_training.evaluate.model_size import TimeRatio
from xsense_training.models.hetero_matcher import HeteroMatcher, MatcherConfig

MUTUAL = MatcherConfig()
CACHED = (replace(MUTUAL, attention='cached'), replace(MUTUAL, attention='cached', layers=5))


def times(
    mutual: MatcherConfig = MUTUAL,
    cached: Sequence[MatcherConfig] = CACHED,
    repeats: int = 7,
) -> list[TimeRatio]:
    """Times of a frame over that of `mutual`, one CPU thread, medians of calls in turn."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.inference_mode():
            return _times(mutual, cached, repeats)
    finally:
        torch.set_num_threads(threads)


def _times(
    mutual: MatcherConfig, cached: Sequence[MatcherConfig], repeats: int
) -> list[TimeRatio]:
    template, search = (
        torch.rand(1, 3, size, size) for size in (mutual.template_size, mutual.search_size)
    )
    both = HeteroMatcher(mutual).eval()
    calls: dict[str, Callable[[], object]] = {'mutual': partial(both, template, search)}
    for config in cached:
        matcher, name = HeteroMatcher(config).eval(), _told(config)
        kept = matcher.encode_template(template)
        calls |= {
            f'{name}: a frame': partial(matcher.match, search, kept),
            f'{name}: template': partial(matcher.encode_template, template),
            f'{name}: trunk': partial(matcher.streams.template, template),
        }
    taken = median_times(calls, repeats)
    share = {name: seconds / taken['mutual'] for name, seconds in taken.items()}
    found = [TimeRatio(f'{_told(mutual)}: a frame, which goes through the template too', 1.0)]
    for name in map(_told, cached):
        frame, once, trunk = (
            share[f'{name}: {part}'] for part in ('a frame', 'template', 'trunk')
        )
        found += [
            TimeRatio(f'{name}: a frame, the template is kept', frame),
            TimeRatio(f'{name}: saved a frame', 1 - frame),
            TimeRatio(f'{name}: the trunk of its template, once', trunk),
            TimeRatio(f'{name}: attention, keys and values of its template, once', once - trunk),
        ]
    return found


def _told(config: MatcherConfig) -> str:
    return f'{config.trunk}, {config.attention} x{config.layers}'

# SPDX-License-Identifier: Apache-2.0
"""What was found of a gallery, in lines for a terminal, and as a parameter file."""

from __future__ import annotations

from collections.abc import Mapping

from xsense_ros.errors import GalleryError
from xsense_ros.openset.calibrating import Calibrated, Found
from xsense_ros.openset.stats import Stats

_SHOWN = 10


def calibration_lines(found: Calibrated, most_false: float) -> list[str]:
    """A line a pair: what is accepted with the shipped thresholds, and with its own."""
    lines = [
        f'{found.items} items; at most {most_false:.1%} false accepts wanted',
        f'{"":28} {"":22} {"with the shipped":>24} {"with its own thresholds":>52}',
        f'{"pair":28} {"space":22} {"known":>12}{"strangers":>12} '
        f'{"probability":>12}{"margin":>8}{"known":>9}{"strangers":>11}{"at most":>9}',
    ]
    lines += [_line(one) for one in found.found]
    lines += _left_out(found.left_out)
    parameters = found.parameters()
    lines += ['', 'parameters of the node:' if parameters else 'nothing can be accepted so']
    return lines + [f'  {name}: {value}' for name, value in parameters.items()]


def _left_out(errors: Mapping[str, GalleryError]) -> list[str]:
    """A line a pair, and once beneath them what all of them lack."""
    alike: dict[str, list[str]] = {}
    for name, error in errors.items():
        lacking = f'expected {error.expected}. Cure: {error.cure}'
        alike.setdefault(lacking, []).append(f'  {name:51} {error.value}')
    return [
        line
        for lacking, pairs in alike.items()
        for line in ('', 'left out:', *pairs, f'  {lacking}')
    ]


def parameter_file(found: Calibrated, most_false: float) -> str:
    """YAML for --params-file."""
    lines = [
        '# Found by `xsense gallery calibrate`: at most '
        f'{most_false:.1%} false accepts among the views of {found.items} items.',
        '/**:',
        '  ros__parameters:' if found.parameters() else '  ros__parameters: {}',
    ]
    lines += [f'    {name}: {value}' for name, value in found.parameters().items()]
    return '\n'.join(lines) + '\n'


def stats_lines(stats: Stats) -> list[str]:
    """Counts, then the worst of what is hard to tell apart."""
    views = ', '.join(f'{count} {name}' for name, count in stats.views.items())
    spaces = ', '.join(f'{name} {count}' for name, count in stats.spaces.items())
    lines = [
        f'{stats.items} items, {sum(stats.views.values())} views ({views}), '
        f'{stats.kept} with their sample; version {stats.version}',
        f'vectors: {spaces}',
        f'map: {len(stats.map.points)} items by {stats.map.modality} in {stats.map.space}',
        f'near-duplicates: {len(stats.duplicates)}',
    ]
    lines += [
        f'  {one.cosine:.3f}  {one.labels[0]} / {one.labels[1]} ({one.modality}, views '
        f'{one.view_ids[0]} and {one.view_ids[1]})'
        for one in stats.duplicates[:_SHOWN]
    ]
    mistaken = [one for one in stats.confusable if one.mistaken]
    lines.append(f'mistaken for each other: {len(mistaken)} pairs')
    return lines + [
        f'  {one.labels[0]} / {one.labels[1]} by {one.modality}: {one.mistaken} of {one.asked} '
        f'views (cosine {one.cosine:.3f})'
        for one in mistaken[:_SHOWN]
    ]


def _line(one: Found) -> str:
    chosen, rates = one.thresholds, one.thresholds.rates
    name = f'{one.name}{"" if one.used else " (not asked)"}'
    start = (
        f'{name:28} {one.space or "together":22} {one.shipped.accepted_right:>11.0%} '
        f'{one.shipped.false_accepts:>11.1%} '
    )
    if not rates.accepted_right:
        return f'{start} nothing can be accepted'
    return (
        f'{start} {chosen.min_probability:>11.3f}{chosen.min_margin:>8.3f}'
        f'{rates.accepted_right:>9.0%}{rates.false_accepts:>11.1%}'
        f'{chosen.false_accepts_at_most:>9.1%}'
    )

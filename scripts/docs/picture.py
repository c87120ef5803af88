# SPDX-License-Identifier: Apache-2.0
"""The picture of the system, as SVG: its topics and services are those of the nodes' tables."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from xsense_ros.nodes.interface_table import HEARS, SAYS, SERVICES, TOPICS

_WIDTH, _HEIGHT = 1000, 590
_STYLE = """
text { font: 13px system-ui, "Segoe UI", "Noto Sans", Helvetica, Arial, sans-serif; fill: #22303c }
.small { font-size: 11.5px; fill: #52606d }
.name { font-size: 15px; font-weight: 650 }
.mono { font: 12px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace }
.paper { fill: #fcfbf8; stroke: #d9d4c7 }
.node { fill: #eef4f6; stroke: #86a8b3 }
.part { fill: #ffffff; stroke: #86a8b3 }
.topic { fill: #fff3dc; stroke: #d8a33d }
.said { fill: #e4f3e3; stroke: #6ba368 }
.served { fill: #ece8f7; stroke: #8b7cc1 }
.maker { fill: #f4e9e6; stroke: #b98674 }
path { fill: none; stroke: #52606d; stroke-width: 1.6; marker-end: url(#tip) }
.dashed { stroke-dasharray: 5 4 }
"""


def picture() -> str:
    """docs/system.svg."""
    parts = [
        _rect(1, 1, _WIDTH - 2, _HEIGHT - 2, 'paper', 10),
        *_retrieval(),
        *_matching(),
        *_makers(),
    ]
    words = (
        'Senses arrive as topics on the left. The node retrieval turns each sample into vectors, '
        'searches its gallery and publishes answers on the right; the node matching finds '
        'visible templates in infrared frames. Bundles come from the training side; people and '
        'programs use services.'
    )
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        f'role="img" aria-labelledby="title words">\n'
        f'<title id="title">How xsense_ros is put together</title>\n'
        f'<desc id="words">{words}</desc>'
    )
    tip = (
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
        'markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z" style="fill:#52606d;stroke:none;'
        'marker-end:none"/></marker></defs>'
    )
    return '\n'.join([head, f'<style>{_STYLE}</style>', tip, *parts, '</svg>']) + '\n'


def _retrieval() -> list[str]:
    parts = [
        ('senses', ('decode, clean,', 'cut windows')),
        ('engines', ('one vector a space;', 'ONNX or TensorRT')),
        ('ranking', ('calibrated odds;', 'accepted or unknown')),
    ]
    beside = [
        *_part(604, 206, 156, 'gallery', ('a crash-safe file, or', 'shared by a fleet')),
        _arrow(682, 206, 682, 163),
    ]
    drawn = _node(
        'retrieval', 'what is sensed in, ranked answers out', (20, 306), (36, 84, 60), 130, parts,
        beside,
    )  # fmt: skip
    drawn += _services(248, 206, 320, [f'~/{row.name}' for row in SERVICES['retrieval']])
    drawn.append(_arrow(568, 244, 604, 244))
    return drawn


def _matching() -> list[str]:
    parts = [
        ('frames', ('paired by stamp,', 'mapped to one view')),
        ('template', ('cut and encoded', 'once')),
        ('search', ('around the last place,', 'or tile by tile')),
    ]
    saying = 'a thing marked in visible light, found in heat'
    drawn = _node('matching', saying, (326, 470), (346, 364, 346), 400, parts)
    served = '  '.join(f'~/{row.name}' for row in SERVICES['matching'])
    drawn.append(_text(248, 460, served, 'mono'))
    return drawn


def _node(
    name: str,
    saying: str,
    span: tuple[int, int],
    tops: tuple[int, int, int],
    middle: int,
    parts: Sequence[tuple[str, tuple[str, str]]],
    beside: Sequence[str] = (),
) -> list[str]:
    """A node between its topics.

    Args:
        name: of the node.
        saying: what it does.
        span: top and bottom of its box.
        tops: of the topics that it hears, of its parts, and of the topics that it says.
        middle: height at which a sample goes through.
        parts: the three that it goes through, and what each does.
        beside: what else is drawn within.
    """
    left, right = 232, 776
    (top, bottom), (hears, inside, says) = span, tops
    heard, said = _names(name, HEARS), _names(name, SAYS)
    drawn = [
        _rect(left, top, right - left, bottom - top, 'node', 12),
        _text(left + 16, top + 26, name, 'name'),
        _text(left + 98, top + 26, saying, 'small'),
    ]
    drawn += _pills(16, hears, 186, heard, 'topic')
    drawn += [_arrow(202, hears + 40 * n + 15, left + 16, middle) for n in range(len(heard))]
    for offset, width, part in zip((16, 194, 372), (142, 142, 156), parts, strict=True):
        drawn += _part(left + offset, inside, width, *part)
    drawn += [_arrow(left + end, middle, left + end + 36, middle) for end in (158, 336)]
    drawn += beside
    drawn += _pills(808, says, 176, said, 'said')
    drawn += [_arrow(right - 16, middle, 808, says + 40 * n + 15) for n in range(len(said))]
    return drawn


def _makers() -> list[str]:
    return [
        _rect(232, 506, 250, 64, 'maker', 8),
        _text(248, 530, 'bundles', 'name'),
        _text(248, 550, 'ONNX, manifest, model card; by hash', 'small'),
        _arrow(357, 506, 357, 471),
        _rect(16, 506, 186, 64, 'maker', 8),
        _text(32, 530, 'xsense_training', 'name'),
        _text(32, 550, 'PyTorch, on a workstation', 'small'),
        _arrow(202, 538, 232, 538, dashed=True),
        _rect(526, 506, 458, 64, 'served', 8),
        _text(542, 530, 'you', 'name'),
        _text(542, 550, 'the page, the xsense command, ros2, your own nodes: services', 'small'),
        _arrow(651, 506, 651, 471),
    ]


def _names(node: str, direction: str) -> list[str]:
    """Topics of a node; compressed pictures, formats and calibrations belong to others."""
    rows = [row for row in TOPICS[node] if row.direction == direction]
    return [row.name for row in rows if not row.name.endswith(('/compressed', '_info'))]


def _pills(x: int, y: int, width: int, names: Sequence[str], kind: str) -> list[str]:
    drawn = []
    for number, name in enumerate(names):
        top = y + 40 * number
        drawn += [_rect(x, top, width, 30, kind, 15), _text(x + 14, top + 19, name, 'mono')]
    return drawn


def _services(x: int, y: int, width: int, names: Sequence[str]) -> list[str]:
    drawn = [_rect(x, y, width, 88, 'served', 8), _text(x + 14, y + 22, 'services', 'name')]
    for number, name in enumerate(names):
        row, column = divmod(number, 3)
        drawn.append(_text(x + 14 + 104 * column, y + 43 + 17 * row, name, 'mono'))
    return drawn


def _part(x: int, y: int, width: int, name: str, lines: Sequence[str]) -> list[str]:
    drawn = [_rect(x, y, width, 78, 'part', 8), _text(x + 14, y + 24, name, 'name')]
    for number, line in enumerate(lines):
        drawn.append(_text(x + 14, y + 45 + 17 * number, line, 'small'))
    return drawn


def _rect(x: int, y: int, width: int, height: int, kind: str, radius: int) -> str:
    return (
        f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="{radius}" class="{kind}"/>'
    )


def _text(x: int, y: int, words: str, kind: str) -> str:
    return f'<text x="{x}" y="{y}" class="{kind}">{escape(words)}</text>'


def _arrow(x0: int, y0: int, x1: int, y1: int, *, dashed: bool = False) -> str:
    """A curve that leaves and arrives level, or upright where it goes straight up or down."""
    style = ' class="dashed"' if dashed else ''
    if x0 == x1:
        return f'<path d="M{x0} {y0}V{y1}"{style}/>'
    middle = (x0 + x1) // 2
    return f'<path d="M{x0} {y0}C{middle} {y0} {middle} {y1} {x1} {y1}"{style}/>'

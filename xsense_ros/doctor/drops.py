# SPDX-License-Identifier: Apache-2.0
"""What do the nodes leave out because newer messages have come?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from xsense_ros.doctor.finding import Finding, Level, Outcome
from xsense_ros.doctor.observation import Observation, SeenNode, Status

_MANY = 0.1


def judge(seen: Observation) -> Outcome:
    """A note where a node cannot answer everything; a warning where sound is lost."""
    findings: list[Finding] = []
    for node in seen.nodes:
        heard = {name: node.status[name] for name in node.hears if name in node.status}
        for sense in dict.fromkeys(node.sense(name) for name in heard):
            topics = [name for name in heard if node.sense(name) == sense]
            findings += _sense(node, {name: heard[name] for name in topics})
    return Outcome('' if findings else 'nothing dropped' if seen.nodes else '', findings)


def _sense(node: SeenNode, heard: Mapping[str, Status]) -> Iterator[Finding]:
    """What became of the messages of one sense, of all its topics together."""
    subject = ' or '.join(heard)
    came = sum(status.rise('received') for status in heard.values())
    # Each topic tells what the sense as a whole has dropped.
    dropped = max(status.rise('dropped') for status in heard.values())
    if came and dropped > _MANY * came:
        seconds = max(status.seconds for status in heard.values())
        yield Finding(
            Level.NOTE, subject, f'{node.name} passed over {dropped} of {came} messages in '
            f'{seconds:.1f} s, the newest were answered',
            'that, where messages come faster than the models run',
            'for more answers a second: a GPU backend, fewer senses, or fewer bundles '
            '(docs/gpu.md)',
        )  # fmt: skip
    lost = sum(status.rise('chunks_lost') for status in heard.values())
    if lost > 0:
        yield Finding(
            Level.WARNING, subject, f'{node.name} lost {lost} chunks of sound', 'none',
            'the computer is overloaded: fewer senses, or a longer sound.hop_seconds',
        )  # fmt: skip

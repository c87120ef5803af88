# SPDX-License-Identifier: Apache-2.0
"""Do answers come out where samples go in, how fast, and does anybody listen?"""

from __future__ import annotations

from collections.abc import Sequence

from xsense_ros.doctor.finding import Finding, Level, Outcome
from xsense_ros.doctor.observation import Observation, Reply, SeenNode

# Every message of these senses is a question; a sound must be loud, a touch must touch.
_ALWAYS_ANSWERED = ('image', 'infrared')
_ENOUGH, _MANY = 5, 10
_SLOW_MS = 1000.0


def judge(seen: Observation) -> Outcome:
    """Findings for questions without answers, and for slow ones; notes for answers in vain."""
    findings, told = [], []
    for node in seen.nodes:
        replies = [r for name in node.tells for r in seen.replies.get(name, ())]
        if replies:
            first = next(name for name in node.tells if seen.replies.get(name))
            told.append(f'{first}: {_speed(replies)}')
        if node.state == 'active':
            findings += _node(seen, node, replies)
    return Outcome(', '.join(told), findings)


def percentile(values: Sequence[float], share: float) -> float:
    """The nearest-rank percentile of some values; ``share`` in [0, 1]."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(share * len(ranked)))]


def _speed(replies: Sequence[Reply]) -> str:
    times = [reply.total_ms for reply in replies]
    return (
        f'{len(replies)} answers, {sum(r.accepted for r in replies)} certain, '
        f'p50 {percentile(times, 0.5):.0f} ms, p95 {percentile(times, 0.95):.0f} ms'
    )


def _node(seen: Observation, node: SeenNode, replies: Sequence[Reply]) -> list[Finding]:
    findings = []
    answers = [name for name in node.tells if name in seen.replies]
    asked = [
        name
        for name in node.hears
        if node.sense(name) in _ALWAYS_ANSWERED and len(seen.topics[name].heard) >= _ENOUGH
    ]
    refused = any(node.status[n].rise('refused') for n in node.hears if n in node.status)
    targets = node.status.get('templates')
    idle = targets is not None and not targets.values
    if asked and answers and not replies and not refused and not idle:
        findings.append(
            Finding(
                Level.ERROR, answers[0], f'no answer in {seen.seconds:g} s, although '
                f'{", ".join(asked)} brings messages', 'answers',
                'read the log of the node; a model of the first inference may still load: watch '
                'for longer (--seconds 20)',
            )
        )  # fmt: skip
    if idle and asked:
        findings.append(
            Finding(
                Level.WARNING, f'{node.name} templates', 'nothing is looked for', 'a template',
                'mark one: the service set_template, or a region on template_region '
                '(docs/matching.md)',
            )
        )  # fmt: skip
    times = [reply.total_ms for reply in replies]
    if len(times) >= _ENOUGH and percentile(times, 0.5) > _SLOW_MS:
        findings.append(
            Finding(
                Level.WARNING, answers[0], f'answers take {percentile(times, 0.5):.0f} ms (p50)',
                f'{_SLOW_MS:.0f} ms or less',
                'see what costs (encode_ms, search_ms, wait_ms of the answer); a GPU backend, '
                'fewer bundles or senses, a free processor',
            )
        )  # fmt: skip
    gallery = node.status.get('gallery')
    empty = gallery is not None and not gallery.number('items')
    if len(replies) >= _MANY and not empty and not any(reply.accepted for reply in replies):
        findings.append(
            Finding(
                Level.NOTE, answers[0], f'none of {len(replies)} answers is certain',
                'certain ones where a remembered thing is sensed',
                'enrol more views of your things, in the light and at the distance they are met; '
                'then `xsense gallery calibrate` (docs/troubleshooting.md)',
            )
        )  # fmt: skip
    listeners = [end for name in answers for end in seen.topics[name].subscriptions]
    if answers and not listeners:
        findings.append(
            Finding(
                Level.NOTE, answers[0], 'nobody listens', 'a listener: without one nothing is '
                'computed, which saves power', 'listen: `xsense echo`, the page, or your own node',
            )
        )  # fmt: skip
    return findings

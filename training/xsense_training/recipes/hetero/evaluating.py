# SPDX-License-Identifier: Apache-2.0
"""A question asked of a matcher and, where it ships, of every method that learns nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from torch import nn

from xsense_training.evaluate.outcome import Outcome
from xsense_training.recipes.hetero.asking import as_locate
from xsense_training.recipes.hetero.closed_forms import kind_of, recalled
from xsense_training.recipes.hetero.config import FullVariant, LiteVariant
from xsense_training.recipes.hetero.judging import Answers, Locate, answers, results, views
from xsense_training.recipes.hetero.protocol import SQUARES, Look
from xsense_training.recipes.hetero.questions import NAME, Asked


@dataclass(frozen=True)
class Method:
    """A learned one: name and kind as in `Outcome`."""

    name: str
    kind: str
    locate: Locate
    look: Look = SQUARES


def learned(config: LiteVariant | FullVariant, matcher: nn.Module) -> Method:
    """The matcher of a variant under the name that tables show."""
    look = config.draws.look
    if isinstance(config, LiteVariant):
        return Method('matcher, lite', 'production', as_locate(matcher, look), look)
    sizes = config.matcher
    told = f'{sizes.trunk}, {sizes.attention} x{sizes.layers}'
    if look.published:
        name = f'TransT for two sensors as published, {told}'
        return Method(name, 'published', as_locate(matcher, look), look)
    return Method(f'matcher, {told}', 'production', as_locate(matcher, look), look)


def judge_question(
    asked: Asked, method: Method, run: int, closed_forms: Path | None = None
) -> list[Outcome]:
    """Outcomes of a method, and of the closed forms where a folder for their answers is given."""
    seen = list(views(asked.pairs, asked.searches, method.look))
    own = answers([method.locate(template, view) for template, view in seen])
    given: dict[str, tuple[str, Answers]] = {method.name: (method.kind, own)}
    if closed_forms is not None:
        found = recalled(seen, closed_forms)
        given |= {name: (kind_of(name), answer) for name, answer in found.items()}
    return [
        Outcome(
            NAME,
            asked.pairs.dataset,
            asked.question.split,
            asked.direction,
            name,
            kind,
            run,
            results(asked.searches, answer, method.look),
        )
        for name, (kind, answer) in given.items()
    ]

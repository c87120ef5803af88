# SPDX-License-Identifier: Apache-2.0
"""What one method achieved on one direction in one fold or with one seed: the unit of a report."""

from __future__ import annotations

from dataclasses import dataclass

from xsense_training.evaluate.results import Results

# control: what knows too little to be right, unless the data have a shortcut; ablation: a part of
# what ships, by itself; oracle: what knows more than a robot could.
KINDS = ('production', 'published', 'baseline', 'control', 'ablation', 'chance', 'oracle')


@dataclass(frozen=True)
class Outcome:
    """Per-query results with all that tells them from others.

    system: recipe ('sketch'); dataset: 'openmoji-line'; split: what is held out and what counts
    as relevant ('unseen subgroups, instance'); direction: 'sketch->image'; method: a name a
    reader understands ('HOG of the ink box'); kind: one of KINDS; run: fold or seed; correction:
    what was done to the similarities against hubs ('inverted softmax'), '' for nothing.

    Outcomes that share system, dataset, split, direction and run have the same queries in the
    same order, so that methods can be compared in pairs (chance alone has more queries).
    """

    system: str
    dataset: str
    split: str
    direction: str
    method: str
    kind: str
    run: int
    results: Results
    correction: str = ''

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f'kind {self.kind!r}: expected one of {", ".join(KINDS)}')

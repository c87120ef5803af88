# SPDX-License-Identifier: Apache-2.0
"""The model card of See, Hear, and Read, every number from the run that made the bundle."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from xsense_training.evaluate.cells import HEADLINE, verdict
from xsense_training.evaluate.summary import Summary
from xsense_training.evaluate.table import markdown
from xsense_training.export.calibration import Calibrated
from xsense_training.export.model_card import (
    BELOW_THRESHOLDS,
    FROZEN_TRUNK,
    accepted_table,
    regenerate,
    selection_block,
)
from xsense_training.features.corpus import Corpus
from xsense_training.recipes.see_hear_read.judging import UNNAMED
from xsense_training.recipes.see_hear_read.recipe import NAME

DESCRIPTION = (
    'Pictures, sounds and English words in one space. Ask with any of the three and be answered '
    'in another; sound-text was never trained as a pair.'
)


def _control(judged: Summary) -> list[str]:
    """How much of each gain is left on things that the ImageNet classifier has no name for."""
    gains = {
        (c.dataset, c.split, c.direction): c
        for c in judged.comparisons
        if c.metric == HEADLINE and c.other_kind == 'baseline'
    }
    lines = []
    for (dataset, asked, direction), left in gains.items():
        whole = gains.get((dataset, asked.removesuffix(UNNAMED), direction))
        if not asked.endswith(UNNAMED) or whole is None:
            continue
        lines.append(
            f'- {dataset}, {direction}: {whole.difference:+.3f} {HEADLINE} over the best '
            f'baseline ({whole.other}) on all things, {left.difference:+.3f} over '
            f'{left.other} on things not named in ImageNet ({verdict(left)}).'
        )
    return ['Does the gain survive where ImageNet has no name for the thing?', '', *lines]


def card_sections(
    corpus: Corpus, selection: Mapping[str, Any], calibrated: Calibrated, judged: Summary
) -> dict[str, list[str]]:
    """Sections of MODEL_CARD.md."""
    counts = {
        s: sum(c.source == s for c in corpus.concepts)
        for s in dict.fromkeys(c.source for c in corpus.concepts)
    }
    heard = len(set(corpus.sound_concept.tolist()))
    return {
        'What it is': [
            FROZEN_TRUNK,
            "- ConSE (Norouzi et al. 2014): the image network's ImageNet classifier mixes the "
            'word vectors of its 1,000 class names; nothing is trained. This is **prior '
            'knowledge**: a held-out thing whose name is an ImageNet class is new to our data, '
            'but not to the network, which was shown photos of that class under that name. The '
            'rows "not named in ImageNet" report the things whose name shares no content word '
            'with any class name.',
            '- Text: mean of WordLlama token vectors (English, order-free), then a head.',
            '- Sound: statistics of a 2 s log-mel window, then a head that maps onto image '
            'vectors.',
            '- Weights are stored in half precision (the token table in int8) and computed in '
            'fp32; the drift is in `manifest.json` under `evaluation.export`.',
        ],
        'Which towers ship': [
            'Chosen on validation data of the shipped fold; shares are parts of the cosine. '
            '"learned" is a small trained head on CCA; "conse" is ConSE (above); the image-sound '
            'block is a CCA of image and sound alone, beside the common space, in which words '
            'are zero.',
            '',
            *selection_block(selection),
        ],
        'Data': [
            f'Concepts: {", ".join(f"{n} {c}" for n, c in counts.items())}; {heard} of them with '
            'recordings. Tux Paint stamps (GPL-2.0), OpenMoji (CC-BY-SA-4.0), Twemoji '
            '(CC-BY-4.0), Noto emoji (Apache-2.0), GCompris (licence per file), instruments '
            'rendered from the FluidR3 soundfont (MIT). Stamps and emoji are drawings and cut-out '
            "photos: results on a robot's own scenes will differ.",
            f'Fold {selection["held_out_fold"]} was never seen: neither fitted nor selected on.',
        ],
        'Results on held-out concepts': [
            'Folds by thing; each is tested by towers that did not see it. Rendered instruments '
            'are synthetic sound. Baselines are CCA, linear regression and ConSE; image-sound CCA '
            'and regression are fitted on that pair alone, in a space of their own. "Not shown": '
            'the test over folds cannot tell.',
            '',
            markdown(judged),
            *_control(judged),
            '',
            regenerate(NAME),
        ],
        'Calibration': [
            'Logistic on the cosine of the top match in galleries of 20 to 50 things; half of the '
            'queries have no counterpart there. Pictures are asked for as camera scenes too, and '
            'half of those without a counterpart show no thing at all. Thresholds: at least 0.5 '
            'and 0.02, for 80 % right among the accepted. A pair that cannot reach that on '
            'validation is ranked but never accepted. Achieved on validation ("accepted of '
            'wrong": how often an answer is accepted where the top match is wrong, mostly because '
            'there is no right one):',
            '',
            *accepted_table(calibrated),
        ],
        'Limits': [
            '- English words only. Word order is ignored.',
            '- Few recordings: where the table says "not shown", do not rely on the direction.',
            BELOW_THRESHOLDS,
        ],
    }

# SPDX-License-Identifier: Apache-2.0
"""The model card of the sketch towers, every number from the run that made the bundle."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from xsense_training.evaluate.summary import Summary
from xsense_training.evaluate.table import markdown
from xsense_training.export.calibration import Calibrated
from xsense_training.export.model_card import (
    BELOW_THRESHOLDS,
    accepted_table,
    regenerate,
    selection_block,
)
from xsense_training.recipes.sketch.material import Material
from xsense_training.recipes.sketch.recipe import NAME

DESCRIPTION = (
    'Drawings and pictures in one space: draw a thing and be shown it, or the other way round. '
    'Judged on kinds of things that no stage of training ever saw.'
)


def card_sections(
    material: Material, selection: Mapping[str, Any], calibrated: Calibrated, judged: Summary
) -> dict[str, list[str]]:
    """Sections of MODEL_CARD.md."""
    things = int(np.count_nonzero(~material.extra))
    kinds = len({material.samples.category[c] for c in np.flatnonzero(~material.extra)})
    sections = {
        'What it is': [
            f'- EfficientNet-Lite0 (ImageNet) cut after stage 5, at {material.samples.size} px; '
            'stages 3 to 5 are tuned, the map is narrowed and kept instead of pooled.',
            '- Beside the learned vector, a HOG vector (three sizes of cells) that the same graph '
            'computes; its share of the cosine was chosen on validation data.',
            '- One trunk for both modalities, a small head each. Drawings are cropped to their '
            'ink and redrawn in one width of stroke before (the sense "sketch").',
            '- Weights are stored in half precision and computed in fp32; the drift is in '
            '`manifest.json` under `evaluation.export`.',
            '',
            *selection_block(selection),
        ],
        'Data': [
            f'{things} things of {kinds} subgroups: black drawings of OpenMoji (CC-BY-SA-4.0) ask '
            'for pictures of Twemoji (CC-BY-4.0) and Noto (Apache-2.0). Faces, people and symbols '
            'train too. Line art is also made from Twemoji vectors and Noto pictures, for '
            'training alone. **These are pictograms, not free-hand sketches**; results on '
            "people's own drawings and on photographs will differ.",
            f'Fold {selection["held_out_fold"]} was never seen: neither fitted nor selected on, '
            'nor anything named like it. ImageNet pre-training has seen photographs of many such '
            'things; the rows "not named in ImageNet" leave those out.',
        ],
    }
    if judged.rows:
        sections['Results on unseen subgroups'] = [
            markdown(judged),
            '',
            'Random questions and their answers: `retrieval.jpg`.',
        ]
    return sections | {
        'Calibration': [
            'Logistic on the cosine of the top match in galleries of 20 to 50 pictures; half of '
            'the queries have no counterpart there. Pictures are asked for as camera scenes too, '
            'and half of those without a counterpart show no thing at all. A pair that cannot '
            'reach 80 % right among the accepted is ranked but never accepted. Achieved on '
            'validation:',
            '',
            *accepted_table(calibrated),
        ],
        'Limits': [
            '- Pictograms in a few styles; no free-hand drawings were at hand.',
            '- A thing far from the middle of the picture, or small in it, is found less often: '
            'see "pictures in scenes".',
            BELOW_THRESHOLDS,
            '',
            regenerate(NAME),
        ],
    }

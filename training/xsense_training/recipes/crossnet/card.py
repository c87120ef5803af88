# SPDX-License-Identifier: Apache-2.0
"""The model card of the touch towers, every number from the run that made the bundle."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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
from xsense_training.recipes.crossnet.calibration import GALLERY, PRECISION, VIEWS
from xsense_training.recipes.crossnet.data import Material
from xsense_training.recipes.crossnet.judging import NAME

DESCRIPTION = (
    'What is seen, felt by a camera behind a gel, and heard when knocked on, in one space: touch '
    'a thing and be shown it, knock on it and be shown what is made like it, or the other way '
    'round.'
)


def card_sections(
    material: Material, selection: Mapping[str, Any], calibrated: Calibrated, judged: Summary
) -> dict[str, list[str]]:
    """Sections of MODEL_CARD.md."""
    found = material.found.media
    files = len(material.files['touch'])
    sections = {
        'What it is': [
            FROZEN_TRUNK,
            '- Touch: change of the gel against its own picture without contact, 14 mm at 96 px; '
            'the first five stages of EfficientNet-Lite0 (ImageNet, frozen), means and '
            'deviations of every stage, over the field and over the contact, then a head.',
            '- Knock: log-mel window of one second that begins 20 ms before the onset; band '
            'levels, timbre and decay, then a head.',
            '- Each vector is a function of its own sense alone. One space for all senses was '
            'trained by contrast of all pairs, from a closed form (generalised CCA) on; beside '
            'it, in the same vector, lie closed forms of every pair of senses, with the part of '
            'the cosine that validation preferred:',
            '',
            *selection_block(selection),
        ],
        'Data': [
            f'**Simulated.** `{found.dataset}`: {len(found.classes)} objects, {files} instances '
            'each seen, touched and knocked on; meshes of pybullet, relief and material seen, '
            'felt and heard from one description, GelSight frames by the measured shading table '
            'of taxim, knocks by modal synthesis. Real gels, rooms and things will differ; '
            'how far simulated presses are from 72 real ones is in docs/touch-sim.md.',
            f'The test objects of split {selection["held_out_fold"]} were never seen: neither '
            'fitted nor selected on. Nor were the sensor units that are called unseen.',
        ],
    }
    if judged.rows:
        sections['Results'] = [
            'Unseen objects and same objects are two questions: never compare their numbers.',
            '',
            markdown(judged),
            '',
            'Random questions on unseen objects and their answers: `retrieval.jpg`.',
        ]
    return sections | {
        'Calibration': [
            f'Logistic on the cosine of the top match in galleries of {GALLERY[0]} to '
            f'{GALLERY[1]} objects, {VIEWS} samples each, none of which trained; half of the '
            'queries are of an object that is not there. A pair that cannot reach '
            f'{PRECISION:.0%} right among the accepted is ranked but never accepted. Pictures '
            'that ask for pictures are left to other bundles. Achieved on validation objects '
            '(on test objects, where nothing was chosen):',
            '',
            *accepted_table(calibrated),
        ],
        'Limits': [
            '- A touch tells a texture and a curvature, not a thing: objects of equal surface '
            'are equal to it.',
            '- A knock tells material and size. What it is knocked with and where it stands were '
            'not varied much.',
            '- GelSight-like gels lit in three colours. A sensor of other lamps needs towers '
            'trained on it.',
            BELOW_THRESHOLDS,
            '',
            regenerate(NAME),
        ],
    }

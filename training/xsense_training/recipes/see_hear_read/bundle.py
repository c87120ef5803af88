# SPDX-License-Identifier: Apache-2.0
"""See, Hear, and Read as a bundle: ONNX files, calibration, model card."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer

from xsense_ros.engines.bundle import Bundle
from xsense_training.evaluate.document import METRICS_FILE, write_metrics
from xsense_training.evaluate.summary import Summary
from xsense_training.evaluate.table import HEADLINE
from xsense_training.export.bundle_export import BundlePlan, Stage, export_bundle, width_of
from xsense_training.export.model_card import verdicts
from xsense_training.features.frozen_trunk import TRUNK, trunk_example
from xsense_training.models.sound_tower import SoundTower, SoundTrunk
from xsense_training.models.text_tower import TextTower
from xsense_training.recipes.see_hear_read.calibration import calibrate, empty_scenes
from xsense_training.recipes.see_hear_read.card import DESCRIPTION, model_card
from xsense_training.recipes.see_hear_read.data import Ingredients
from xsense_training.recipes.see_hear_read.recipe import SPACE, Fitted, split

VERSION = '1.2.0'
SHIPPED_FOLD = 0
LICENCE = (
    'Apache-2.0 (code, EfficientNet-Lite0), MIT (WordLlama token table and tokenizer); trained on '
    'GPL-2.0, CC-BY-SA-4.0, CC-BY-4.0, Apache-2.0 and MIT media, see MODEL_CARD.md'
)


def export(
    ingredients: Ingredients,
    fitted: Fitted,
    fold: int,
    models: Path,
    judged: Summary,
    about: Mapping[str, Any],
) -> Bundle:
    """Write models/image-sound-text and models/trunks/efficientnet-lite0.onnx.

    Args:
        ingredients: corpus and trunks.
        fitted: the fold's systems.
        fold: the fold the towers never saw.
        models: folder of the bundles.
        judged: report over folds, for the card and metrics.json.
        about: recipe, folds and environment, for metrics.json.
    """
    corpus, features = ingredients.corpus, ingredients.features
    system = fitted.systems['shipped']
    heads = system.heads
    parts = split(corpus, fold)
    empty = empty_scenes(ingredients)
    calibration, summaries = calibrate(corpus, features, system, parts.validation, empty)
    image = torch.from_numpy(np.ascontiguousarray(features.image[:16, 0]))
    texts, windows = corpus.texts, corpus.sound[:16, 0][:, None]
    words = {'ids': torch.from_numpy(texts.ids[:64]), 'mask': torch.from_numpy(texts.mask[:64])}
    stages = [
        Stage(TRUNK, ingredients.trunk, {'image': trunk_example()}, 'features', True),
        Stage('image_head', heads['image'], {'features': image}, 'vector'),
        Stage('text', TextTower(ingredients.words, heads['text']), words, 'vector'),
        Stage(
            'sound',
            SoundTower(SoundTrunk(ingredients.sounds, None), heads['sound']),
            {'log_mel': torch.from_numpy(np.ascontiguousarray(windows))},
            'vector',
        ),
    ]
    text_parameters = ingredients.text_input.parameters() | {'tokenizer': 'tokenizer.json'}
    selection = {'held_out_fold': fold, **fitted.notes}
    evaluation = {
        'protocol': 'concept-disjoint folds; metrics.json holds the full report',
        'selection': selection,
        'calibration_on_validation': summaries,
        HEADLINE: verdicts(judged),
    }
    with tempfile.TemporaryDirectory() as scratch:
        compact = Path(scratch) / 'tokenizer.json'
        compact.write_text(
            Tokenizer.from_file(str(ingredients.tokenizer)).to_str(pretty=False), encoding='utf-8'
        )
        plan = BundlePlan(
            SPACE,
            VERSION,
            LICENCE,
            DESCRIPTION,
            SPACE,
            width_of(heads['image'], image),
            stages,
            {
                'image': (
                    'image',
                    ingredients.image_input.parameters(),
                    (TRUNK, 'image_head'),
                ),
                'text': ('text', text_parameters, ('text',)),
                'sound': ('sound', ingredients.sound_input.parameters(), ('sound',)),
            },
            calibration,
            {'tokenizer.json': compact},
            {
                'MODEL_CARD.md': model_card(
                    f'{SPACE} {VERSION}', corpus, selection, calibration, summaries, judged
                ),
                METRICS_FILE: write_metrics(judged, {**about, 'selection': selection}),
            },
            evaluation,
        )
        bundle, _ = export_bundle(plan, models)
    return bundle

# SPDX-License-Identifier: Apache-2.0
"""See, Hear, and Read as a bundle: ONNX files, calibration, model card."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer

from xsense_ros.engines.bundle import Bundle
from xsense_training.export.bundle_export import Stage
from xsense_training.features.frozen_trunk import TRUNK, trunk_example
from xsense_training.models.sound_tower import SoundTower, SoundTrunk
from xsense_training.models.text_tower import TextTower
from xsense_training.recipes.see_hear_read.calibration import calibrate, empty_scenes
from xsense_training.recipes.see_hear_read.card import DESCRIPTION, card_sections
from xsense_training.recipes.see_hear_read.data import Ingredients
from xsense_training.recipes.see_hear_read.recipe import SPACE, Fitted, split
from xsense_training.recipes.shipping import Judged, Shipment, ship

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
    judged: Judged,
) -> Bundle:
    """Write models/image-sound-text and models/trunks/efficientnet-lite0.onnx.

    Args:
        ingredients: corpus and trunks.
        fitted: the fold's systems.
        fold: the fold the towers never saw.
        models: folder of the bundles.
        judged: over folds, for the card and metrics.json.
    """
    corpus, features = ingredients.corpus, ingredients.features
    system = fitted.systems['shipped']
    heads = system.heads
    parts = split(corpus, fold)
    empty = empty_scenes(ingredients)
    calibrated = calibrate(corpus, features, system, parts.validation, empty)
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
    with tempfile.TemporaryDirectory() as scratch:
        compact = Path(scratch) / 'tokenizer.json'
        compact.write_text(
            Tokenizer.from_file(str(ingredients.tokenizer)).to_str(pretty=False), encoding='utf-8'
        )
        shipment = Shipment(
            SPACE,
            VERSION,
            LICENCE,
            DESCRIPTION,
            'concept-disjoint folds',
            stages,
            {
                'image': ('image', ingredients.image_input.parameters(), (TRUNK, 'image_head')),
                'text': ('text', text_parameters, ('text',)),
                'sound': ('sound', ingredients.sound_input.parameters(), ('sound',)),
            },
            calibrated,
            selection,
            card_sections(corpus, selection, calibrated, judged.summary),
            assets={'tokenizer.json': compact},
        )
        return ship(shipment, judged, models)

# SPDX-License-Identifier: Apache-2.0
"""TNN-C-CCA as a bundle: two towers over the shared image trunk, calibration, model card."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import nn

from xsense_ros.engines.bundle import Bundle
from xsense_ros.senses.sound_input import SoundInput
from xsense_training.data.audio_visual import TAKES
from xsense_training.data.concept import SoundClip
from xsense_training.data.folds import FOLDS
from xsense_training.data.sound import load_sound
from xsense_training.export.bundle_export import Stage
from xsense_training.features.frozen_trunk import TRUNK, FrozenTrunk, trunk_example
from xsense_training.recipes.shipping import Judged, Shipment, ship
from xsense_training.recipes.tnn_c_cca.calibration import calibrate
from xsense_training.recipes.tnn_c_cca.card import DESCRIPTION, card_sections
from xsense_training.recipes.tnn_c_cca.data import AudioVisualData, sound_trunk
from xsense_training.recipes.tnn_c_cca.recipe import SHIPPED, Fitted
from xsense_training.recipes.tnn_c_cca.settings import SPACE
from xsense_training.recipes.tnn_c_cca.split import split

VERSION = '1.0.0'
SHIPPED_FOLD = 0
LICENCE = (
    'Apache-2.0 (code, EfficientNet-Lite0); trained on GPL-2.0, CC-BY-SA-4.0, CC-BY-4.0, '
    'Apache-2.0 and MIT media, see MODEL_CARD.md'
)


def export(
    data: AudioVisualData,
    fitted: Fitted,
    root: Path,
    models: Path,
    judged: Judged,
) -> Bundle:
    """Write models/audio-visual and models/trunks/efficientnet-lite0.onnx.

    Args:
        data: the embedded set.
        fitted: the shipped fold's methods.
        root: data root.
        models: folder of the bundles.
        judged: over folds, for the card and metrics.json.
    """
    _, heads = fitted.methods[SHIPPED]
    parts = split(data, SHIPPED_FOLD)
    trunk, sound_input = FrozenTrunk.load(root), SoundInput()
    calibrated = calibrate(data, parts, heads, SHIPPED_FOLD)
    image = torch.from_numpy(np.ascontiguousarray(data.image.features[:32, 0]))
    clips = [SoundClip(path) for path in data.sound.paths[:: max(TAKES.values())][:16]]
    windows = [sound_input(load_sound(clip))['log_mel'][0] for clip in clips]
    stages = [
        Stage(TRUNK, trunk.module, {'image': trunk_example()}, 'features', True),
        Stage('image_head', heads['image'], {'features': image}, 'vector'),
        Stage(
            'sound',
            nn.Sequential(sound_trunk(), heads['sound']),
            {'log_mel': torch.from_numpy(np.stack(windows))},
            'vector',
        ),
    ]
    selection = {'held_out_fold': SHIPPED_FOLD, **fitted.notes}
    shipment = Shipment(
        SPACE,
        VERSION,
        LICENCE,
        DESCRIPTION,
        f'{FOLDS} folds with recordings, keys, phrases, rooms and pictures of their own',
        stages,
        {
            'image': ('image', trunk.image_input.parameters(), (TRUNK, 'image_head')),
            'sound': ('sound', sound_input.parameters(), ('sound',)),
        },
        calibrated,
        selection,
        card_sections(data, selection, calibrated, judged.summary),
        {'classes': [data.classes[label] for label in parts.known]},
    )
    return ship(shipment, judged, models)

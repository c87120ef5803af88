# SPDX-License-Identifier: Apache-2.0
"""The lite towers as a bundle: a head on the shared image trunk, touches and knocks whole."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

import numpy as np
import torch
from torch import nn

from xsense_ros.engines.bundle import Bundle
from xsense_training.export.bundle_export import Stage
from xsense_training.features.frozen_trunk import TRUNK, trunk_example
from xsense_training.recipes.crossnet.calibration import calibrate
from xsense_training.recipes.crossnet.card import DESCRIPTION, card_sections
from xsense_training.recipes.crossnet.data import Material, Parts
from xsense_training.recipes.crossnet.describe import TOWERS
from xsense_training.recipes.crossnet.gel import touch_input
from xsense_training.recipes.crossnet.knocks import impact_input, load_knock
from xsense_training.recipes.crossnet.recipe import Fitted
from xsense_training.recipes.shipping import Judged, Shipment, ship

SPACE = 'touch-vision-sound'
VERSION = '1.0.0'
SHIPPED_FOLD = 0  # its test objects were never seen: the demo asks for them
LICENCE = (
    'Apache-2.0 (code, EfficientNet-Lite0); trained on touch-sim, which is simulated with meshes '
    'of pybullet (Zlib) and the gel calibration of taxim (MIT), see MODEL_CARD.md'
)
_EXAMPLES = 6


def export(
    material: Material,
    parts: Parts,
    fitted: Fitted,
    models: Path,
    judged: Judged,
    picture: Path | None = None,
) -> Bundle:
    """Write models/touch-vision-sound and models/trunks/efficientnet-lite0.onnx.

    Args:
        material: the set that the towers were fitted on.
        parts: rows of the shipped fold.
        fitted: towers of the shipped fold.
        models: folder of the bundles.
        judged: over folds, for the card and metrics.json; may be empty.
        picture: of queries and answers, to lie beside the card.

    Raises:
        NumericGateError: an exported model does not compute what its module does.
    """
    heads = fitted.heads
    calibrated = calibrate(material, heads, parts)
    rows = {sense: own[:_EXAMPLES] for sense, own in parts.validation.items()}
    seen = torch.from_numpy(material.tables[TOWERS].of('image')[rows['image'], 0].copy())
    felt = [material.describer.gel.press(material.files['touch'][row]) for row in rows['touch']]
    pressed = torch.from_numpy(np.concatenate([touch_input()(p)['touch'] for p in felt]))
    heard = [load_knock(material.files['impact'][row]) for row in rows['impact']]
    knocked = torch.from_numpy(np.concatenate([impact_input()(w)['log_mel'] for w in heard]))
    describer = material.describer
    trunk = describer.trunk
    stages = [
        Stage(TRUNK, trunk.module, {'image': trunk_example()}, 'features', shared=True),
        Stage('image_head', heads['image'], {'features': seen}, 'vector'),
        Stage('touch', _tower(describer.touch, heads['touch']), {'touch': pressed}, 'vector'),
        Stage('impact', _tower(describer.impact, heads['impact']), {'log_mel': knocked}, 'vector'),
    ]
    selection = {'held_out_fold': SHIPPED_FOLD, **fitted.notes}
    shipment = Shipment(
        SPACE,
        VERSION,
        LICENCE,
        DESCRIPTION,
        'unseen objects, same objects, five splits each',
        stages,
        {
            'image': ('image', trunk.image_input.parameters(), (TRUNK, 'image_head')),
            'touch': ('touch', touch_input().parameters(), ('touch',)),
            'impact': ('sound', impact_input().parameters(), ('impact',)),
        },
        calibrated,
        selection,
        card_sections(material, selection, calibrated, judged.summary),
        assets={picture.name: picture} if picture is not None else {},
    )
    return ship(shipment, judged, models)


def _tower(trunk: nn.Module, head: nn.Module) -> nn.Module:
    """A frozen description and the head on it, as one model; its weights keep these names."""
    return nn.Sequential(OrderedDict(trunk=trunk, head=head))

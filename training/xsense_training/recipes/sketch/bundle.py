# SPDX-License-Identifier: Apache-2.0
"""The sketch towers as a bundle: one trunk, a head per modality, calibration, model card.

Only what answers is exported; decoders and word vectors of the published variant never are.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from xsense_ros.engines.bundle import Bundle
from xsense_training.export.bundle_export import Stage
from xsense_training.recipes.shipping import Judged, Shipment, ship
from xsense_training.recipes.sketch.calibration import calibrate
from xsense_training.recipes.sketch.card import DESCRIPTION, card_sections
from xsense_training.recipes.sketch.inputs import (
    image_input,
    normalised,
    pictures,
    sketch_input,
    sketches,
)
from xsense_training.recipes.sketch.material import Material
from xsense_training.recipes.sketch.recipe import SPACE, Fitted

VERSION = '1.0.0'
SHIPPED_FOLD = 0  # its concepts were never seen: the demo asks for them
LICENCE = (
    'Apache-2.0 (code, EfficientNet-Lite0); trained on CC-BY-SA-4.0 (OpenMoji), CC-BY-4.0 '
    '(Twemoji) and Apache-2.0 (Noto) drawings, see MODEL_CARD.md'
)
TRUNK, PAPER = 'trunk', 'paper'
_EXAMPLES = 8


class Paper(nn.Module):
    """A drawing is a picture in black and white: (B, 3, S, S) -> the same under the other name.

    A stage takes tensors by name, and the trunk, which both modalities share, has one input.
    """

    def forward(self, sketch: Tensor) -> Tensor:
        """(B, 3, S, S) -> (B, 3, S, S)."""
        return sketch * 1.0


def export(
    material: Material,
    fitted: Fitted,
    models: Path,
    judged: Judged,
    picture: Path | None = None,
) -> Bundle:
    """Write models/sketch-photo.

    Args:
        material: the set that the towers were fitted on.
        fitted: towers of the shipped fold.
        models: folder of the bundles.
        judged: over folds, for the card and metrics.json; may be empty.
        picture: of queries and answers, to lie beside the card.

    Raises:
        NumericGateError: an exported model does not compute what its module does.
    """
    towers, samples = fitted.towers, material.samples
    validation = material.split_of(SHIPPED_FOLD).validation
    calibrated = calibrate(towers, samples, validation, image_input(samples.size))
    drawn = sketches(samples, samples.drawings_of(validation)[:_EXAMPLES])
    shown = pictures(samples, samples.pictures_of(validation)[:_EXAMPLES])
    features = torch.cat([towers.features(drawn.expand(-1, 3, -1, -1)), towers.features(shown)])
    stages = [
        Stage(PAPER, Paper(), {'sketch': normalised(drawn)}, 'image'),
        Stage(TRUNK, towers.trunk, {'image': normalised(shown)}, 'features'),
        *(
            Stage(f'{modality}_head', head, {'features': features}, 'vector')
            for modality, head in towers.heads.items()
        ),
    ]
    selection = {'held_out_fold': SHIPPED_FOLD, **fitted.notes}
    size = samples.size
    shipment = Shipment(
        SPACE,
        VERSION,
        LICENCE,
        DESCRIPTION,
        'subgroup-disjoint folds',
        stages,
        {
            'sketch': ('sketch', sketch_input(size).parameters(), (PAPER, TRUNK, 'sketch_head')),
            'image': ('image', image_input(size).parameters(), (TRUNK, 'image_head')),
        },
        calibrated,
        selection,
        card_sections(material, selection, calibrated, judged.summary),
        assets={picture.name: picture} if picture is not None else {},
    )
    return ship(shipment, judged, models)

# SPDX-License-Identifier: Apache-2.0
"""The sketch towers as a bundle: one trunk, a head per modality, calibration, model card.

Only what answers is exported; decoders and word vectors of the published variant never are.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from xsense_ros.engines.bundle import Bundle
from xsense_training.evaluate.document import METRICS_FILE, write_metrics
from xsense_training.evaluate.summary import Summary
from xsense_training.evaluate.table import HEADLINE
from xsense_training.export.bundle_export import BundlePlan, Stage, export_bundle
from xsense_training.export.model_card import verdicts
from xsense_training.recipes.sketch.calibration import calibrate
from xsense_training.recipes.sketch.card import DESCRIPTION, model_card
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
    judged: Summary,
    about: Mapping[str, Any],
    picture: Path | None = None,
) -> Bundle:
    """Write models/sketch-photo.

    Args:
        material: the set that the towers were fitted on.
        fitted: towers of the shipped fold.
        models: folder of the bundles.
        judged: report over folds, for the card and metrics.json; may be empty.
        about: recipe, folds and environment, for metrics.json.
        picture: of queries and answers, to lie beside the card.

    Raises:
        NumericGateError: an exported model does not compute what its module does.
    """
    towers, samples = fitted.towers, material.samples
    validation = material.split_of(SHIPPED_FOLD).validation
    calibration, summaries = calibrate(towers, samples, validation, image_input(samples.size))
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
    evaluation = {
        'protocol': 'subgroup-disjoint folds; metrics.json holds the full report',
        'selection': selection,
        'calibration_on_validation': summaries,
        HEADLINE: verdicts(judged),
    }
    size = samples.size
    plan = BundlePlan(
        SPACE,
        VERSION,
        LICENCE,
        DESCRIPTION,
        SPACE,
        int(towers.head('image', features[:1]).shape[1]),
        stages,
        {
            'sketch': ('sketch', sketch_input(size).parameters(), (PAPER, TRUNK, 'sketch_head')),
            'image': ('image', image_input(size).parameters(), (TRUNK, 'image_head')),
        },
        calibration,
        {picture.name: picture} if picture is not None else {},
        {
            'MODEL_CARD.md': model_card(
                f'{SPACE} {VERSION}', material, selection, calibration, summaries, judged
            ),
            METRICS_FILE: write_metrics(judged, {**about, 'selection': selection}),
        },
        evaluation,
    )
    bundle, _ = export_bundle(plan, models)
    return bundle

# SPDX-License-Identifier: Apache-2.0
"""The model card of TNN-C-CCA, every number from the run that made the bundle."""

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
from xsense_training.recipes.tnn_c_cca.calibration import PRECISION
from xsense_training.recipes.tnn_c_cca.data import AudioVisualData
from xsense_training.recipes.tnn_c_cca.settings import NAME

DESCRIPTION = (
    'Pictures and sounds of instruments and animals in one space, by class: ask with a sound and '
    'be shown things that sound so, or the other way round.'
)


def card_sections(
    data: AudioVisualData, selection: Mapping[str, Any], calibrated: Calibrated, judged: Summary
) -> dict[str, list[str]]:
    """Sections of MODEL_CARD.md."""
    groups = '; '.join(
        f'{name}: {", ".join(data.classes[label] for label in labels)}'
        for name, labels in data.groups.items()
    )
    recordings = len(set(data.sound.concept.tolist()))
    return {
        'What it is': [
            FROZEN_TRUNK,
            '- Sound: a 2 s log-mel window, statistics of its bands, cepstra, roughness and '
            'modulations, then a head.',
            '- The heads are what validation chose among a triplet network, the same behind '
            'C-CCA, their class posteriors, C-CCA alone, and the posteriors of two separate '
            'classifiers.',
            '- It knows classes, not single things: a violin finds bowed strings, not your '
            'violin.',
            '',
            f'Classes. {groups}.',
        ],
        'Which heads ship': selection_block(selection),
        'Data': [
            f'{recordings} recordings in {len(data.sound.label)} takes and '
            f'{len(data.image.label)} pictures: FluidR3 soundfont (MIT, instruments are '
            'rendered), GCompris (licence per file), Tux Paint stamps (GPL-2.0), OpenMoji '
            '(CC-BY-SA-4.0), Twemoji (CC-BY-4.0), Noto emoji (Apache-2.0). Every take lasts 2 s, '
            'has the same level and a random course of loudness, and is heard in a synthetic '
            'room; the control rows of the table say what duration, loudness, spectral centroid '
            'and late-to-early level alone achieve.',
            f'Fold {selection["held_out_fold"]} was never seen: neither fitted nor selected on. '
            'No two folds share a recording, a General MIDI program, a key, a phrase, a room or a '
            'picture. Styles are shared: a held-out guitar may be known in another style.',
        ],
        'Results on held-out recordings and pictures': [markdown(judged), '', regenerate(NAME)],
        'Calibration': [
            'Logistic on the cosine of the top match in galleries of 5 to 20 things. About half '
            'of the queries have no answer there: their class is missing, or they are strangers '
            '(sounds and pictures of other things, empty scenes). Thresholds: at least 0.5 and '
            f'0.02, for {PRECISION:.0%} right among the accepted on validation. A pair that '
            'cannot reach that is ranked but never accepted. Across modalities the class counts '
            'as right, within one another view or take of the thing itself. "Held out" is the '
            'same on data that nothing was chosen on.',
            '',
            *accepted_table(calibrated),
        ],
        'Limits': [
            '- Rendered instruments and drawings: real rooms and photos will differ.',
            '- Animals have two to six recordings a class; see the table before relying on them.',
            BELOW_THRESHOLDS,
        ],
    }

# SPDX-License-Identifier: Apache-2.0
"""The model card of TNN-C-CCA, every number from the run that made the bundle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from xsense_ros.engines.manifest import Calibration
from xsense_training.evaluate.summary import Summary
from xsense_training.evaluate.table import markdown
from xsense_training.recipes.tnn_c_cca.calibration import PRECISION
from xsense_training.recipes.tnn_c_cca.data import AudioVisualData

DESCRIPTION = (
    'Pictures and sounds of instruments and animals in one space, by class: ask with a sound and '
    'be shown things that sound so, or the other way round.'
)


def model_card(
    title: str,
    data: AudioVisualData,
    selection: Mapping[str, Any],
    calibration: Mapping[str, Calibration],
    on_validation: Mapping[str, Mapping[str, float]],
    on_held_out: Mapping[str, Mapping[str, float]],
    judged: Summary,
) -> str:
    """MODEL_CARD.md."""
    groups = '; '.join(
        f'{name}: {", ".join(data.classes[label] for label in labels)}'
        for name, labels in data.groups.items()
    )
    recordings = len(set(data.sound.concept.tolist()))
    lines = [
        f'# {title}',
        '',
        DESCRIPTION,
        '',
        '## What it is',
        '',
        '- Image: frozen EfficientNet-Lite0 (ImageNet) at 224 px, then a head. The trunk is '
        'shared with other bundles (`models/trunks/efficientnet-lite0.onnx`).',
        '- Sound: a 2 s log-mel window, statistics of its bands, cepstra, roughness and '
        'modulations, then a head.',
        '- The heads are what validation chose among a triplet network, the same behind C-CCA, '
        'their class posteriors, C-CCA alone, and the posteriors of two separate classifiers.',
        '- It knows classes, not single things: a violin finds bowed strings, not your violin.',
        '',
        f'Classes. {groups}.',
        '',
        '## Which heads ship',
        '',
        '```json',
        json.dumps(selection, indent=1),
        '```',
        '',
        '## Data',
        '',
        f'{recordings} recordings in {len(data.sound.label)} takes and {len(data.image.label)} '
        'pictures: FluidR3 soundfont (MIT, instruments are rendered), GCompris (licence per '
        'file), Tux Paint stamps (GPL-2.0), OpenMoji (CC-BY-SA-4.0), Twemoji (CC-BY-4.0), Noto '
        'emoji (Apache-2.0). Every take lasts 2 s, has the same level and a random course of '
        'loudness, and is heard in a synthetic room; the control rows of the table say what '
        'duration, loudness, spectral centroid and late-to-early level alone achieve.',
        f'Fold {selection["held_out_fold"]} was never seen: neither fitted nor selected on. No '
        'two folds share a recording, a General MIDI program, a key, a phrase, a room or a '
        'picture. Styles are shared: a held-out guitar may be known in another style.',
        '',
        '## Results on held-out recordings and pictures',
        '',
        markdown(judged),
        '',
        'Regenerate: `xsense-train evaluate tnn-c-cca --all-folds`, '
        '`xsense-train export tnn-c-cca --models models`.',
        '',
        '## Calibration',
        '',
        'Logistic on the cosine of the top match in galleries of 5 to 20 things. About half of '
        'the queries have no answer there: their class is missing, or they are strangers (sounds '
        'and pictures of other things, empty scenes). Thresholds: at least 0.5 and 0.02, for '
        f'{PRECISION:.0%} right among the accepted on validation. A pair that cannot reach that '
        'is ranked but never accepted. Across modalities the class counts as right, within one '
        'another view or take of the thing itself. "Held out" is the same on data that nothing '
        'was chosen on.',
        '',
        '| pair | min probability | min margin | right of accepted (held out) '
        '| accepted of right (held out) | accepted of wrong (held out) |',
        '| --- | --- | --- | --- | --- | --- |',
    ]
    for pair, c in calibration.items():
        if c.min_probability >= 1:
            lines.append(f'| {pair} | never accepted | - | - | - | - |')
            continue
        v, h = on_validation[pair], on_held_out[pair]
        lines.append(
            f'| {pair} | {c.min_probability:.3f} | {c.min_margin:.3f} '
            f'| {v["precision"]:.2f} ({h["precision"]:.2f}) '
            f'| {v["recall"]:.2f} ({h["accepted_of_right"]:.2f}) '
            f'| {v["accepted_of_wrong"]:.2f} ({h["accepted_of_wrong"]:.2f}) |'
        )
    lines += [
        '',
        '## Limits',
        '',
        '- Rendered instruments and drawings: real rooms and photos will differ.',
        '- Animals have two to six recordings a class; see the table before relying on them.',
        '- What is below the thresholds is ranked, but answered "unknown"; that is intended.',
        '',
    ]
    return '\n'.join(lines)

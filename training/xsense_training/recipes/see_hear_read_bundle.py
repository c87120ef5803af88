# SPDX-License-Identifier: Apache-2.0
"""See, Hear, and Read as a bundle: calibration on validation data, ONNX files, model card."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer

from xsense_ros.engines.bundle import Bundle
from xsense_ros.engines.manifest import Calibration
from xsense_training.evaluate.protocol import (
    Direction,
    captions_of,
    directions,
    images_of,
    item_relevance,
    sounds_of,
)
from xsense_training.evaluate.report import comparison_table, table, verdict
from xsense_training.evaluate.system import Features, System
from xsense_training.export.bundle_export import BundlePlan, Stage, export_bundle
from xsense_training.export.calibration import fit_calibration, sample_top_matches
from xsense_training.features.corpus import Corpus
from xsense_training.models.sound_tower import SoundTower, SoundTrunk
from xsense_training.models.text_tower import TextTower
from xsense_training.recipes.see_hear_read import SPACE, Fitted, split
from xsense_training.recipes.see_hear_read_data import Ingredients, trunk_example

VERSION = '1.0.0'
SHIPPED_FOLD = 0
LICENCE = (
    'Apache-2.0 (code, EfficientNet-Lite0), MIT (WordLlama token table and tokenizer); trained on '
    'GPL-2.0, CC-BY-SA-4.0, CC-BY-4.0, Apache-2.0 and MIT media, see MODEL_CARD.md'
)
DESCRIPTION = (
    'Pictures, sounds and English words in one space. Ask with any of the three and be answered '
    'in another; sound-text was never trained as a pair.'
)


def calibrate(
    corpus: Corpus, features: Features, system: System, fold: int
) -> tuple[dict[str, Calibration], dict[str, dict[str, float]]]:
    """Calibrations of all nine ordered pairs of modalities, from the validation fold only.

    Within one modality the queries are other views (variants) of the enrolled samples; between
    text and text the query is the same caption.
    """
    calibrations, summaries = {}, {}
    for pair, tasks in _calibration_tasks(corpus, split(corpus, fold).validation).items():
        query, gallery = pair.split('->')
        view = 1 if query == gallery else 0
        matches = [
            sample_top_matches(system.similarity(features, task, view), task.relevance)
            for task in tasks
        ]
        joined = type(matches[0])(
            np.concatenate([m.best for m in matches]),
            np.concatenate([m.second for m in matches]),
            np.concatenate([m.correct for m in matches]),
        )
        calibrations[pair], summaries[pair] = fit_calibration(joined)
    return calibrations, summaries


def _calibration_tasks(corpus: Corpus, validation: np.ndarray) -> dict[str, list[Direction]]:
    """Item-level tasks by ordered pair: pictures and captions of stamps and emoji, recordings."""
    found: dict[str, list[Direction]] = {}
    for task in directions(corpus, validation):
        if task.name.split(' ')[0] not in ('tuxpaint', 'emoji', 'items'):
            continue
        found.setdefault(task.pair, []).append(task)
    chosen = np.flatnonzero(validation & corpus.source('tuxpaint', 'gcompris'))
    for side in (
        images_of(corpus, chosen, first_only=True),
        captions_of(corpus, chosen),
        sounds_of(corpus, chosen),
    ):
        name = f'{side.modality}->{side.modality}'
        relevance = item_relevance(corpus, side, side)
        # A second side object, so that only the queries are taken from another view.
        twin = type(side)(side.modality, side.rows, side.concept)
        found[name] = [Direction(name, side, twin, relevance)]
    return found


def export(
    ingredients: Ingredients, fitted: Fitted, fold: int, models: Path, metrics: Mapping[str, Any]
) -> Bundle:
    """Write models/image-sound-text and models/trunks/efficientnet-lite0.onnx.

    Args:
        ingredients: corpus and trunks.
        fitted: the fold's systems.
        fold: the fold the towers never saw.
        models: folder of the bundles.
        metrics: report over folds, for the card and metrics.json; may be empty.
    """
    corpus, features = ingredients.corpus, ingredients.features
    system = fitted.systems['shipped']
    heads = system.heads
    calibration, summaries = calibrate(corpus, features, system, fold)
    image = torch.from_numpy(np.ascontiguousarray(features.image[:16, 0]))
    texts, windows = corpus.texts, corpus.sound[:16, 0][:, None]
    words = {'ids': torch.from_numpy(texts.ids[:64]), 'mask': torch.from_numpy(texts.mask[:64])}
    stages = [
        Stage(
            'efficientnet-lite0', ingredients.trunk, {'image': trunk_example()}, 'features', True
        ),
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
        'MRR': {
            name: {
                'shipped': entry['systems']['shipped']['MRR']['value'],
                'chance': entry['chance']['MRR'],
                'verdict': verdict(entry['comparison']),
            }
            for name, entry in metrics.get('directions', {}).items()
        },
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
            _dimension(heads['image'], image),
            stages,
            {
                'image': (
                    'image',
                    ingredients.image_input.parameters(),
                    ('efficientnet-lite0', 'image_head'),
                ),
                'text': ('text', text_parameters, ('text',)),
                'sound': ('sound', ingredients.sound_input.parameters(), ('sound',)),
            },
            calibration,
            {'tokenizer.json': compact},
            {
                'MODEL_CARD.md': model_card(corpus, selection, calibration, summaries, metrics),
                'metrics.json': json.dumps(metrics, indent=1) + '\n',
            },
            evaluation,
        )
        bundle, _ = export_bundle(plan, models)
    return bundle


def _dimension(head: torch.nn.Module, example: torch.Tensor) -> int:
    with torch.no_grad():
        return int(head(example).shape[1])


def model_card(
    corpus: Corpus,
    selection: Mapping[str, Any],
    calibration: Mapping[str, Calibration],
    summaries: Mapping[str, Mapping[str, float]],
    metrics: Mapping[str, Any],
) -> str:
    """MODEL_CARD.md, every number from the run that made the bundle."""
    counts = {
        s: sum(c.source == s for c in corpus.concepts)
        for s in dict.fromkeys(c.source for c in corpus.concepts)
    }
    heard = len(set(corpus.sound_concept.tolist()))
    lines = [
        f'# {SPACE} {VERSION}',
        '',
        DESCRIPTION,
        '',
        '## What it is',
        '',
        '- Image: frozen EfficientNet-Lite0 (ImageNet) at 224 px, then a head. The trunk is '
        'shared with other bundles (`models/trunks/efficientnet-lite0.onnx`).',
        '- Text: mean of WordLlama token vectors (English, order-free), then a head.',
        '- Sound: statistics of a 2 s log-mel window, then a head that maps onto image vectors.',
        '- Weights are stored in half precision (the token table in int8) and computed in fp32; '
        'the drift is in `manifest.json` under `evaluation.export`.',
        '',
        '## Which towers ship',
        '',
        'Chosen on validation data of the shipped fold; shares are parts of the cosine:',
        '',
        '```json',
        json.dumps(selection, indent=1),
        '```',
        '',
        '## Data',
        '',
        f'Concepts: {", ".join(f"{n} {c}" for n, c in counts.items())}; {heard} of them with '
        'recordings. Tux Paint stamps (GPL-2.0), OpenMoji (CC-BY-SA-4.0), Twemoji (CC-BY-4.0), '
        'Noto emoji (Apache-2.0), GCompris (licence per file), instruments rendered from the '
        'FluidR3 soundfont (MIT). Stamps and emoji are drawings and cut-out photos: results on a '
        "robot's own scenes will differ.",
        f'Fold {selection["held_out_fold"]} was never seen: neither fitted nor selected on.',
        '',
        '## Results on held-out concepts',
        '',
    ]
    if metrics:
        folds = metrics['folds']
        lines += [
            f'Folds {folds}; every fold is tested by towers that did not see it. Rendered '
            'instruments are synthetic sound. "Emergent" directions were never trained as pairs.',
            '',
            table(metrics['directions']),
            '',
            '## Against the better closed-form baseline',
            '',
            'The baseline is chosen by its own test result, which favours it. Image-sound '
            'baselines are fitted on that pair alone, in a space of their own. "Not shown" means '
            'that the test over folds cannot tell; the smallest difference it could have found is '
            'given.',
            '',
            comparison_table(metrics['directions']),
            '',
        ]
    lines += [
        'Regenerate: `make reproduce-see-hear-read` '
        '(`xsense-train evaluate see-hear-read --all-folds`).',
        '',
        '## Calibration',
        '',
        'Logistic on the cosine of the top match in galleries of 20, half of them without the '
        'sought item; thresholds for 60 % right among the accepted. A pair that cannot '
        'reach that on validation is ranked but never accepted. Achieved on validation:',
        '',
        '| pair | min probability | min margin | right of accepted | accepted of right |',
        '| --- | --- | --- | --- | --- |',
    ]
    for pair, c in calibration.items():
        s = summaries[pair]
        if c.min_probability >= 1:
            lines.append(f'| {pair} | never accepted | - | - | - |')
            continue
        lines.append(
            f'| {pair} | {c.min_probability:.3f} | {c.min_margin:.3f} | {s["precision"]:.2f} '
            f'| {s["recall"]:.2f} |'
        )
    lines += [
        '',
        '## Limits',
        '',
        '- English words only. Word order is ignored.',
        '- Few recordings: where the table says "not shown", do not rely on the direction.',
        '- What is below the thresholds is ranked, but answered "unknown"; that is intended.',
        '',
    ]
    return '\n'.join(lines)

# SPDX-License-Identifier: Apache-2.0
"""A tiny but real bundle in which touches, knocks and pictures of the three toy things agree.

A thing is felt as a round imprint in its own colour, and rings at its own pitch. The gel of every
toy sensor unit has another light, so that only what changes by contact can tell things apart.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

from tests.toy import (
    IMAGE_SIZE,
    MELS,
    PITCHES_HZ,
    WORDS,
    embedding_output,
    image_head,
    image_trunk,
    onnx_model,
    save_model,
    sound_tower,
)
from xsense_ros.engines.bundle import Bundle, describe_model, write_bundle
from xsense_ros.engines.manifest import (
    Calibration,
    Manifest,
    PreprocessSpec,
    SpaceSpec,
    TowerSpec,
)
from xsense_ros.senses.microphone import Waveform

TOUCH_SPACE = 'touch-vision-sound'
TOUCH_SIZE = 24
ROWS, COLUMNS = 240, 320
RATE = 16000


def toy_touch_bundle(folder: Path, *, dimension: int = 8, seed: int = 0) -> Bundle:
    """Write and open it; its image trunk is that of the other toy bundles."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng([seed, 77])
    basis = np.linalg.qr(rng.standard_normal((dimension, dimension)))[0].astype(np.float32)
    for name, model in (
        ('image_trunk', image_trunk()),
        ('image_head', image_head(basis, rng)),
        ('touch', _touch(basis)),
        ('impact', sound_tower(basis)),
    ):
        save_model(folder / f'{name}.onnx', model)
    towers = {
        'image': TowerSpec('image', ('image_trunk', 'image_head')),
        'touch': TowerSpec('touch', ('touch',)),
        'impact': TowerSpec('impact', ('impact',)),
    }
    pairs = [f'{query}->{target}' for query in towers for target in towers]
    return write_bundle(
        folder,
        Manifest(
            name=folder.name,
            version='1.0.0',
            licence='Apache-2.0',
            description='A toy bundle for tests: colours that are felt, and pitches of knocks.',
            models={
                path.stem: describe_model(folder, path.name) for path in folder.glob('*.onnx')
            },
            assets={},
            preprocess={
                'image': PreprocessSpec(
                    'image', {'size': IMAGE_SIZE, 'mean': [0.5] * 3, 'std': [0.5] * 3}
                ),
                'touch': PreprocessSpec('touch', {'size': TOUCH_SIZE}),
                'impact': PreprocessSpec('sound', {'seconds': 1.0, 'mels': MELS}),
            },
            spaces={
                TOUCH_SPACE: SpaceSpec(
                    dimension,
                    '',
                    towers,
                    {pair: Calibration(12.0, -7.0, 0.5, 0.05) for pair in pairs},
                )
            },
            evaluation={'note': 'not trained'},
        ),
    )


def toy_gel(
    word: str | None = None, unit: int = 0, seed: int = 0, size: int = 1
) -> NDArray[np.uint8]:
    """Frame (240 * size, 320 * size, 3) of a toy sensor.

    Args:
        word: what it touches; None for nothing.
        unit: whose light and gel it has.
        seed: of noise, and of the place of the contact.
        size: 2 for that of a real sensor.
    """
    light = np.random.default_rng([unit, 5])
    y, x = np.mgrid[-1 : 1 : ROWS * 1j, -1 : 1 : COLUMNS * 1j]
    slopes = light.uniform(-18, 18, (2, 3))
    gel = light.uniform(90, 150, 3) + x[..., None] * slopes[0] + y[..., None] * slopes[1]
    rng = np.random.default_rng([unit, seed, 9])
    if word is not None:
        centre = rng.uniform(-0.15, 0.15, 2)
        inside = (x * 4 / 3 - centre[0]) ** 2 + (y - centre[1]) ** 2 < 0.35**2
        gel[inside] += [60 if word == other else -20 for other in WORDS]
    gel += rng.normal(0, 1.0, gel.shape)
    frame = np.clip(np.rint(gel), 0, 255).astype(np.uint8)
    return frame.repeat(size, axis=0).repeat(size, axis=1)


def toy_knock(word: str, seed: int = 0, at: float = 0.5, seconds: float = 2.0) -> Waveform:
    """Quiet noise in which a thing is knocked at ``at`` seconds, ringing for some tenths."""
    time = np.arange(round(seconds * RATE)) / RATE
    samples = 0.001 * np.random.default_rng(seed).standard_normal(time.size)
    since = time - at
    ring = np.sin(2 * np.pi * PITCHES_HZ[word] * since) * np.exp(-8 * since)
    samples += np.where(since >= 0, 0.4 * ring, 0.0)
    return Waveform(samples.astype(np.float32), RATE)


def _touch(basis: NDArray[np.float32]) -> onnx.ModelProto:
    """(1, 3, S, S) -> (1, D): the mean change of the three colours."""
    weights = ((np.eye(3) - 1 / 3) @ basis[:3]).astype(np.float32)
    nodes = [
        helper.make_node('ReduceMean', ['touch'], ['mean'], axes=[2, 3], keepdims=0),
        helper.make_node('Gemm', ['mean', 'weights', 'bias'], ['latent']),
        helper.make_node('LpNormalization', ['latent'], ['embedding'], axis=1, p=2),
    ]
    touch = [('touch', TensorProto.FLOAT, ['batch', 3, TOUCH_SIZE, TOUCH_SIZE])]
    constants = {'weights': weights, 'bias': 1e-4 * basis.sum(0)}
    return onnx_model(nodes, touch, embedding_output(len(basis)), constants)

# SPDX-License-Identifier: Apache-2.0
"""Another precision for a shipped bundle, fitted and judged on real samples of its own data."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from xsense_ros.engines.bundle import Bundle
from xsense_ros.engines.precision import INT8_SYMMETRIC
from xsense_training.export.precision import Lower, add_precision
from xsense_training.export.precision_drift import Judge
from xsense_training.export.precision_int8 import FIRST_IN_FLOAT
from xsense_training.export.precision_matches import MatchJudge
from xsense_training.export.precision_report import add_row, row
from xsense_training.export.precision_speed import LOWER, speeds
from xsense_training.export.precision_vectors import VectorJudge
from xsense_training.recipes.real_samples import real_samples, real_searches

FITTED = 24  # samples of each modality that ranges of activations are taken from
JUDGED = 240  # held-out samples of each modality


def add_to_bundle(
    bundle: Bundle,
    precision: str,
    models: Path,
    *,
    keep: Collection[str] = (),
    float_first: int = FIRST_IN_FLOAT,
    root: Path | None = None,
    count: int = JUDGED,
    report: Path | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> Bundle:
    """Write models/<name> with those fp16 or int8 files that pass the gate.

    Args:
        bundle: that ships.
        precision: 'fp16' or 'int8'.
        models: folder of bundles.
        keep: models that stay in fp32.
        float_first: so many of the first products of an int8 model stay in float.
        root: data root.
        count: held-out samples of each modality.
        report: JSON file that gets what was measured, refused or not, with times on this machine.
        say: told of each variant in a line.

    Raises:
        InputError: missing data, an unknown model to keep, or the gate refuses.
    """
    judge = judge_of(bundle, count, root)

    def told(variant: str, lower: Lower, refused: str) -> None:
        sizes, found = lower.bytes(bundle), lower.measured
        say(
            f'{variant}: agreement with fp32 {found.mean:.5f} (least {found.least:.5f}), '
            f'{found.points:+.2f} points at worst, {sizes[0] / 1e6:.2f} MB '
            f'({sizes[1] / 1e6:.2f} in fp32): {refused or "passed"}'
        )
        if report is not None:
            feeds = {key: fed[0] for key, fed in judge.feeds(bundle).items()}
            # Processors are slow with TensorRT's form of integers: nothing to be compared.
            lower_names = () if variant == INT8_SYMMETRIC else LOWER
            ratios = speeds(bundle, lower.files, feeds, lower=lower_names)
            converted = tuple(sorted(lower.files))
            name = bundle.manifest.name
            add_row(report, row(name, variant, converted, sizes, found, ratios, refused))

    return add_precision(
        bundle, precision, judge, models, keep=keep, float_first=float_first, told=told
    )


def judge_of(bundle: Bundle, count: int, root: Path | None) -> Judge[Any]:
    """Real samples of what the bundle was made for."""
    if bundle.manifest.matchers:
        return MatchJudge(
            real_searches(FITTED, held_out=False, root=root),
            real_searches(count, held_out=True, root=root),
        )
    (space,) = bundle.manifest.spaces
    return VectorJudge(
        real_samples(space, FITTED, held_out=False, root=root),
        real_samples(space, count, held_out=True, root=root),
    )

# SPDX-License-Identifier: Apache-2.0
"""Every baseline on one pair of modalities, in one call."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from rich.console import Console

from xsense_ros.errors import InputError, XsenseError
from xsense_training.baselines.class_posteriors import fit_class_posteriors
from xsense_training.baselines.cluster_cca import fit_cluster_cca
from xsense_training.baselines.dar import fit_dar
from xsense_training.baselines.dscmr import fit_dscmr
from xsense_training.baselines.fit import Fit, Score, fit_cca, fit_ridge
from xsense_training.baselines.frozen import fit_standardised
from xsense_training.baselines.plsca import fit_plsca
from xsense_training.data.samples import Samples

FitBaseline = Callable[[Samples, Samples, Score], Fit]
BASELINES: Mapping[str, FitBaseline] = {
    'standardised features': fit_standardised,
    'CCA': fit_cca,
    'cluster CCA': fit_cluster_cca,
    'PLSCA': fit_plsca,
    'linear regression': fit_ridge,
    'class posteriors': fit_class_posteriors,
    'DSCMR': fit_dscmr,
    'DAR': fit_dar,
}


class Suite(dict[str, Fit]):
    """Fits by name, in the order asked for; `left_out`: name -> why it could not run."""

    def __init__(self) -> None:
        super().__init__()
        self.left_out: dict[str, str] = {}


def fit_suite(
    x: Samples,
    y: Samples,
    score: Score,
    names: Sequence[str] = tuple(BASELINES),
    console: Console | None = None,
    instead: Mapping[str, FitBaseline] | None = None,
) -> Suite:
    """Fits the named baselines one after the other.

    Args:
        x: training rows of one modality.
        y: training rows of the other.
        score: validation score of heads by modality; decides every setting.
        names: of BASELINES.
        console: where a line per baseline is printed (default: standard error).
        instead: name -> what fits that baseline here, with a smaller grid, say.

    Returns:
        Name -> Fit. One whose requirements the data do not meet (no pairs, unequal widths) is not
        in it but in `left_out`, with the reason.

    Raises:
        InputError: a name that is none of BASELINES, or both rows are of one modality.
    """
    unknown = [name for name in names if name not in BASELINES]
    if unknown:
        raise InputError('baseline', unknown[0], ' | '.join(BASELINES), 'name one of these')
    if x.modality == y.modality:
        raise InputError(
            'modalities', (x.modality, y.modality), 'two different names', 'name each side'
        )
    screen = console or Console(stderr=True)
    suite = Suite()
    for number, name in enumerate(names, 1):
        began = time.monotonic()
        try:
            fit = suite[name] = {**BASELINES, **(instead or {})}[name](x, y, score)
        except XsenseError as error:
            suite.left_out[name] = str(error)
            said = f'left out: {error}'
        else:
            said = f'validation {fit.score:.3f} in {time.monotonic() - began:.0f} s'
        screen.print(f'{x.modality} + {y.modality}, {number}/{len(names)} {name}: {said}')
    return suite

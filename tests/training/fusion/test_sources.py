# SPDX-License-Identifier: Apache-2.0
"""Events out of data sets, through the robot's encoder; the robot answers them as was measured."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.toy_touch import TOUCH_SPACE, toy_touch_bundle
from tests.training.crossnet.world import write_tree
from xsense_ros.encoder import Encoder, Encoding
from xsense_ros.fusion.measured import Measured, ways_of
from xsense_ros.fusion.together import Together
from xsense_ros.gallery.gallery import Gallery
from xsense_ros.gallery.item import View
from xsense_ros.retrieval import Retriever, surest_first
from xsense_training.data.root import data_root
from xsense_training.fusion.choosing import choose_fusion
from xsense_training.fusion.drawn_and_named import held_out
from xsense_training.fusion.events import Events, Views, listen
from xsense_training.fusion.touch_and_knock import touched_and_knocked

TARGETS = {'impact': ('impact',), 'touch': ('image', 'touch')}


@pytest.fixture
def encoder(tmp_path: Path) -> Iterator[Encoder]:
    encoder = Encoder([toy_touch_bundle(tmp_path / 'toy')])
    yield encoder
    encoder.close()


def test_touches_and_knocks_of_one_place_are_one_event(tmp_path: Path, encoder: Encoder) -> None:
    write_tree(tmp_path / 'touch-sim', instances=4)
    parts = touched_and_knocked(tmp_path, encoder)
    assert set(parts) == {'validation', 'test'}
    events = parts['test']
    assert set(events.asked) == {'impact', 'touch'}
    assert set(events.held) == {'image', 'impact', 'touch'}
    assert events.things == 1 and len(events.thing) == 4
    for views in events.held.values():
        assert views.vectors[TOUCH_SPACE].shape[0] == 4
        np.testing.assert_array_equal(views.moment, np.arange(4))
    # Another object, another pitch: validation is not test.
    first = parts['validation'].asked['impact'].vectors[TOUCH_SPACE]
    assert not np.allclose(first, events.asked['impact'].vectors[TOUCH_SPACE])


def test_a_robot_answers_as_was_measured(encoder: Encoder) -> None:
    """One gallery in both ways: the log-odds of the measurement, and the robot's answer."""
    rng = np.random.default_rng(0)
    things, samples = 12, 3

    def views() -> Views:
        centre = rng.standard_normal((things, 8)).repeat(samples, axis=0)
        rows = centre + 0.7 * rng.standard_normal(centre.shape)
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        number = np.arange(things * samples)
        return Views({TOUCH_SPACE: rows.astype(np.float32)}, number // samples, number)

    held = {name: views() for name in ('image', 'impact', 'touch')}
    events = Events({name: held[name] for name in TARGETS}, held)
    said = listen(events, encoder.spaces, TARGETS, views=samples - 1)
    chosen = choose_fusion(said)
    pairs = [(sense, target) for sense, own in TARGETS.items() for target in own]
    ways = ways_of(
        {f'{s}->{t}': surest_first(encoder.spaces, s, t)[0] for s, t in pairs}, encoder.spaces
    )
    measured = Measured(TARGETS, ways, chosen.fusion)
    scores = chosen.fusion.score(said.by_sense)
    for event in range(0, things * samples, 5):
        gallery = Gallery.open(':memory:', encoder.fingerprints)
        own = int(events.thing[event])
        for row in [row for row in range(things * samples) if row != event]:
            thing = row // samples
            # Of the other things the measurement drew two views; only the own is compared.
            if thing == own:
                kept = [
                    View(name, {TOUCH_SPACE: found.vectors[TOUCH_SPACE][row]})
                    for name, found in held.items()
                ]
                gallery.enroll(str(thing) if gallery.size == 0 else '', kept, str(thing))
        encodings = {
            name: Encoding(name, {TOUCH_SPACE: asked.vectors[TOUCH_SPACE][event]}, 0.0, 0.0)
            for name, asked in events.asked.items()
        }
        together = Together(Retriever(encoder, gallery), [measured])
        (match,) = together.answer(encodings, TARGETS, 1).matches
        calibration = chosen.fusion.calibration
        score = calibration.slope * scores[event, own] + calibration.intercept
        assert match.probability == pytest.approx(1 / (1 + np.exp(-score)), abs=1e-5)
        gallery.close()


def test_drawn_and_named_things_were_seen_by_no_model() -> None:
    root = data_root()
    for package in ('openmoji', 'twemoji-svg', 'emoji-datasource-google'):
        if not (root / package).exists():
            pytest.skip(f'{package} is not there: xsense-train data fetch emoji')
    parts = held_out(root)
    # By the whole of a subgroup, and by the fold of the concept: both models leave them out.
    assert all(line.fold == 0 for line in parts['test'])
    assert all(line.fold == 1 for line in parts['validation'])
    assert min(map(len, parts.values())) >= 30
    assert not {line.subgroup for line in parts['test']} & {
        line.subgroup for line in parts['validation']
    }

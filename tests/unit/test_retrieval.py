# SPDX-License-Identifier: Apache-2.0
"""From a sample to ranked matches: merging, calibration, and saying "unknown"."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from tests.toy import SPACE, WORDS, toy_bundle, toy_image, toy_sound
from xsense_ros.encoder import Encoder
from xsense_ros.engines.bundle import Bundle, write_bundle
from xsense_ros.engines.manifest import Calibration
from xsense_ros.errors import InputError
from xsense_ros.gallery.gallery import Gallery
from xsense_ros.gallery.item import View
from xsense_ros.retrieval import NEUTRAL, Retriever, logistic


@pytest.fixture
def bundle(tmp_path):
    return toy_bundle(tmp_path / 'toy')


def remembered(encoder, words=WORDS, modality='image', make=toy_image):
    gallery = Gallery.open(':memory:', encoder.fingerprints)
    for word in words:
        views = [View(modality, encoder.encode(modality, make(word, s)).vectors) for s in (1, 2)]
        gallery.enroll(word, views)
    return gallery


def recalibrated(bundle: Bundle, calibration) -> Bundle:
    """The bundle with another calibration of all its spaces."""
    spaces = {
        name: replace(space, calibration=calibration(name))
        for name, space in bundle.manifest.spaces.items()
    }
    return write_bundle(bundle.path, replace(bundle.manifest, spaces=spaces))


@pytest.mark.parametrize('word', WORDS)
@pytest.mark.parametrize(
    ('modality', 'make'), [('sound', toy_sound), ('text', str), ('image', toy_image)]
)
def test_a_robot_asks_with_one_sense_and_is_answered_in_another(bundle, modality, make, word):
    encoder = Encoder([bundle])
    gallery = remembered(encoder)
    answer = Retriever(encoder, gallery).ask(modality, make(word), ['image'], 2)
    first, second = answer.matches
    assert first.label == word and first.rank == 1
    assert first.accepted and answer.accepted and not second.accepted
    assert (answer.query_modality, answer.target_modalities) == (modality, ('image',))
    assert answer.gallery_version == gallery.version == 3
    assert min(answer.preprocess_ms, answer.encode_ms, answer.search_ms) > 0


def test_probability_and_margin_are_recomputed_naively(bundle):
    encoder = Encoder([bundle])
    answer = Retriever(encoder, remembered(encoder)).ask('text', 'red', ['image'], 3)
    probabilities = []
    for match in answer.matches:
        p = 1 / (1 + math.exp(-(12.0 * match.cosine - 7.0)))
        assert match.probability == pytest.approx(p)
        probabilities.append(p)
    margins = [match.margin for match in answer.matches]
    assert margins[0] == pytest.approx(probabilities[0] - probabilities[1])
    assert margins[1:] == pytest.approx([p - probabilities[0] for p in probabilities[1:]])


def test_margin_of_a_single_match_is_to_an_item_that_is_not_returned(bundle):
    encoder = Encoder([bundle])
    gallery = remembered(encoder, ('red', 'red'))
    retriever = Retriever(encoder, gallery, min_margin=0.1)
    (match,) = retriever.ask('text', 'red', ['image'], 1).matches
    assert abs(match.margin) < 0.05 and match.probability > 0.9
    assert not match.accepted


def test_a_stranger_is_unknown(bundle):
    encoder = Encoder([bundle])
    answer = Retriever(encoder, remembered(encoder, ('red', 'green'))).ask(
        'sound', toy_sound('blue'), ['image'], 5
    )
    assert len(answer.matches) == 2
    assert not answer.accepted and not any(match.accepted for match in answer.matches)


def test_thresholds_of_the_user_win(bundle):
    encoder = Encoder([bundle])
    gallery = remembered(encoder, ('red', 'green'))

    def accepted(**thresholds):
        return Retriever(encoder, gallery, **thresholds).ask('text', 'red', ['image'], 1).accepted

    assert accepted()
    assert not accepted(min_probability=0.999999)
    assert not accepted(min_margin=0.999999)
    stranger = Retriever(encoder, gallery, min_probability=0.0, min_margin=0.0)
    assert stranger.ask('text', 'blue', ['image'], 1).accepted
    for bad in ({'min_probability': 1.1}, {'min_margin': -0.1}, {'min_margin': math.nan}):
        with pytest.raises(InputError, match=next(iter(bad))):
            Retriever(encoder, gallery, **bad)


def test_empty_gallery_is_no_match_and_not_accepted(bundle):
    encoder = Encoder([bundle])
    gallery = Gallery.open(':memory:', encoder.fingerprints)
    answer = Retriever(encoder, gallery, min_probability=0).ask('text', 'red', ['image'], 5)
    assert answer.matches == () and not answer.accepted


def test_lonely_item_has_its_probability_as_margin(bundle):
    encoder = Encoder([bundle])
    answer = Retriever(encoder, remembered(encoder, ('red',))).ask('text', 'red', ['image'], 5)
    (match,) = answer.matches
    assert match.margin == match.probability and match.accepted


def test_pair_without_calibration_keeps_the_order_and_accepts_nothing_by_itself(bundle):
    encoder = Encoder([recalibrated(bundle, lambda name: {})])
    gallery = remembered(encoder)
    answer = Retriever(encoder, gallery).ask('text', 'red', ['image'], 3)
    assert answer.matches[0].label == 'red' and not answer.accepted
    assert answer.matches[0].probability == pytest.approx(
        1 / (1 + math.exp(-answer.matches[0].cosine))
    )
    assert (
        Retriever(encoder, gallery, min_probability=0.6).ask('text', 'red', ['image'], 3).accepted
    )


def test_targets_are_merged_by_probability_with_the_best_view_of_an_item(bundle):
    """Sound is calibrated as hardly trustworthy: an equal cosine must rank below an image's."""
    pairs = {
        'text->image': Calibration(12.0, -7.0, 0.5, 0.05),
        'text->sound': Calibration(4.0, -7.0, 0.9, 0.0),
    }
    encoder = Encoder([recalibrated(bundle, lambda name: pairs)])
    gallery = Gallery.open(':memory:', encoder.fingerprints)
    vector = encoder.encode('text', 'red').vectors
    gallery.enroll('heard', [View('sound', vector)])
    gallery.enroll('seen', [View('image', vector)])
    gallery.enroll('both', [View('sound', vector), View('image', vector)])
    answer = Retriever(encoder, gallery).ask('text', 'red', ['sound', 'image', 'sound'], 9)
    assert [m.label for m in answer.matches] == ['seen', 'both', 'heard']
    assert [m.modality for m in answer.matches] == ['image', 'image', 'sound']
    assert answer.target_modalities == ('sound', 'image')
    only_sound = Retriever(encoder, gallery).ask('text', 'red', ['sound'], 9)
    assert [m.label for m in only_sound.matches] == ['heard', 'both']
    assert not only_sound.accepted


def test_the_surest_space_answers(tmp_path):
    bundle = recalibrated(
        toy_bundle(tmp_path / 'toy', spaces=('sure', 'unsure')),
        lambda name: {'text->image': Calibration(9.0 if name == 'sure' else 1.0, -4, 0.5, 0)},
    )
    encoder = Encoder([bundle])
    gallery = remembered(encoder)
    answer = Retriever(encoder, gallery).ask('text', 'red', ['image'], 3)
    assert answer.matches[0].label == 'red'
    assert len({m.item_id for m in answer.matches}) == 3
    assert answer.matches[0].space == 'sure'
    vector = encoder.encode('text', 'red').vectors['sure']
    calibration = encoder.spaces['sure'].calibration['text->image']
    ranked = [
        (hit.label, logistic(calibration, hit.score))
        for hit in gallery.search('sure', 'image', vector, 9)
    ]
    assert [(m.label, m.probability) for m in answer.matches] == ranked


def test_a_space_without_calibration_is_not_asked_where_another_has_one(tmp_path):
    bundle = recalibrated(
        toy_bundle(tmp_path / 'toy', spaces=('silent', 'modest')),
        # At its best hardly more than the neutral logistic, which is surer of a perfect cosine.
        lambda name: {'text->image': Calibration(2.0, -2.5, 0.5, 0)} if name == 'modest' else {},
    )
    encoder = Encoder([bundle])
    answer = Retriever(encoder, remembered(encoder)).ask('text', 'red', ['image'], 3)
    assert [match.space for match in answer.matches] == ['modest'] * 3


def test_views_that_the_surest_space_lacks_are_found_in_the_next(tmp_path):
    """A gallery from before a bundle was added goes on answering, beside what was added since."""
    bundle = recalibrated(
        toy_bundle(tmp_path / 'toy', spaces=('old', 'new')),
        lambda name: {'text->image': Calibration(12.0 if name == 'new' else 8.0, -5, 0.5, 0)},
    )
    encoder = Encoder([bundle])
    gallery = Gallery.open(':memory:', encoder.fingerprints)
    for word in ('red', 'green'):
        vectors = encoder.encode('image', toy_image(word)).vectors
        gallery.enroll(f'old {word}', [View('image', {'old': vectors['old']})])
    gallery.enroll('new red', [View('image', encoder.encode('image', toy_image('red')).vectors)])
    answer = Retriever(encoder, gallery).ask('text', 'red', ['image'], 5)
    assert [(m.label, m.space) for m in answer.matches] == [
        ('new red', 'new'),
        ('old red', 'old'),
        ('old green', 'old'),
    ]
    assert gallery.views_without('new', ['image']) == 2
    assert gallery.views_without('old', ['image']) == 0
    assert gallery.views_without('new', ['sound']) == 0


def test_unanswerable_questions_cost_no_inference(bundle):
    encoder = Encoder([bundle])
    retriever = Retriever(encoder, Gallery.open(':memory:', encoder.fingerprints))
    assert retriever.reachable('sound') == ('image', 'sound', 'text')
    assert retriever.reachable('smell') == ()
    for targets, k, word in (([], 1, 'targets'), (['touch'], 1, 'touch'), (['image'], 0, 'k')):
        with pytest.raises(InputError, match=word):
            retriever.ask('text', object(), targets, k)


def test_logistic_does_not_overflow():
    steep = Calibration(1e4, 0.0, 0.5, 0.0)
    assert logistic(steep, 1.0) == 1.0
    assert logistic(steep, -1.0) == 0.0
    assert logistic(NEUTRAL, 0.0) == 0.5


def test_only_the_space_that_answers_is_computed(tmp_path):
    bundle = recalibrated(
        toy_bundle(tmp_path / 'toy', spaces=('weak', 'strong')),
        lambda name: {'image->image': Calibration(12.0 if name == 'strong' else 8.0, -5, 0.5, 0)},
    )
    encoder = Encoder([bundle])
    gallery = remembered(encoder)
    retriever = Retriever(encoder, gallery)
    assert retriever.spaces('image', ['image']) == {'strong'}
    assert set(encoder.encode('image', toy_image('red'), {'strong'}).vectors) == {'strong'}
    whole = retriever.answer('image', encoder.encode('image', toy_image('red')), ['image'], 3)
    asked = retriever.ask('image', toy_image('red'), ['image'], 3)
    assert asked.matches == whole.matches
    # A view that the strong space lacks makes the weak one count, until it is forgotten.
    vectors = encoder.encode('image', toy_image('blue', 9)).vectors
    old = gallery.enroll('old', [View('image', {'weak': vectors['weak']})])
    assert retriever.spaces('image', ['image']) == {'strong', 'weak'}
    assert 'old' in {
        m.label for m in retriever.ask('image', toy_image('blue'), ['image'], 9).matches
    }
    gallery.forget(old.item_id)
    assert retriever.spaces('image', ['image']) == {'strong'}


def test_encoding_may_be_made_elsewhere(bundle):
    encoder = Encoder([bundle])
    retriever = Retriever(encoder, remembered(encoder))
    encoding = encoder.encode('text', 'green')
    answer = retriever.answer('text', encoding, ['image'], 1)
    assert answer.matches[0].label == 'green'
    assert answer.encode_ms == encoding.encode_ms
    np.testing.assert_allclose(
        answer.matches[0].cosine,
        max(
            encoding.vectors[SPACE] @ encoder.encode('image', toy_image('green', s)).vectors[SPACE]
            for s in (1, 2)
        ),
        atol=1e-6,
    )

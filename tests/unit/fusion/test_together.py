# SPDX-License-Identifier: Apache-2.0
"""Several senses asked at once: recomputed naively, with and without views, with bad input."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.toy import SPACE, WORDS, toy_bundle, toy_image, toy_sketch, toy_sketch_bundle, toy_sound
from xsense_ros.encoder import Encoder
from xsense_ros.engines.manifest import Calibration
from xsense_ros.errors import InputError
from xsense_ros.fusion.measured import Measured, ways_of
from xsense_ros.fusion.rules import WEIGHTED, Fusion
from xsense_ros.fusion.together import Together
from xsense_ros.gallery.gallery import Gallery
from xsense_ros.gallery.item import View
from xsense_ros.retrieval import Retriever

TARGETS = {'sound': ('image',), 'text': ('image',)}


@pytest.fixture
def encoder(tmp_path: Path) -> Iterator[Encoder]:
    encoder = Encoder([toy_bundle(tmp_path / 'toy'), toy_sketch_bundle(tmp_path / 'sketch')])
    yield encoder
    encoder.close()


def gallery_of(encoder: Encoder, *words: str, modality: str = 'image') -> Gallery:
    gallery = Gallery.open(':memory:', encoder.fingerprints)
    make = {'image': toy_image, 'sound': toy_sound}[modality]
    for word in words:
        gallery.enroll(
            word, [View(modality, encoder.encode(modality, make(word, 1)).vectors)], word
        )
    return gallery


def asked(encoder: Encoder, sound: str, text: str) -> dict:
    return {
        'sound': encoder.encode('sound', toy_sound(sound)),
        'text': encoder.encode('text', text),
    }


def test_probabilities_are_recomputed_naively(encoder: Encoder) -> None:
    gallery = gallery_of(encoder, *WORDS)
    retriever = Retriever(encoder, gallery)
    encodings = asked(encoder, 'green', 'green')
    answer = Together(retriever).answer(encodings, TARGETS, 2)
    assert (answer.query_modality, answer.target_modalities) == ('sound+text', ('image',))
    scores = {}
    for word in WORDS:
        total = 0.0
        for encoding in encodings.values():
            (hit,) = [
                hit
                for hit in gallery.search(SPACE, 'image', encoding.vectors[SPACE], 9)
                if hit.label == word
            ]
            total += 12.0 * hit.score - 7.0
        scores[word] = 1 / (1 + math.exp(-total))
    ranked = sorted(scores, key=lambda word: -scores[word])
    assert [match.label for match in answer.matches] == ranked[:2] and ranked[0] == 'green'
    for match in answer.matches:
        assert match.probability == pytest.approx(scores[match.label])
    lead = scores[ranked[0]] - scores[ranked[1]]
    assert answer.matches[0].margin == pytest.approx(lead)
    assert answer.matches[1].margin == pytest.approx(-lead)
    # Never measured: ranked, not accepted, unless the user says so.
    assert not answer.accepted
    assert Together(retriever, min_probability=0.9).answer(encodings, TARGETS, 2).accepted
    assert answer.encode_ms == sum(encoding.encode_ms for encoding in encodings.values())


def test_what_was_measured_is_taken_for_exactly_that(encoder: Encoder) -> None:
    retriever = Retriever(encoder, gallery_of(encoder, *WORDS))
    calibration = Calibration(0.5, 0.25, 0.6, 0.1)
    fusion = Fusion(WEIGHTED, {'sound': 0.5, 'text': 1.5}, {'sound': 0.1}, calibration, True)
    ways = ways_of({f'{s}->image': retriever.surest(s, 'image') for s in TARGETS}, encoder.spaces)
    measured = Measured(TARGETS, ways, fusion)
    encodings = asked(encoder, 'red', 'red')
    first = Together(retriever, [measured]).answer(encodings, TARGETS, 1).matches[0]
    alone = {
        sense: retriever.answer(sense, encoding, ['image'], 1).matches[0]
        for sense, encoding in encodings.items()
    }
    score = 0.5 * (12 * alone['sound'].cosine - 7 - 0.1) + 1.5 * (12 * alone['text'].cosine - 7)
    assert first.probability == pytest.approx(1 / (1 + math.exp(-(0.5 * score + 0.25))))
    assert first.accepted and first.cosine == alone['text'].cosine  # that view said most
    # Other targets, or models of another calibration, were not measured.
    wider = {'sound': ('image', 'sound'), 'text': ('image',)}
    other = Measured(TARGETS, {}, fusion)
    assert Together(retriever, [measured]).answer(encodings, wider, 1).accepted
    gallery = gallery_of(encoder, *WORDS)
    gallery.enroll('tone', [View('sound', encodings['sound'].vectors)])
    heard = Together(Retriever(encoder, gallery), [measured])
    assert not heard.answer(encodings, wider, 1).accepted  # now sounds do answer
    assert not Together(retriever, [other]).answer(encodings, TARGETS, 1).accepted


def test_senses_that_disagree_are_outvoted_by_the_surer(encoder: Encoder) -> None:
    retriever = Retriever(encoder, gallery_of(encoder, *WORDS))
    encodings = asked(encoder, 'red', 'blue')
    both = Together(retriever).answer(encodings, TARGETS, 3)
    alone = retriever.answer('text', encodings['text'], ['image'], 1).matches[0]
    assert both.matches[0].probability < alone.probability
    assert both.matches[-1].label == 'green'


def test_an_item_that_one_sense_knows_nothing_of_is_judged_by_the_other(
    encoder: Encoder,
) -> None:
    gallery = gallery_of(encoder, 'red', 'green')
    gallery.enroll('tone', [View('sound', encoder.encode('sound', toy_sound('blue', 2)).vectors)])
    targets = {'sketch': ('image',), 'sound': ('sound',)}
    encodings = {
        'sketch': encoder.encode('sketch', toy_sketch('red')),
        'sound': encoder.encode('sound', toy_sound('blue')),
    }
    answer = Together(Retriever(encoder, gallery)).answer(encodings, targets, 9)
    assert {match.label for match in answer.matches[:2]} == {'red', 'tone'}
    assert {match.modality for match in answer.matches[:2]} == {'image', 'sound'}
    assert answer.matches[2].label == 'green' and answer.matches[2].probability < 0.5


def test_an_item_beyond_the_depth_counts_as_the_last_within(
    encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr('xsense_ros.fusion.together.DEPTH', 1)
    gallery = gallery_of(encoder, *WORDS)
    retriever = Retriever(encoder, gallery)
    encodings = asked(encoder, 'red', 'blue')
    found = {
        sense: gallery.search(SPACE, 'image', encoding.vectors[SPACE], 2)  # k + 1
        for sense, encoding in encodings.items()
    }
    scores = {}
    for word in {hit.label for hits in found.values() for hit in hits}:
        scores[word] = sum(
            12 * {hit.label: hit.score for hit in hits}.get(word, hits[-1].score) - 7
            for hits in found.values()
        )
    (match,) = Together(retriever).answer(encodings, TARGETS, 1).matches
    best = max(scores, key=lambda word: scores[word])
    assert match.label == best
    assert match.probability == pytest.approx(1 / (1 + math.exp(-scores[best])))


def test_bad_questions(encoder: Encoder) -> None:
    retriever = Retriever(encoder, gallery_of(encoder, 'red'))
    together = Together(retriever)
    encodings = asked(encoder, 'red', 'red')
    for targets, k, said in (
        ({'text': ('image',)}, 1, 'at least two'),
        ({'sound': ('image',), 'text': ()}, 1, 'targets'),
        ({'sound': ('image',), 'text': ('touch',)}, 1, 'touch'),
        (TARGETS, 0, 'k'),
    ):
        with pytest.raises(InputError, match=said):
            together.answer(encodings, targets, k)
    with pytest.raises(InputError, match='min_margin'):
        Together(retriever, min_margin=1.5)
    empty = Retriever(encoder, Gallery.open(':memory:', encoder.fingerprints))
    answer = Together(empty).answer(encodings, TARGETS, 3)
    assert answer.matches == () and not answer.accepted

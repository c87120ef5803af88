# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import numpy as np

from tests.toy import WORDS, toy_bundle, toy_image, toy_sketch, toy_sketch_bundle, toy_sound
from xsense_ros.encoder import Encoder
from xsense_ros.gallery.gallery import Gallery
from xsense_ros.gallery.item import View
from xsense_ros.gallery.media import decode_media, encode_media
from xsense_ros.gallery.thumbnail import thumbnail
from xsense_ros.rebuild import rebuild_advice, rebuild_gallery
from xsense_ros.retrieval import Retriever


def _view(encoder: Encoder, modality: str, sample: object, *, keep: bool = True) -> View:
    media, media_type = encode_media(modality, sample) if keep else (None, '')
    picture = thumbnail(sample) if modality == 'image' else None
    vectors = encoder.encode(modality, sample).vectors
    return View(modality, vectors, media, media_type, picture)


def test_kept_samples_are_encoded_again(tmp_path: Path) -> None:
    """The new gallery answers as one that was enrolled with the new models from the start."""
    before = Encoder([toy_bundle(tmp_path / 'before', seed=0)])
    after = Encoder([toy_bundle(tmp_path / 'after', seed=1)])
    (space,) = after.spaces
    with Gallery.open(tmp_path / 'old.db', before.fingerprints) as old:
        for number, word in enumerate(WORDS):
            views = [
                _view(before, 'image', toy_image(word, number)),
                _view(before, 'sound', toy_sound(word, number)),
                _view(before, 'text', word),
            ]
            old.enroll(word, views, f'id-{word}')
        old.enroll('not kept', [_view(before, 'text', 'red', keep=False)])
    seen = []
    with (
        Gallery.open(tmp_path / 'old.db') as old,
        Gallery.open(tmp_path / 'new.db', after.fingerprints) as new,
    ):
        assert rebuild_gallery(old, new, after, lambda: seen.append(1)) == (9, 1)
        assert len(seen) == 9
        assert [item.item_id for item in new.items()] == [f'id-{word}' for word in WORDS]
        assert new.thumbnail('id-red') == old.thumbnail('id-red')
        for number, word in enumerate(WORDS):
            vector = after.encode('image', toy_image(word, number)).vectors[space]
            best = new.search(space, 'image', vector, 1)[0]
            assert best.label == word
            np.testing.assert_allclose(best.score, 1.0, atol=1e-6)


def test_media_are_kept_without_loss() -> None:
    picture = toy_image('red', 3)
    np.testing.assert_array_equal(
        decode_media('image', encode_media('image', picture)[0]), picture
    )
    sound = toy_sound('blue', 3)
    kept = decode_media('sound', encode_media('sound', sound)[0])
    assert kept.sample_rate == sound.sample_rate
    np.testing.assert_allclose(kept.samples, sound.samples, atol=2**-23)
    assert decode_media('text', encode_media('text', 'grün')[0]) == 'grün'


def test_a_bundle_is_added_to_an_old_gallery(tmp_path: Path) -> None:
    one = toy_bundle(tmp_path / 'one')
    with Gallery.open(tmp_path / 'old.db', Encoder([one]).fingerprints) as old:
        encoder = Encoder([one])
        for word in WORDS:
            old.enroll(word, [_view(encoder, 'image', toy_image(word))])
        assert rebuild_advice(old, 'old.db', encoder.spaces, ['one']) == ''
    both = Encoder([one, toy_sketch_bundle(tmp_path / 'two')])
    with (
        Gallery.open(tmp_path / 'old.db', both.fingerprints) as old,
        Gallery.open(tmp_path / 'new.db', both.fingerprints) as new,
    ):
        advice = rebuild_advice(old, 'my old.db', both.spaces, ['one', 'two'])
        assert '3 views in sketch-photo' in advice
        command = "xsense gallery rebuild 'my old.db' 'my old-new.db' --bundle one --bundle two"
        assert command in advice
        assert Retriever(both, old).ask('text', 'red', ['image'], 1).matches[0].label == 'red'
        assert not Retriever(both, old).ask('sketch', toy_sketch('red'), ['image'], 1).matches
        assert rebuild_gallery(old, new, both) == (3, 0)
        assert rebuild_advice(new, 'new.db', both.spaces, ['one', 'two']) == ''
        answer = Retriever(both, new).ask('sketch', toy_sketch('green'), ['image'], 1)
        assert answer.matches[0].label == 'green'


def test_sketches_are_kept_and_rebuilt(tmp_path: Path) -> None:
    before = Encoder([toy_sketch_bundle(tmp_path / 'before')])
    after = Encoder([toy_sketch_bundle(tmp_path / 'after', seed=1)])
    with (
        Gallery.open(tmp_path / 'old.db', before.fingerprints) as old,
        Gallery.open(tmp_path / 'new.db', after.fingerprints) as new,
    ):
        old.enroll('cross', [_view(before, 'sketch', toy_sketch('blue'))])
        assert rebuild_gallery(old, new, after) == (1, 0)
        answer = Retriever(after, new).ask('sketch', toy_sketch('blue', 3), ['sketch'], 1)
        assert answer.matches[0].label == 'cross'
        assert answer.matches[0].cosine > 0.99

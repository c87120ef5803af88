# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import numpy as np

from tests.toy import WORDS, toy_bundle, toy_image, toy_sound
from xsense_ros.encoder import Encoder
from xsense_ros.gallery.gallery import Gallery
from xsense_ros.gallery.item import View
from xsense_ros.gallery.media import decode_media, encode_media
from xsense_ros.gallery.thumbnail import thumbnail
from xsense_ros.rebuild import rebuild_gallery


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

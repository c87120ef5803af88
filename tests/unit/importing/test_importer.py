# SPDX-License-Identifier: Apache-2.0
"""Real files through toy models into a gallery: whole, once, and on after a kill."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result

from tests.toy import WORDS, toy_bundle, toy_image, toy_sound
from tests.toy_touch import toy_touch_bundle
from xsense_ros.cli import main
from xsense_ros.encoder import Encoder
from xsense_ros.errors import GalleryError, InputError
from xsense_ros.gallery.gallery import Gallery
from xsense_ros.gallery.item import View
from xsense_ros.gallery.media import decode_media, encode_media
from xsense_ros.importing.folder import plan_folder
from xsense_ros.importing.importer import Report, import_plan
from xsense_ros.importing.table import plan_table
from xsense_ros.senses.press import Press
from xsense_ros.senses.tactile_difference import press_of
from xsense_ros.senses.tactile_profile import load_profile

soundfile = pytest.importorskip('soundfile')


@pytest.fixture(scope='module')
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Encoder]:
    folder = tmp_path_factory.mktemp('bundles')
    encoder = Encoder([toy_bundle(folder / 'toy'), toy_touch_bundle(folder / 'touch')], threads=1)
    yield encoder
    encoder.close()


@pytest.fixture
def gallery(tmp_path: Path, encoder: Encoder) -> Iterator[Gallery]:
    with Gallery.open(tmp_path / 'gallery.db', encoder.fingerprints) as gallery:
        yield gallery


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Pictures, sounds and words of three things."""
    folder = tmp_path / 'things'
    for word in WORDS:
        (folder / word).mkdir(parents=True)
        for seed in range(3):
            picture(folder / word / f'{seed}.jpg', word, seed)
        sound = toy_sound(word)
        soundfile.write(folder / word / 'tone.wav', sound.samples, sound.sample_rate)
        (folder / word / 'about.txt').write_text(f' the\n{word} ball\n')
    return folder


def picture(path: Path, word: str, seed: int = 0) -> None:
    assert cv2.imwrite(str(path), cv2.cvtColor(toy_image(word, seed), cv2.COLOR_RGB2BGR))


def into(gallery: Gallery, encoder: Encoder, root: Path, **more: object) -> Report:
    return import_plan(plan_folder(root), gallery, encoder, workers=2, **more)


def test_everything_is_found(gallery: Gallery, encoder: Encoder, root: Path) -> None:
    steps: list[int] = []
    report = into(gallery, encoder, root, on_sample=lambda: steps.append(1))
    assert (report.imported, report.items, len(steps)) == (15, set(WORDS), 15)
    assert not (report.known or report.duplicates or report.skipped)
    assert [item.item_id for item in gallery.items()] == sorted(WORDS)
    (space,) = [name for name in encoder.spaces if name == 'image-sound-text']
    for word in WORDS:
        modalities = [view.modality for view in gallery.item(word).views]
        assert modalities == ['image', 'image', 'image', 'text', 'sound']
        for sample, modality in ((toy_image(word, 7), 'image'), (toy_sound(word, 7), 'sound')):
            vector = encoder.encode(modality, sample).vectors[space]
            for target in ('image', 'sound', 'text'):
                assert gallery.search(space, target, vector, 1)[0].item_id == word


def test_it_is_as_if_it_had_been_enrolled(gallery: Gallery, encoder: Encoder, root: Path) -> None:
    """The kept sample is the file itself, and embedding it again gives the stored vectors."""
    into(gallery, encoder, root)
    kept = {(view.item_id, view.view_id): view for view in gallery.kept_views()}
    assert len(kept) == 15
    for item, view in gallery.records():
        sample = decode_media(view.modality, view.media)
        again = encoder.encode(view.modality, sample).vectors
        for space, vector in view.vectors.items():
            np.testing.assert_allclose(again[space], vector, atol=1e-4)
        if view.modality == 'image':
            place = [v.modality for v in item.views][: len(item.views)].count('image')
            assert place == 3 and view.thumbnail
            files = {path.read_bytes() for path in (root / item.item_id).glob('*.jpg')}
            assert view.media in files and view.media_type == 'image/jpeg'
    assert gallery.view('red', 3).media == b'the red ball'


def test_again_adds_nothing(gallery: Gallery, encoder: Encoder, root: Path) -> None:
    into(gallery, encoder, root)
    gallery.rename('red', 'my own name')
    picture(root / 'red' / 'new.png', 'red', 9)
    version = gallery.version
    report = into(gallery, encoder, root)
    assert (report.imported, report.known, report.items) == (1, 15, {'red'})
    assert gallery.item('red').label == 'my own name'
    assert gallery.version == version + 1
    gallery.forget('blue')
    assert into(gallery, encoder, root).items == {'blue'}, 'what was forgotten comes again'


def test_duplicates_are_noticed(gallery: Gallery, encoder: Encoder, root: Path) -> None:
    (root / 'green' / 'z.jpg').write_bytes((root / 'blue' / '0.jpg').read_bytes())
    for word in WORDS:
        (root / word / 'about.txt').write_text('a ball')  # two things may be called the same
    (root / 'red' / 'again.txt').write_text('a ball')
    report = into(gallery, encoder, root)
    assert [(one.name, one.why) for one in report.duplicates] == [
        ('green/z.jpg', 'the same as blue/0.jpg'),
        ('red/again.txt', 'the same as red/about.txt'),
    ]
    assert report.imported == 15
    again = into(gallery, encoder, root)
    assert (again.imported, again.known, len(again.duplicates)) == (0, 15, 2)


def test_bad_files_are_named_and_skipped(gallery: Gallery, encoder: Encoder, root: Path) -> None:
    good = (root / 'red' / '0.jpg').read_bytes()
    bad = {
        'empty.jpg': b'',
        'text.jpg': b'this is no picture at all',
        'cut.jpg': good[: len(good) // 2],
        'bomb.png': encode_media('image', toy_image('red'))[0][:16] + b'\x7f\xff' * 4 + b'x',
        'silent.wav': b'RIFF',
        'latin.txt': b'gr\xfcn',
        'blank.txt': b' \n ',
        'long.txt': b'x' * 2000,
        'huge.txt': b'x' * 100_000,
        'touch-1.png': encode_media('image', toy_image('red'))[0],
        'impact-1.wav': (root / 'red' / 'tone.wav').read_bytes()[:44] + bytes(32000),
        'sketch-1.png': encode_media('image', toy_image('red'))[0],
    }
    for name, data in bad.items():
        (root / 'red' / name).write_bytes(data)
    (root / 'green' / 'secret.txt').symlink_to('/etc/hostname')
    (root / 'green' / 'loop.jpg').symlink_to('loop.jpg')
    report = into(gallery, encoder, root)
    skipped = {one.name: one.why for one in report.skipped}
    assert set(skipped) == {f'red/{name}' for name in bad} | {
        'green/secret.txt',
        'green/loop.jpg',
    }
    assert all('Cure: ' in why for why in skipped.values())
    assert 'a file below' in skipped['green/secret.txt']
    assert 'modality' in skipped['red/sketch-1.png'], 'no model for it'
    assert report.imported == 15 and len(gallery.items()) == 3


def test_strict_ends_at_the_first_bad_file(gallery: Gallery, encoder: Encoder, root: Path) -> None:
    (root / 'green' / '1.jpg').write_bytes(b'no picture')
    with pytest.raises(InputError, match=r'green/1\.jpg'):
        into(gallery, encoder, root, strict=True)
    assert [item.item_id for item in gallery.items()] == ['blue', 'green']
    assert len(gallery.item('green').views) == 1, 'what came before it is in'
    (root / 'a.gif').write_bytes(b'x')
    before = gallery.version
    with pytest.raises(InputError, match=r'a\.gif'):
        into(gallery, encoder, root, strict=True)
    assert gallery.version == before


def test_touches_and_knocks(gallery: Gallery, encoder: Encoder, tmp_path: Path) -> None:
    root = tmp_path / 'felt'
    (root / 'mug' / 'touch').mkdir(parents=True)
    rng = np.random.default_rng(0)
    rest = np.full((240, 320, 3), 120, np.uint8) + rng.integers(0, 4, (240, 320, 3)).astype('u1')
    press = rest.copy()
    press[80:160, 100:200] += 60
    for name, rgb in (('background', rest), ('1', press)):
        cv2.imwrite(str(root / 'mug' / 'touch' / f'{name}.png'), rgb[..., ::-1])
    kept = encode_media('touch', Press(press, 0.05))[0]
    (root / 'ball').mkdir()
    (root / 'ball' / 'touch-kept.png').write_bytes(kept)
    report = import_plan(plan_folder(root, 'digit'), gallery, encoder, workers=2)
    assert report.imported == 2 and not report.skipped, report.skipped
    sample = decode_media('touch', gallery.view('mug', 0).media)
    wanted = press_of(press, rest, load_profile('digit'))
    np.testing.assert_array_equal(sample.pixels, wanted.pixels)
    assert sample.mm_per_pixel == wanted.mm_per_pixel
    assert gallery.view('ball', 0).media == kept
    missing = import_plan(plan_folder(root), gallery, encoder, workers=1)
    assert 'profile' in missing.skipped[0].why


def test_a_table_stays_below_its_folder(
    gallery: Gallery, encoder: Encoder, root: Path, tmp_path: Path
) -> None:
    path = root / 'things.csv'
    path.write_text(
        'item,label,file,text\n'
        'a,red thing,red/0.jpg,\n'
        'a,,,the red cup\n'
        'b,x,../secret.jpg,\n'
        'c,x,/etc/hostname.txt,\n'
        'd,x,no.jpg,\n'
    )
    (tmp_path / 'secret.jpg').write_bytes((root / 'red' / '0.jpg').read_bytes())
    report = import_plan(plan_table(path), gallery, encoder, workers=2)
    assert report.imported == 2 and len(report.skipped) == 3
    assert gallery.item('a').label == 'red thing'
    wider = import_plan(plan_table(path, tmp_path), gallery, encoder, workers=2)
    assert wider.imported == 0, 'files are looked for below the other folder'


def test_a_full_disk_ends_it_and_keeps_what_is_in(
    gallery: Gallery, encoder: Encoder, root: Path
) -> None:
    for seed in range(150):
        picture(root / 'red' / f'more {seed}.png', 'red', seed)
    connection = gallery.database._writer.connection
    pages = connection.execute('PRAGMA page_count').fetchone()[0]
    connection.execute(f'PRAGMA max_page_count = {pages + 110}')
    with pytest.raises(GalleryError, match=r'full.*what was acknowledged before is safe'):
        into(gallery, encoder, root)
    held = sum(len(item.views) for item in gallery.items())
    assert held > 0
    connection.execute('PRAGMA max_page_count = 100000')
    report = into(gallery, encoder, root)
    assert report.known == held and report.imported + report.known + len(report.duplicates) == 165


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return toy_bundle(tmp_path / 'toy').path


def test_the_command(tmp_path: Path, root: Path, bundle: Path) -> None:
    (root / 'red' / 'bad.jpg').write_bytes(b'x')
    file = tmp_path / 'g.db'
    done = run('gallery', 'import', root, '--file', file, '--bundle', bundle)
    assert done.exit_code == 0, done.output
    assert f'15 samples of 3 items imported into {file}, 1 skipped' in done.output
    assert 'skipped: red/bad.jpg: ' in done.output
    again = run('gallery', 'import', root, '--file', file, '--bundle', bundle, '--json')
    told = json.loads(again.stdout)
    assert (told['imported'], told['known']) == (0, 15)
    assert told['skipped'][0]['name'] == 'red/bad.jpg'
    strict = run('gallery', 'import', root, '--file', file, '--bundle', bundle, '--strict')
    assert strict.exit_code == 1 and 'red/bad.jpg' in strict.output
    assert run('gallery', 'import', tmp_path / 'none').exit_code == 2


def test_killed_it_goes_on_where_it_was(tmp_path: Path, root: Path, bundle: Path) -> None:
    for seed in range(120):
        picture(root / 'red' / f'more {seed:03d}.jpg', 'red', seed + 10)
    wanted = len({path.read_bytes() for path in root.rglob('*.*')})
    file = tmp_path / 'g.db'
    command = [sys.executable, '-m', 'xsense_ros.cli', 'gallery', 'import', str(root)]
    command += ['--file', str(file), '--bundle', str(bundle)]
    for part in (30, 70):
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while child.poll() is None and _views(file) < part:
            time.sleep(0.005)
        child.send_signal(signal.SIGKILL)
        child.wait(timeout=30)
    before = _views(file)
    done = run('gallery', 'import', root, '--file', file, '--bundle', bundle, '--json')
    told = json.loads(done.stdout)
    assert before >= 70 and told['known'] >= before - 3  # the others have been duplicates
    with Gallery.open(file) as gallery:
        media = [view.media for view in gallery.kept_views()]
        assert len(media) == len(set(media)) == wanted
        assert gallery.size == 3


def _views(file: Path) -> int:
    if not file.exists():
        return 0
    try:
        with Gallery.open(file) as gallery:
            return sum(len(item.views) for item in gallery.items())
    except GalleryError:
        return 0


def test_beside_an_open_gallery(tmp_path: Path, root: Path, bundle: Path) -> None:
    """Who has the file open finds what is imported, and changes it meanwhile."""
    file = tmp_path / 'g.db'
    encoder = Encoder([toy_bundle(tmp_path / 'toy')])
    (space,) = encoder.spaces
    vector = encoder.encode('text', 'red').vectors[space]
    with Gallery.open(file, encoder.fingerprints) as gallery:
        command = [sys.executable, '-m', 'xsense_ros.cli', 'gallery', 'import', str(root)]
        command += ['--file', str(file), '--bundle', str(bundle)]
        child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        own = 0
        while child.poll() is None:
            gallery.enroll(f'own {own}', [View('text', {space: vector})])
            own += 1
            time.sleep(0.01)
        assert '15 samples of 3 items' in child.stdout.read()
        assert gallery.size == own + 3
        assert gallery.search(space, 'image', vector, 1)[0].item_id == 'red'
    encoder.close()

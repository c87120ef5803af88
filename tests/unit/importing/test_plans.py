# SPDX-License-Identifier: Apache-2.0
"""What a folder or a table says is to come, and what it cannot say."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from xsense_ros.errors import InputError
from xsense_ros.importing.folder import plan_folder
from xsense_ros.importing.plan import Plan, item_id_of, modality_of
from xsense_ros.importing.table import plan_table


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / 'things'
    folder.mkdir()
    return folder


def touch(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b'x')


def told(plan: Plan) -> dict[str, list[tuple[str, str]]]:
    return {
        item.item_id: [(source.modality, source.name) for source in item.sources]
        for item in plan.items.values()
    }


def test_a_folder_per_item(root: Path) -> None:
    touch(root, 'mug/front.jpg', 'mug/side.PNG', 'mug/ring.wav', 'mug/about.txt', 'mug/.DS_Store')
    touch(root, 'mug/sketch-1.png', 'mug/touch_2.png', 'mug/impact.flac', 'mug/sketchy.png')
    touch(root, 'Große Tasse/1.jpeg', 'Große Tasse/sketch/a.png', 'Große Tasse/impact/k.ogg')
    assert told(plan_folder(root)) == {
        'Große Tasse': [
            ('image', 'Große Tasse/1.jpeg'),
            ('impact', 'Große Tasse/impact/k.ogg'),
            ('sketch', 'Große Tasse/sketch/a.png'),
        ],
        'mug': [
            ('text', 'mug/about.txt'),
            ('image', 'mug/front.jpg'),
            ('impact', 'mug/impact.flac'),
            ('sound', 'mug/ring.wav'),
            ('image', 'mug/side.PNG'),
            ('sketch', 'mug/sketch-1.png'),
            ('image', 'mug/sketchy.png'),
            ('touch', 'mug/touch_2.png'),
        ],
    }


def test_files_outside_of_folders_are_items(root: Path) -> None:
    touch(root, 'ball.jpg', 'ball.wav', 'cup.png')
    assert told(plan_folder(root)) == {
        'ball': [('image', 'ball.jpg'), ('sound', 'ball.wav')],
        'cup': [('image', 'cup.png')],
    }


def test_the_nearest_background_counts(root: Path) -> None:
    touch(root, 'background.png', 'a/touch/1.png')
    touch(root, 'b/background.jpg', 'b/touch-1.png', 'b/touch/2.png')
    touch(root, 'c/touch/background.png', 'c/touch/1.png')
    touch(root, 'd/touch/1.png', 'd/touch/1.background.png')
    plan = plan_folder(root, 'digit')
    found = {
        source.name: source.background and str(source.background.relative_to(root))
        for item in plan.items.values()
        for source in item.sources
    }
    assert found == {
        'a/touch/1.png': 'background.png',
        'b/touch-1.png': 'b/background.jpg',
        'b/touch/2.png': 'b/background.jpg',
        'c/touch/1.png': 'c/touch/background.png',
        'd/touch/1.png': 'd/touch/1.background.png',
    }
    assert all(item.sources[0].profile == 'digit' for item in plan.items.values())


def test_labels(root: Path) -> None:
    touch(root, 'mug/a.jpg', 'cup/a.jpg')
    (root / 'mug' / 'label.txt').write_text('\ufeffmy  red\nmug ', encoding='utf-8')
    (root / 'cup' / 'label.txt').write_bytes(b'\xff\xfe')
    plan = plan_folder(root)
    assert [(item.item_id, item.label) for item in plan.items.values()] == [
        ('cup', 'cup'),
        ('mug', 'my red mug'),
    ]
    assert [one.name for one in plan.skipped] == ['cup/label.txt']


def test_what_is_no_sample_is_named(root: Path) -> None:
    touch(root, 'mug/a.gif', 'mug/notes.md', 'mug/old/a.jpg', 'mug/sound/a.jpg', 'mug/ok.jpg')
    touch(root, 'mug/image/deeper/a.jpg')
    os.mkfifo(root / 'mug' / 'pipe.jpg')
    plan = plan_folder(root)
    assert told(plan) == {'mug': [('image', 'mug/ok.jpg')]}
    assert {one.name for one in plan.skipped} == {
        *('mug/a.gif', 'mug/notes.md', 'mug/old', 'mug/sound/a.jpg', 'mug/pipe.jpg'),
        'mug/image/deeper',
    }
    assert all('Cure: ' in one.why for one in plan.skipped)


@pytest.mark.parametrize(
    ('name', 'item_id'),
    [
        ('mug', 'mug'),
        ('  my   mug ', 'my mug'),
        ('Tasse\u0301', 'Tassé'),  # composed, as other systems write it
        ('a\tb\x00c\u200bd', 'a bcd'),
        ('杯子', '杯子'),
        ('a/b', 'a/b'),
    ],
)
def test_ids(name: str, item_id: str) -> None:
    assert item_id_of(name) == item_id


def test_long_and_empty_names() -> None:
    long = 'x' * 200
    assert len(item_id_of(long)) == 64 and item_id_of(long) != item_id_of(long + 'y')
    with pytest.raises(InputError, match='printing'):
        item_id_of('\u200b \x00')


def test_modality_of() -> None:
    assert modality_of(Path('touch.png')) == 'touch'
    assert modality_of(Path('sound.jpg')) == 'image', 'a picture, whatever its name'
    for path, said, word in (
        ('a.jpg', 'sound', 'wav'),
        ('a.jpg', 'smell', 'image'),
        ('a', '', 'jpg'),
    ):
        with pytest.raises(InputError, match=word):
            modality_of(Path(path), said)


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match='correct the path'):
        plan_folder(tmp_path / 'none')


def table(root: Path, text: str) -> Path:
    path = root / 'things.csv'
    path.write_text(text, encoding='utf-8')
    return path


def test_a_table(root: Path) -> None:
    path = table(
        root,
        '\ufefflabel,item,file,text,modality,background,profile\n'
        '"Tasse, rot",mug,a.jpg,,,,\n'
        ',mug,,a red mug,,,\n'
        'ball,,press.png,,touch,rest.png,digit\n',
    )
    plan = plan_table(path, profile='gelsight')
    mug, ball = plan.items.values()
    assert (mug.item_id, mug.label, ball.item_id) == ('mug', 'Tasse, rot', 'ball')
    assert [(s.modality, s.text) for s in mug.sources] == [('image', ''), ('text', 'a red mug')]
    (press,) = ball.sources
    assert (press.modality, press.profile) == ('touch', 'digit')
    assert (press.path, press.background) == (root / 'press.png', root / 'rest.png')


def test_lines_that_say_nothing_are_named(root: Path) -> None:
    path = table(
        root,
        'item,file,text,modality\n'
        'a,a.jpg,word,\n'
        'b,,,\n'
        ',a.jpg,,\n'
        'd,a.jpg,,sound\n'
        'e,,word,image\n'
        'f,a.gif,,\n'
        'g,a.jpg,,,,more\n'
        'h,a.jpg,,\n',
    )
    plan = plan_table(path)
    assert list(plan.items) == ['h']
    assert [one.name.split()[0] for one in plan.skipped] == [
        f'things.csv:{line}' for line in range(2, 9)
    ]


@pytest.mark.parametrize(
    'text', ['', 'a,b\n', 'item,size,file\n', 'file\na.jpg\n', 'item,file,file\n', '\0']
)
def test_other_tables_are_refused(root: Path, text: str) -> None:
    with pytest.raises(InputError, match=r'columns|CSV'):
        plan_table(table(root, text))


def test_bytes_that_are_no_table(root: Path) -> None:
    path = root / 'a.csv'
    path.write_bytes(b'\xff\xfe\0')
    with pytest.raises(InputError, match='CSV file in UTF-8'):
        plan_table(path)
    with pytest.raises(InputError, match='CSV file in UTF-8'):
        plan_table(root / 'none.csv')

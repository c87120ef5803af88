# SPDX-License-Identifier: Apache-2.0
"""`xsense evaluate` on small bags with a toy bundle; every figure is counted again naively."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from tests.toy import toy_bundle, toy_image
from tests.unit.adapters.audio_common import MGONZS13, ROS_DRIVERS, Package
from tests.unit.evaluation.bags import START_NS, TRUTH, Bag, robot_bag
from xsense_ros.cli import main
from xsense_ros.encoder import Encoder
from xsense_ros.errors import XsenseError
from xsense_ros.evaluation.questions import Senses
from xsense_ros.evaluation.settings import SenseSettings, parameter_file
from xsense_ros.gallery.gallery import Gallery
from xsense_ros.gallery.item import View
from xsense_ros.recording import Recording

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope='module')
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bag, its truth, a toy bundle, and a gallery of red and green."""
    made = tmp_path_factory.mktemp('evaluate')
    bundle = toy_bundle(made / 'toy')
    robot_bag(made / 'bag')
    (made / 'truth.csv').write_text(TRUTH)
    encoder = Encoder([bundle])
    with Gallery.open(made / 'gallery.db', encoder.fingerprints) as gallery:
        for word in ('red', 'green'):
            vectors = encoder.encode('image', toy_image(word, 99)).vectors
            gallery.enroll(f'the {word} one', [View('image', vectors)], word)
    encoder.close()
    return made


def run(folder: Path, *arguments: object, bag: str = 'bag') -> Result:
    given = [str(folder / bag), '--bundle', str(folder / 'toy'), *map(str, arguments)]
    return CliRunner().invoke(main, ['evaluate', *given])


def figures(folder: Path, *arguments: object, bag: str = 'bag') -> tuple[Any, list[Any]]:
    """The JSON, and the answers."""
    answers = folder / 'answers.jsonl'
    done = run(folder, '--json', '--answers', answers, *arguments, bag=bag)
    assert done.exit_code == 0, done.output
    lines = answers.read_text().splitlines()
    return json.loads(done.stdout), [json.loads(line) for line in lines]


def known(folder: Path) -> tuple[object, ...]:
    return '--truth', folder / 'truth.csv', '--gallery', folder / 'gallery.db'


class TestAgainstAGallery:
    def test_every_figure_is_that_of_the_answers(self, folder: Path) -> None:
        found, answers = figures(folder, *known(folder))
        assert set(found['pairs']) == {'image -> image', 'sound -> image', 'text -> image'}
        for pair in found['pairs'].values():
            mine = [a for a in answers if a['query_modality'] == pair['query']]
            assert pair['questions'] == len(mine)
            asked = [a for a in mine if a['truth'] != 'unknown']
            ranks = [
                next((m['rank'] for m in a['matches'] if m['item_id'] == a['truth']), np.inf)
                for a in asked
            ]
            assert pair['known'] == len(asked) and pair['unknown'] == len(mine) - len(asked)
            assert pair['recall_at_1'] == pytest.approx(np.mean(np.array(ranks) == 1))
            assert pair['recall_at_5'] == pytest.approx(np.mean(np.array(ranks) <= 5))
            assert pair['mean_average_precision'] == pytest.approx(np.mean(1 / np.array(ranks)))
            assert pair['accepted'] == sum(a['accepted'] for a in mine)
            assert pair['accept_rate'] == pytest.approx(pair['accepted'] / len(mine))
            strangers = [a for a in mine if a['truth'] == 'unknown']
            assert pair['unknown_refused'] == sum(not a['accepted'] for a in strangers)
            spent = [sum(v for k, v in a.items() if k.endswith('_ms')) for a in mine]
            for percent in (50, 95, 99):
                assert pair['latency_ms'][f'p{percent}'] == pytest.approx(
                    np.percentile(spent, percent)
                )
            assert pair['chance_at_1'] == 0.5 and pair['candidates'] == 2

    def test_what_the_toy_models_know(self, folder: Path) -> None:
        found, answers = figures(folder, *known(folder))
        pairs = found['pairs']
        assert pairs['image -> image']['questions'] == 30
        assert pairs['text -> image']['questions'] == 6
        assert pairs['image -> image']['known_intervals'] == 4
        assert all(pair['recall_at_1'] == 1.0 for pair in pairs.values())
        # Two seconds of one colour hold but one whole window; others hear two of them.
        for answer in answers:
            if answer['query_modality'] == 'sound':
                inside = (answer['stamp_ns'] - START_NS) / 1e9 % 2
                assert inside <= 0.2 or inside >= 1.8
        assert found['gallery']['items'] == 2 and found['refused'] == {}

    def test_labels_name_items_too(self, folder: Path, tmp_path: Path) -> None:
        named = TRUTH.replace('red', 'the red one').replace('green', 'the green one')
        (tmp_path / 'truth.csv').write_text(named)
        given = ('--truth', tmp_path / 'truth.csv', '--gallery', folder / 'gallery.db')
        found, _ = figures(folder, *given)
        assert found['pairs']['image -> image']['recall_at_1'] == 1.0

    def test_items_that_are_not_remembered_are_left_out(
        self, folder: Path, tmp_path: Path
    ) -> None:
        (tmp_path / 'truth.csv').write_text(TRUTH.replace('unknown', 'blue'))
        given = ('--truth', tmp_path / 'truth.csv', '--gallery', folder / 'gallery.db')
        found, answers = figures(folder, *given)
        assert found['not_in_gallery']['blue'] > 0
        assert 'blue' not in {answer['truth'] for answer in answers}

    def test_table_for_people(self, folder: Path) -> None:
        done = run(folder, *known(folder))
        assert done.exit_code == 0
        for words in ('remembers 2 items', 'image -> image', 'recall@1', '100.0% (50%)', 'p99'):
            assert words in done.stdout


class TestStorage:
    def test_sqlite_and_mcap_are_answered_alike(self, folder: Path) -> None:
        robot_bag(folder / 'sqlite', 'sqlite3')
        assert list((folder / 'sqlite').glob('*.db3'))
        (_, mcap), (_, sqlite) = (
            figures(folder, *known(folder), bag=name) for name in ('bag', 'sqlite')
        )
        timeless = [
            [{k: v for k, v in answer.items() if not k.endswith('_ms')} for answer in answers]
            for answers in (mcap, sqlite)
        ]
        assert timeless[0] == timeless[1]

    def test_bag_that_does_not_describe_its_messages(self, folder: Path) -> None:
        """As SQLite bags before ROS 2 Iron: our own msg files serve."""
        import sqlite3

        robot_bag(folder / 'old', 'sqlite3')
        (file,) = (folder / 'old').glob('*.db3')
        with sqlite3.connect(file) as database:
            database.execute('UPDATE message_definitions SET encoded_message_definition = ""')
        found, _ = figures(folder, *known(folder), bag='old')
        assert found['pairs']['sound -> image']['recall_at_1'] == 1.0


class TestLearntFromTheBag:
    def test_first_interval_teaches_and_is_not_asked(self, folder: Path) -> None:
        found, answers = figures(folder, '--truth', folder / 'truth.csv', '--views', 2)
        assert found['gallery']['items'] == 2
        assert '4 views' in found['gallery']['from']
        seen = [a for a in answers if a['query_modality'] == 'image']
        taught = [a for a in seen if a['truth'] != 'unknown' and a['stamp_ns'] < START_NS + 4e9]
        assert not taught and found['pairs']['image -> image']['known'] == 10
        # Words were not learnt, so they are asked of both intervals.
        assert found['pairs']['text -> image']['known'] == 4

    def test_other_senses_may_teach(self, folder: Path) -> None:
        given = ('--truth', folder / 'truth.csv', '--enroll', 'sound')
        found, _ = figures(folder, *given)
        assert {pair['target'] for pair in found['pairs'].values()} == {'sound'}
        assert found['pairs']['image -> sound']['recall_at_1'] == 1.0

    def test_nothing_to_learn(self, folder: Path) -> None:
        done = run(folder, '--truth', folder / 'truth.csv', '--enroll', 'touch')
        assert done.exit_code == 2 and 'nothing to enroll' in done.output


class TestTypesOfMessages:
    def evaluate_sounds(self, folder: Path, bag: str, *more: object) -> Any:
        found, _ = figures(folder, *known(folder), *more, bag=bag)
        return found['pairs'].get('sound -> image')

    @pytest.mark.parametrize('with_info', [True, False])
    def test_ros_drivers(self, folder: Path, tmp_path: Path, with_info: bool) -> None:
        """Told by an AudioInfo, or else by the parameter audio.format."""
        package, path = Package(ROS_DRIVERS), folder / f'drivers-{with_info}'
        types = package.store.types
        kinds = {f'audio_common_msgs/msg/{name}': text for name, text in ROS_DRIVERS.items()}
        with Bag(path, more=kinds) as bag:
            if with_info:
                bag.add(
                    '/microphone/audio_info', 'audio_common_msgs/msg/AudioInfo', 0.0, channels=1,
                    sample_rate=8000, sample_format='S16LE', bitrate=0, coding_format='wave',
                )  # fmt: skip
            for number, samples in enumerate(tone(8000)):
                audio = types['audio_common_msgs/msg/AudioData'](samples.view(np.uint8))
                at = number / 10
                bag.add(
                    '/microphone/audio', 'audio_common_msgs/msg/AudioDataStamped', at,
                    header=bag.header(at), audio=audio,
                )  # fmt: skip
        params = tmp_path / 'my.yaml'
        params.write_text('/**:\n  ros__parameters:\n    audio.format: "S16LE,8000,1"\n')
        given = () if with_info else ('--params-file', params)
        pair = self.evaluate_sounds(folder, path.name, *given)
        assert pair['recall_at_1'] == 1.0

    def test_mgonzs13(self, folder: Path) -> None:
        kinds = {f'audio_common_msgs/msg/{name}': text for name, text in MGONZS13.items()}
        with Bag(folder / 'mgonzs13', more=kinds) as bag:
            types, kind = bag.store.types, 'audio_common_msgs/msg'
            for number, samples in enumerate(tone(8000)):
                empty = [np.array([], f'{name}') for name in ('f4', 'i4', 'i2', 'i1', 'u1')]
                empty[2] = samples
                data = types[f'{kind}/AudioData'](*empty)
                info = types[f'{kind}/AudioInfo'](8, 1, 8000, samples.size)
                audio = types[f'{kind}/Audio'](data, info)
                at = number / 10
                bag.add(
                    '/microphone/audio', f'{kind}/AudioStamped', at, header=bag.header(at),
                    audio=audio,
                )  # fmt: skip
        assert self.evaluate_sounds(folder, 'mgonzs13')['recall_at_1'] == 1.0

    def test_other_topic_and_plain_words(self, folder: Path) -> None:
        with Bag(folder / 'other') as bag:
            bag.picture('red', 0.5, topic='/front/rgb')
            bag.add('/said', 'std_msgs/msg/String', 2.5, data='green')
        given = ('--topic', 'image=/front/rgb', '--topic', 'text=said')
        found, answers = figures(folder, *known(folder), *given, bag='other')
        assert [answer['truth'] for answer in answers] == ['red', 'green']
        assert found['topics'] == {'/front/rgb': 'image', '/said': 'text'}

    def test_messages_that_cannot_be_used_are_told(self, folder: Path) -> None:
        with Bag(folder / 'broken') as bag:
            bag.picture('red', 0.5)
            bag.text('  ', 0.6)
        found, _ = figures(folder, *known(folder), bag='broken')
        count, why = found['refused']['/text']
        assert count == 1 and 'printing character' in why


def tone(rate: int) -> list[Any]:
    """Four seconds of red, then of green, in chunks of 0.1 s: only in the first two is it red."""
    from tests.toy import toy_sound

    chunk = [
        (np.clip(toy_sound(word, 0, rate).samples[: rate // 10], -1, 1) * 32767).astype('<i2')
        for word in ('red', 'green')
    ]
    return [chunk[0]] * 20 + [chunk[1]] * 20


class TestStatus:
    def test_too_little_recall_is_1(self, folder: Path, tmp_path: Path) -> None:
        swapped = TRUTH.replace('red', 'x').replace('green', 'red').replace('x', 'green')
        (tmp_path / 'truth.csv').write_text(swapped)
        given = ('--truth', tmp_path / 'truth.csv', '--gallery', folder / 'gallery.db')
        done = run(folder, *given, '--min-recall', '0.5')
        assert done.exit_code == 1 and 'recall@1 0.0%, asked for 50.0%' in done.stderr
        assert run(folder, *known(folder), '--min-recall', '0.5').exit_code == 0

    def test_nothing_in_an_interval_is_1(self, folder: Path, tmp_path: Path) -> None:
        (tmp_path / 'truth.csv').write_text('begin,end,item\n100,101,red\n')
        given = ('--truth', tmp_path / 'truth.csv', '--gallery', folder / 'gallery.db')
        done = run(folder, *given)
        assert done.exit_code == 1 and 'nothing was asked' in done.stderr

    @pytest.mark.parametrize(
        ('arguments', 'says'),
        [
            ([], 'topics /truth/SENSE'),
            (['--truth', 'TRUTH', '--gallery', 'nothing.db'], 'gallery'),
            (['--truth', 'TRUTH', '--topic', 'image=/none'], 'topic of image'),
            (['--truth', 'TRUTH', '--topic', 'image=/text'], 'a picture as'),
            (['--truth', 'TRUTH', '--topic', 'smell=/text'], 'SENSE=TOPIC'),
            (['--truth', 'TRUTH', '--params-file', 'TRUTH'], 'parameter file'),
            (['--truth', 'none.csv'], 'does not exist'),
            (['--truth', 'TRUTH', '--answers', '/nowhere/a.jsonl'], 'No such file'),
        ],
    )
    def test_bad_input_is_2(self, folder: Path, arguments: list[str], says: str) -> None:
        given = [str(folder / 'truth.csv') if a == 'TRUTH' else a for a in arguments]
        done = run(folder, *given)
        assert done.exit_code == 2 and says in done.output, done.output
        assert done.exception is None or isinstance(done.exception, SystemExit)

    @pytest.mark.parametrize('damage', ['no folder', 'empty', 'cut'])
    def test_bad_bag_is_2(self, folder: Path, tmp_path: Path, damage: str) -> None:
        bag = tmp_path / 'bag'
        if damage == 'empty':
            with Bag(bag):
                pass
        elif damage == 'cut':
            robot_bag(bag)
            (file,) = bag.glob('*.mcap')
            file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
        done = run(folder, *known(folder), bag=str(bag))
        assert done.exit_code == 2 and 'bag' in done.output


@pytest.mark.parametrize('storage', ['mcap', 'sqlite3'])
def test_damaged_bags_are_read_or_refused(tmp_path: Path, storage: str) -> None:
    """Sixty of each kind, with bytes changed or the end cut off, in any of their files."""
    whole = robot_bag(tmp_path / 'whole', storage)
    settings, damaged = SenseSettings.read(), tmp_path / 'damaged'
    for seed in range(60):
        rng = np.random.default_rng(seed)
        shutil.copytree(whole, damaged)
        file = rng.choice(sorted(damaged.iterdir()))
        data = bytearray(file.read_bytes())
        for _ in range(rng.choice([1, 5, 50])):
            data[rng.integers(min(rng.choice([3000, 10**9]), len(data)))] = rng.integers(256)
        if rng.random() < 0.2:
            del data[rng.integers(len(data)) :]
        file.write_bytes(data)
        with contextlib.suppress(XsenseError):
            for question in Senses(Recording.open(damaged), settings).questions():
                assert question.samples
        shutil.rmtree(damaged)


def test_settings_are_those_of_a_parameter_file(tmp_path: Path) -> None:
    shipped = SenseSettings.read()
    assert shipped.sound_window_seconds == 2.0 and shipped.min_probability is None
    file = tmp_path / 'my.yaml'
    file.write_text(
        '/robot/retrieval: {ros__parameters: {sound: {window_seconds: 3.0}, min_margin: 0.2}}\n'
        '/**: {ros__parameters: {sound.window_seconds: 9.0, touch.topics: [a, b]}}\n'
        'matching: {ros__parameters: {min_margin: 0.9}}\n'
    )
    read = SenseSettings.read([file])
    assert read.sound_window_seconds == 3.0 and read.min_margin == 0.2
    assert read.touch_profiles == {'a': 'gelsight', 'b': 'gelsight'}
    assert 'min_margin' in parameter_file(file)


BLOCK = """
import sys
class Absent:
    ROS = ('rclpy', 'rcl_interfaces', 'builtin_interfaces', 'lifecycle_msgs', 'rosidl_parser')
    def find_spec(self, name, path=None, target=None):
        first = name.partition('.')[0]
        own = name.startswith(('xsense_ros.msg', 'xsense_ros.srv'))
        if own or first in self.ROS or first.endswith('_msgs'):
            raise ModuleNotFoundError(f'No module named {name!r}', name=name)
sys.meta_path.insert(0, Absent())
from xsense_ros.cli import main
main(prog_name='xsense')
"""


def test_needs_no_ros(folder: Path) -> None:
    """Where no package of ROS can be imported, this command works and others say what to do."""
    arguments = [str(folder / 'bag'), '--bundle', str(folder / 'toy'), '--json']
    done, without = (
        subprocess.run(
            [sys.executable, '-c', BLOCK, *given], capture_output=True, text=True, cwd=ROOT,
            env=os.environ | {'OMP_NUM_THREADS': '1'}, timeout=60,
        )
        for given in (
            ['evaluate', *arguments, *map(str, known(folder))], ['query', '--text', 'mug'],
        )
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)['pairs']['image -> image']['recall_at_1'] == 1.0
    assert without.returncode == 1 and 'needs ROS 2' in without.stderr

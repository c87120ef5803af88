# SPDX-License-Identifier: Apache-2.0
"""The live page over real DDS: what it shows, asks and changes, and whom it costs nothing."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.parameter import Parameter
from sensor_msgs.msg import CompressedImage, Image
from xsense_ros.msg import Box, HeterologousMatch, MatchArray

from tests.ros.harness import Robot, chunks, image_message, remembering
from tests.ros.matching import counts_message
from tests.ros.paging import Dashboard
from tests.ros.repeating import repeating
from tests.toy import toy_image, toy_sketch, toy_sound
from tests.unit.dashboard.pages import picture_file
from tests.waiting import eventually
from xsense_ros.dashboard.uploads import wav
from xsense_ros.nodes.retrieval_node import RetrievalNode

pytestmark = pytest.mark.ros


@pytest.fixture(scope='module')
def shared(bundle: Path, sketch_bundle: Path) -> Iterator[Robot]:
    """A robot that the tests of this file leave as they found it."""
    with remembering(bundle, sketch_bundle) as robot:
        yield robot


@pytest.fixture(scope='module')
def page(shared: Robot) -> Iterator[Dashboard]:
    scale = {'infrared__celsius_scale': 0.01, 'infrared__celsius_offset': -10.0}
    with Dashboard(shared, **scale) as page:
        page.await_robot()
        yield page


def decoded(jpeg: bytes) -> Any:
    return cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]


def png(rgb: Any) -> bytes:
    return cv2.imencode('.png', np.ascontiguousarray(rgb[..., ::-1]))[1].tobytes()


class TestTiles:
    def test_camera(self, shared: Robot, page: Dashboard) -> None:
        operator = shared.operator
        with page.browse('camera') as browser:
            message = operator.image('green')
            with repeating(lambda: operator.publish('camera/image', message, reliable=False)):
                stamp = message.header.stamp.sec + message.header.stamp.nanosec * 1e-9
                header, jpeg = browser.tile('camera', lambda h: abs(h['stamp'] - stamp) < 1e-6)
            size = (message.width, message.height)
            assert (header['kind'], header['width'], header['height']) == ('camera', *size)
            shown, sent = decoded(jpeg).astype(int), toy_image('green', 0).astype(int)
            assert np.abs(shown - sent).mean() < 20

    def test_compressed_camera(self, shared: Robot, page: Dashboard) -> None:
        message = CompressedImage(format='png', header=shared.operator.header())
        message.data.frombytes(png(np.full((600, 960, 3), (10, 200, 30), np.uint8)))
        topic = 'camera/image/compressed'
        with (
            page.browse('camera') as browser,
            repeating(lambda: shared.operator.publish(topic, message, reliable=False)),
        ):
            _, jpeg = browser.tile('camera', lambda header: header['width'] == 960)
        assert decoded(jpeg).shape == (300, 480, 3)
        assert np.abs(decoded(jpeg).mean(axis=(0, 1)) - (10, 200, 30)).max() < 4

    def test_infrared_in_celsius(self, shared: Robot, page: Dashboard) -> None:
        counts = np.linspace(3000, 5000, 120 * 160).reshape(120, 160).astype(np.uint16)
        message = counts_message(counts, shared.operator.header())
        with (
            page.browse('infrared') as browser,
            repeating(lambda: shared.operator.publish('infrared/image', message, reliable=False)),
        ):
            header, jpeg = browser.tile('infrared')
        assert header['celsius'] == pytest.approx([20.0, 40.0], abs=0.5)
        assert header['palette'] == 'inferno' and decoded(jpeg).shape == (120, 160, 3)

    def test_microphone(self, shared: Robot, page: Dashboard) -> None:
        now = shared.operator.now()
        sound = chunks(toy_sound('blue'), now.sec * 10**9)
        with (
            page.browse('sound') as browser,
            repeating(
                lambda: [
                    shared.operator.publish('microphone/audio', chunk, reliable=False)
                    for chunk in sound[:4]
                ]
            ),
        ):
            header, jpeg = browser.tile('sound')
        assert header['kind'] == 'spectrogram' and header['seconds'] == 4.0
        assert decoded(jpeg).max() > 100

    def test_a_touch_without_its_background(self, shared: Robot, page: Dashboard) -> None:
        gel = np.full((120, 160, 3), (90, 120, 100), np.uint8)
        gel[..., 0] += np.arange(160, dtype=np.uint8) // 4
        message = image_message(gel, shared.operator.header(f'GS-{uuid.uuid4().hex[:8]}'))
        with (
            page.browse('touch') as browser,
            repeating(lambda: shared.operator.publish('touch', message, reliable=False)),
        ):
            raw, _ = browser.tile('touch', lambda header: 'learning' in header['note'])
            learnt, jpeg = browser.tile('touch', lambda header: header['note'] == 'no contact')
        assert raw['contact'] is False and learnt['contact'] is False
        assert np.abs(decoded(jpeg).astype(int) - 128).max() < 12  # nothing has changed

    def test_frames_that_cannot_be_shown_are_named(self, shared: Robot, page: Dashboard) -> None:
        broken = Image(height=4, width=4, encoding='nonsense', step=12)
        statuses = shared.operator.listen(DiagnosticArray, '/diagnostics')

        def names_it(message: DiagnosticArray) -> bool:
            return any(
                status.name.endswith('dashboard: page') and 'nonsense' in status.message
                for status in message.status
            )

        operator = shared.operator
        with page.browse('visible') as browser:
            with repeating(lambda: operator.publish('visible/image', broken, reliable=False)):
                statuses.wait(names_it)
            good = operator.image('red')
            with repeating(lambda: operator.publish('visible/image', good, reliable=False)):
                browser.tile('visible')

    def test_ten_browsers_cost_one_encoding(self, shared: Robot, page: Dashboard) -> None:
        with ExitStack() as stack:
            browsers = [stack.enter_context(page.browse('sketch')) for _ in range(10)]
            eventually(lambda: page.node.hub.browsers == 10 and page.node.hub.wants('sketch'))
            # All ten must have said what they watch before the one frame comes.
            hub = page.node.hub
            eventually(lambda: all('sketch' in one.watched for one in list(hub._browsers)))
            before, sent = page.node.painter.encoded['sketch'], itertools.count(1)
            drawing = shared.operator.sketch('red')

            def draw() -> None:
                shared.operator.publish('sketch', drawing)
                next(sent)

            with repeating(draw):
                pictures = {browser.tile('sketch')[1] for browser in browsers}
            assert len(pictures) == 1
            assert 0 < page.node.painter.encoded['sketch'] - before < next(sent)


class TestLaziness:
    def test_nobody_looking_costs_nothing(self, shared: Robot, page: Dashboard) -> None:
        def listeners(topic: str) -> int:
            return shared.node.count_subscribers(f'{shared.namespace}/{topic}')

        eventually(lambda: listeners('matches') == 0 and listeners('camera/image') == 1)
        with page.browse('camera') as browser:
            eventually(lambda: listeners('matches') == 1 and listeners('camera/image') == 2)
            eventually(lambda: listeners('infrared/image') == 0)
            browser.watch('infrared')
            eventually(lambda: listeners('camera/image') == 1 and listeners('infrared/image'))
        eventually(lambda: listeners('matches') == 0 and listeners('infrared/image') == 0)


def _views_are_known(answer: Any) -> bool:
    return answer['query_text'] == 'blue' and bool(answer['matches'][0]['views'])


class TestNews:
    def test_answers_with_their_views(self, shared: Robot, page: Dashboard) -> None:
        with page.browse() as browser:
            text = shared.operator.text('blue')
            with repeating(lambda: shared.operator.publish('text', text)):
                answer = browser.told('answer', _views_are_known)
        first = answer['matches'][0]
        assert answer['query_modality'] == 'text' and first['label'] == 'blue'
        assert first['views'] == ['image'] and first['rank'] == 1 and first['space']
        assert -1 <= first['score'] <= 1 and 0 <= first['probability'] <= 1
        assert answer['ms']['total'] > 0 and answer['gallery_version'] >= 3

    def test_states_rates_and_senses(self, shared: Robot, page: Dashboard) -> None:
        with page.browse('camera') as browser:
            state = browser.told(
                'state', lambda s: s['engines'] and s['gallery'].get('items') == 3
            )
            nodes = {node['name']: node['state'] for node in state['nodes']}
            assert nodes == {'retrieval': 'active', 'matching': 'missing'}
            assert all(part['level'] in range(4) for part in state['diagnostics'])
            topic = f'{shared.namespace}/camera/image'
            message = shared.operator.image('red')
            with repeating(
                lambda: shared.operator.publish('camera/image', message, reliable=False)
            ):
                rates = browser.told(
                    'rates', lambda r: r['topics'].get(topic, {}).get('hz', 0) > 1
                )
            assert rates['topics'][topic].keys() == {'hz', 'dropped', 'ms_p50', 'ms_p95'}
            senses = {sense['name']: sense for sense in browser.hello['senses']}
            assert senses['camera'] == {'name': 'camera', 'topic': topic, 'kind': 'camera'}
            assert {'touch', 'sound', 'impact', 'infrared', 'visible', 'text'} <= senses.keys()
            assert browser.hello['query'] == ['sketch', 'image', 'sound', 'impact', 'text']

    def test_sightings(self, shared: Robot, page: Dashboard) -> None:
        box = Box(x=1.5, y=2.0, width=30.0, height=40.0)
        found = HeterologousMatch(
            template_id='boat', found=True, score=0.75, mode='window', box_infrared=box,
            temperature=float('nan'), header=shared.operator.header(),
        )  # fmt: skip
        publish = lambda: shared.operator.publish('heterologous_matches', found)  # noqa: E731
        with page.browse() as browser, repeating(publish):
            told = browser.told('sighting')
        assert told['box_infrared'] == {'x': 1.5, 'y': 2.0, 'width': 30.0, 'height': 40.0}
        assert told['temperature'] is None and told['visible_stamp'] is None
        assert (told['template_id'], told['found'], told['score']) == ('boat', True, 0.75)


class TestAsking:
    @pytest.mark.parametrize('word', ['red', 'blue'])
    def test_every_sense_finds_it(self, page: Dashboard, word: str) -> None:
        for sample in (
            {'modality': 'text', 'text': word},
            {'modality': 'image', 'file': png(toy_image(word, 3))},
            {'modality': 'sketch', 'file': png(toy_sketch(word, 3))},
            {'modality': 'sound', 'file': wav(toy_sound(word))},
        ):
            answer = page.ask(targets='image', **sample)
            assert answer['query_modality'] == sample['modality']
            assert answer['matches'][0]['label'] == word, sample['modality']

    def test_the_answer_is_that_of_the_pipeline(self, shared: Robot, page: Dashboard) -> None:
        heard = shared.operator.listen(MatchArray, 'matches')
        drawing = shared.operator.sketch('green', 5)
        with repeating(lambda: shared.operator.publish('sketch', drawing)):
            published = heard.wait(
                lambda message: (
                    message.query_modality == 'sketch'
                    and message.header.stamp == drawing.header.stamp
                )
            )
        shared.operator.ignore(heard)
        asked = page.ask(modality='sketch', file=png(toy_sketch('green', 5)))
        scores = [match['score'] for match in asked['matches']]
        assert scores == pytest.approx([match.score for match in published.matches], abs=1e-6)

    def test_several_senses_are_answered_as_one(self, page: Dashboard) -> None:
        drawn, heard = png(toy_sketch('green', 3)), wav(toy_sound('green'))
        answer = page.ask(text='green', sketch=drawn, sound=heard, targets='image')
        assert answer['query_modality'] == 'sketch+sound+text'
        first = answer['matches'][0]
        assert first['label'] == 'green' and first['space']
        alone = page.ask(text='green', targets='image')
        assert first['probability'] > alone['matches'][0]['probability']

    def test_parts_that_have_nothing_in_common_are_told_apart(self, page: Dashboard) -> None:
        data = {'text': 'green', 'targets': 'sound'}
        answer = page.http.post('/api/query', data=data, files={'sketch': png(toy_sketch('red'))})
        problem = answer.json()
        assert answer.status_code == 400 and problem['what'].startswith('what sketch has in')
        assert 'leave sketch out' in problem['cure']

    def test_what_is_seen_now_with_a_text(self, shared: Robot, page: Dashboard) -> None:
        nothing = page.http.post('/api/query', data={'text': 'blue', 'live': 'impact'})
        assert nothing.status_code == 400 and nothing.json()['cure']
        message = shared.operator.image('blue')
        with repeating(lambda: shared.operator.publish('camera/image', message, reliable=False)):
            sense = shared.node._senses['image']
            eventually(lambda: sense._latest and sense._latest.message.header == message.header)
        answer = page.ask(text='blue', live='image')
        assert answer['query_modality'] == 'image+text'
        assert answer['matches'][0]['label'] == 'blue'

    def test_what_the_node_refuses_is_told_in_its_words(self, page: Dashboard) -> None:
        answer = page.http.post('/api/items', data={'label': 'x', 'live': 'sound'})
        problem = answer.json()
        assert answer.status_code == 400 and 'sound' in problem['message'] and problem['cure']


class TestGallery:
    def test_from_enrolment_to_undo(self, shared: Robot, page: Dashboard) -> None:
        label, item_id = 'Grüne / Tür', 'door/ü 1'
        address = '/api/items/door%2F%C3%BC%201'
        with page.browse() as browser:
            files = [('files', picture_file('.jpg', rows=96)), ('files', wav(toy_sound('green')))]
            data = {'label': label, 'item_id': item_id, 'modalities': ['image', 'sound'],
                    'texts': ['green']}  # fmt: skip
            made = page.http.post('/api/items', data=data, files=files)
            assert made.status_code == 201, made.text
            version = made.json()['version']
            assert sorted(made.json()['item']['modalities']) == ['image', 'sound', 'text']
            browser.told('gallery', lambda told: told['version'] == version)
        listed = page.http.get('/api/items', params={'contains': 'TÜR'}).json()
        assert [item['item_id'] for item in listed['items']] == [item_id]
        assert listed['total'] == 1 and listed['items'][0]['thumbnail'] is True
        assert decoded(page.http.get(f'{address}/thumbnail').content).shape == (96, 64, 3)
        kinds = [page.http.get(f'{address}/views/{n}').headers['Content-Type'] for n in range(3)]
        assert sorted(kinds) == ['audio/wav', 'image/png', 'text/plain; charset=utf-8']
        assert page.http.get(f'{address}/views/3').status_code == 404

        renamed = page.http.patch(address, json={'label': 'door'}).json()
        assert renamed['item']['label'] == 'door'
        undone = page.http.post('/api/undo', json={'gallery_version': renamed['version']})
        assert undone.status_code == 200, undone.text
        assert page.http.get('/api/items?contains=T%C3%BCr').json()['total'] == 1

        gone = page.http.delete(address)
        assert gone.status_code == 200, gone.text
        assert page.http.delete(address).status_code == 404
        assert page.http.get(f'{address}/thumbnail').status_code == 404
        back = page.http.post('/api/undo', json={'gallery_version': gone.json()['version']})
        assert back.status_code == 200 and back.json()['undone']
        assert page.http.get('/api/items').json()['total'] == 4
        assert page.http.delete(address).status_code == 200


def test_the_gallery_as_a_map(page: Dashboard) -> None:
    told = page.http.get('/api/map').json()
    assert told['version'] >= 3
    maps = {(one['space'], one['modality']): one['points'] for one in told['spaces']}
    points = maps['image-sound-text', 'image']
    assert {point['item_id'] for point in points} == {'red', 'green', 'blue'}
    assert all(0 <= point[axis] <= 1 for point in points for axis in 'xy')
    # Three things that have nothing in common lie far apart.
    places = np.array([(point['x'], point['y']) for point in points])
    apart = np.linalg.norm(places[:, None] - places[None], axis=-1)
    assert apart[~np.eye(3, dtype=bool)].min() > 0.3


def test_the_page_outlives_the_node(bundle: Path) -> None:
    with (
        remembering(bundle) as robot,
        Dashboard(robot, timeout=8.0) as page,
        page.browse() as browser,
    ):
        browser.told('state', lambda s: s['nodes'][0]['state'] == 'active')
        robot.executor.remove_node(robot.node)
        robot.node.close()
        answer = page.http.post('/api/query', data={'text': 'red'})
        assert answer.status_code == 503 and 'xsense_ros' in answer.json()['cure']
        browser.told('state', lambda s: s['nodes'][0]['state'] == 'missing')
        values = {'bundles': [str(bundle)], 'gallery': ':memory:', 'diagnostics_period': 0.1}
        robot.node = RetrievalNode(
            context=robot.context, namespace=robot.namespace,
            parameter_overrides=[Parameter(name, value=v) for name, v in values.items()],
        )  # fmt: skip
        robot.executor.add_node(robot.node)
        robot.node.autostart()
        browser.told('state', lambda s: s['nodes'][0]['state'] == 'active')

        def asked() -> Any:
            return page.http.post('/api/query', data={'text': 'red'})

        eventually(lambda: asked().status_code == 200)
        enrolled = page.http.post('/api/items', data={'label': 'red', 'texts': 'red'})
        assert enrolled.status_code == 201, enrolled.text
        assert page.http.get('/api/items').json()['total'] == 1

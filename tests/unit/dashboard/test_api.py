# SPDX-License-Identifier: Apache-2.0
"""The page's requests: what reaches the robot, and what is refused with which status."""

from __future__ import annotations

import io
from urllib.parse import quote

import cv2
import numpy as np
import pytest
import soundfile
from starlette.testclient import TestClient

from tests.unit.dashboard.pages import KeepingRobot, picture_file, sound_file
from xsense_ros.dashboard.app import make_app
from xsense_ros.dashboard.hub import Hub
from xsense_ros.dashboard.robot import StoredView
from xsense_ros.dashboard.uploads import Limits

LIMITS = Limits(max_bytes=100_000, max_pixels=100_000, max_files=3)
PICTURE, SOUND = picture_file('.jpg'), sound_file()
HOSTILE_IDS = ('mug', 'a/b', '../../etc/passwd', 'ü \U0001f600', 'a/thumbnail', 'x?y#z')


@pytest.fixture
def robot() -> KeepingRobot:
    return KeepingRobot()


@pytest.fixture
def page(robot: KeepingRobot) -> TestClient:
    app = make_app(robot, Hub(), limits=LIMITS)
    return TestClient(app, base_url='http://localhost', raise_server_exceptions=False)


def address(item_id: str) -> str:
    return f'/api/items/{quote(item_id, safe="")}'


class TestQuery:
    @pytest.mark.parametrize('modality', ['image', 'sketch'])
    def test_a_picture(self, page: TestClient, robot: KeepingRobot, modality: str) -> None:
        files = {'file': ('../../evil.exe', PICTURE, 'text/html')}
        answer = page.post('/api/query', data={'modality': modality}, files=files)
        assert answer.status_code == 200 and answer.json()['senses'] == [modality]
        (sample,), *others = robot.asked[0]
        assert sample.value.startswith(b'\x89PNG') and others == [[], [], 0]

    def test_a_text_with_targets(self, page: TestClient, robot: KeepingRobot) -> None:
        data = {'modality': 'text', 'text': ' a  mug', 'targets': ['image', 'sound'], 'top_k': '3'}
        assert page.post('/api/query', data=data).status_code == 200
        (sample,), *others = robot.asked[0]
        assert (sample.value, others) == ('a mug', [[], ['image', 'sound'], 3])

    def test_several_senses_of_one_event(self, page: TestClient, robot: KeepingRobot) -> None:
        files = {'sound': SOUND, 'image': PICTURE}
        answer = page.post('/api/query', files=files, data={'text': 'a bell'})
        assert sorted(answer.json()['senses']) == ['image', 'sound', 'text']

    def test_what_is_sensed_now_alone_and_with_a_sample(
        self, page: TestClient, robot: KeepingRobot
    ) -> None:
        assert page.post('/api/query', data={'live': 'touch'}).json()['senses'] == ['touch']
        data = {'text': 'a bell', 'live': ['impact', 'touch']}
        answer = page.post('/api/query', data=data, files={'image': PICTURE})
        assert sorted(answer.json()['senses']) == ['image', 'impact', 'text', 'touch']
        assert robot.asked[1][1] == ['impact', 'touch']

    @pytest.mark.parametrize(
        ('data', 'files', 'twice'),
        [
            ({}, [('files', PICTURE), ('files', PICTURE)], 'image'),
            ({'text': ['a', 'b']}, [], 'text'),
            ({'live': ['touch', 'touch']}, [], 'touch'),
            ({'live': 'sound'}, [('sound', SOUND)], 'sound'),
        ],
    )
    def test_one_sense_is_asked_once(
        self, page: TestClient, robot: KeepingRobot, data: dict, files: list, twice: str
    ) -> None:
        answer = page.post('/api/query', data=data, files=files)
        assert answer.status_code == 400 and f'several of {twice}' in answer.json()['message']
        assert not robot.asked

    @pytest.mark.parametrize(
        ('data', 'files', 'status', 'what'),
        [
            ({'modality': 'text'}, {}, 400, 'sample'),
            ({'modality': 'smell'}, {'file': PICTURE}, 400, 'modality'),
            ({'modality': 'image'}, {'file': b'GIF89a' + bytes(99)}, 415, 'picture'),
            ({'modality': 'image'}, {'file': PICTURE[:-99]}, 400, 'picture'),
            ({'modality': 'sound'}, {'file': PICTURE}, 415, 'sound'),
            ({'text': 'mug', 'targets': 'smell'}, {}, 400, 'targets'),
            ({'text': 'mug', 'live': 'smell'}, {}, 400, 'live'),
            ({'text': 'mug', 'live': 'text'}, {}, 400, 'live'),
            ({'text': 'mug'}, {'live': PICTURE}, 400, 'live'),
            ({'live': 'touch'}, {'image': b'GIF89a' + bytes(99)}, 415, 'picture'),
            ({'text': 'mug', 'top_k': '-1'}, {}, 400, 'top_k'),
            ({'text': 'mug', 'top_k': '9' * 5000}, {}, 400, 'top_k'),
            ({'text': 'x' * 1001}, {}, 413, 'text'),
            ({'text': 'x' * 20_000}, {}, 400, 'form'),
            ({}, {f'image{n}': PICTURE for n in range(4)}, 400, 'form'),
            ({'modality': 'image'}, {'file': bytes(100_001)}, 413, 'length of the request'),
        ],
    )
    def test_what_cannot_be_asked(
        self, page: TestClient, robot: KeepingRobot, data: dict, files: dict, status: int,
        what: str,
    ) -> None:  # fmt: skip
        answer = page.post('/api/query', data=data, files=files)
        problem = answer.json()
        assert (answer.status_code, problem['what']) == (status, what)
        assert problem.keys() == {'what', 'value', 'expected', 'cure', 'message'}
        assert all(problem.values()) and not robot.asked

    def test_a_full_disk_is_named(
        self, page: TestClient, robot: KeepingRobot, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # Files beyond a limit of starlette's are kept on the disk for a moment.
        monkeypatch.setattr('tempfile.tempdir', '/no/such/folder')
        monkeypatch.setattr('starlette.formparsers.MultiPartParser.spool_max_size', 100)
        answer = page.post('/api/query', files={'image': PICTURE})
        assert answer.status_code == 503 and 'disk' in answer.json()['cure'] and not robot.asked

    def test_a_body_without_a_length_is_cut_off(self, page: TestClient) -> None:
        def endless():
            yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n'
            for _ in range(1000):
                yield bytes(1000)

        headers = {'Content-Type': 'multipart/form-data; boundary=x'}
        answer = page.post('/api/query', content=endless(), headers=headers)
        assert answer.status_code == 413 and 'upload.max_bytes' in answer.json()['cure']

    @pytest.mark.parametrize(
        ('kind', 'body', 'status'),
        [
            ('application/json', b'{}', 415),
            ('multipart/form-data', b'--x', 400),
            ('multipart/form-data; boundary=x', b'\0\xff' * 100, 400),
        ],
    )
    def test_what_is_no_form(self, page: TestClient, kind: str, body: bytes, status: int) -> None:
        answer = page.post('/api/query', content=body, headers={'Content-Type': kind})
        assert answer.status_code == status and answer.json()['cure']


class TestEnrol:
    def test_views_of_all_kinds(self, page: TestClient, robot: KeepingRobot) -> None:
        files = [('files', ('a', PICTURE)), ('files', ('b', SOUND)), ('files', ('c', PICTURE))]
        data = {
            'label': ' My\tmug ', 'modalities': ['', 'impact', 'sketch'], 'texts': ['cup', 'mug'],
            'live': ['image', 'touch'],
        }  # fmt: skip
        answer = page.post('/api/items', data=data, files=files)
        assert answer.status_code == 201 and answer.json()['version'] == 1
        label, item_id, samples, live = robot.asked[0]
        assert (label, item_id, live) == ('My mug', '', ['image', 'touch'])
        senses = [sample.modality for sample in samples]
        assert sorted(senses) == ['image', 'impact', 'sketch', 'text', 'text']

    def test_more_views_of_a_known_item_need_no_label(
        self, page: TestClient, robot: KeepingRobot
    ) -> None:
        data = {'item_id': 'a/b', 'live': 'image'}
        assert page.post('/api/items', data=data).status_code == 201
        assert robot.asked == [('', 'a/b', [], ['image'])]

    @pytest.mark.parametrize(
        'data', [{'label': 'mug'}, {'live': 'image'}, {'label': '\x00', 'live': 'image'},
                 {'label': 'mug', 'live': 'smell'}, {'label': 'x' * 257, 'live': 'image'}],
    )  # fmt: skip
    def test_what_cannot_be_remembered(
        self, page: TestClient, robot: KeepingRobot, data: dict
    ) -> None:
        assert page.post('/api/items', data=data).status_code in (400, 413)
        assert not robot.asked


class TestItems:
    @pytest.mark.parametrize('item_id', HOSTILE_IDS)
    def test_identifiers_may_hold_anything(
        self, page: TestClient, robot: KeepingRobot, item_id: str
    ) -> None:
        robot.views[item_id] = [StoredView('image', 'image/jpeg', PICTURE, PICTURE)]
        assert page.get(address(item_id) + '/thumbnail').status_code == 200
        assert page.get(address(item_id) + '/views/0').headers['Content-Type'] == 'image/png'
        assert page.patch(address(item_id), json={'label': 'new'}).json() == {'version': 2}
        assert robot.asked == [(item_id, 'new')]
        assert page.delete(address(item_id)).json() == {'version': 3}
        # Another operator was quicker.
        again = page.delete(address(item_id))
        assert again.status_code == 404 and again.json()['cure'] == 'list them'

    def test_a_list_in_parts(self, page: TestClient) -> None:
        listed = page.get('/api/items', params={'offset': 3, 'limit': 7, 'contains': '%_ü'})
        assert listed.json()['asked'] == [3, 7, '%_ü']
        for wrong in ({'limit': 201}, {'offset': -1}, {'limit': 'x'}, {'offset': 2**32}):
            assert page.get('/api/items', params=wrong).status_code == 400

    def test_kept_samples_are_encoded_again(self, page: TestClient, robot: KeepingRobot) -> None:
        hidden = PICTURE + b'<script>alert(1)</script>'
        large = picture_file('.jpg', rows=240, columns=320)
        robot.views['mug'] = [
            StoredView('image', 'image/jpeg', hidden, large),
            StoredView('sound', 'audio/flac', sound_file('FLAC'), b''),
            StoredView('text', 'text/plain', b'<b>mug</b>', b''),
            StoredView('touch', '', b'', b''),
            StoredView('image', 'image/png', b'\x89PNG broken', b''),
        ]
        views = [page.get(f'/api/items/mug/views/{number}') for number in range(5)]
        assert [view.status_code for view in views] == [200, 200, 200, 404, 415]
        assert b'script' not in views[0].content and views[0].content.startswith(b'\x89PNG')
        sound, rate = soundfile.read(io.BytesIO(views[1].content))
        assert views[1].headers['Content-Type'] == 'audio/wav' and (rate, len(sound)) == (
            8000,
            2000,
        )
        assert views[2].headers['Content-Type'].startswith('text/plain')
        assert all(view.headers['X-Content-Type-Options'] == 'nosniff' for view in views)
        small = page.get('/api/items/mug/thumbnail?v=4')
        assert 'max-age' in small.headers['Cache-Control']
        assert cv2.imdecode(np.frombuffer(small.content, np.uint8), 1).shape == (120, 160, 3)

    def test_no_picture_is_told(self, page: TestClient, robot: KeepingRobot) -> None:
        robot.views['mug'] = [StoredView('text', 'text/plain', b'mug', b'')]
        assert page.get('/api/items/mug/thumbnail').status_code == 404

    @pytest.mark.parametrize(
        'body', [b'', b'[]', b'{"label": 7}', b'nonsense', b'[' * 16_000, b'x' * 20_000]
    )
    def test_names_that_are_none(self, page: TestClient, robot: KeepingRobot, body: bytes) -> None:
        robot.views['mug'] = []
        assert page.patch('/api/items/mug', content=body).status_code in (400, 413)
        assert not robot.asked

    def test_undo(self, page: TestClient) -> None:
        assert page.post('/api/undo').json()['version'] == 0
        assert page.post('/api/undo', json={'gallery_version': 7}).json()['version'] == 7
        for wrong in (-1, 1.5, '7x', True, None, 2**64):
            body = {'gallery_version': wrong}
            assert page.post('/api/undo', json=body).status_code == 400

    def test_what_is_not_served(self, page: TestClient) -> None:
        for method, path, status in (
            ('GET', '/nowhere', 404), ('PUT', '/api/items', 405), ('GET', '/api/query', 405),
            ('DELETE', '/api/items/', 404), ('GET', '/static/../app.py', 404),
            ('GET', '/static/%2e%2e/app.py', 404),
        ):  # fmt: skip
            answer = page.request(method, path)
            assert answer.status_code == status, path
            assert answer.json()['what'] in ('request', 'item_id')

    def test_a_bug_is_told_and_not_how_the_code_looks(
        self, page: TestClient, robot: KeepingRobot
    ) -> None:
        robot.views['mug'] = []
        answer = page.get('/api/items/mug/views/0')
        assert answer.status_code == 500 and 'Traceback' not in answer.text
        assert 'IndexError' in answer.json()['message']

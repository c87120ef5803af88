# SPDX-License-Identifier: Apache-2.0
"""The URL of a fleet's gallery says everything, and never a secret."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from xsense_ros.errors import InputError
from xsense_ros.gallery.remote.address import OPTIONS, TOKEN_VARIABLE, parse_address

ROOT = Path(__file__).parents[3]


def test_everything_has_a_place(monkeypatch):
    monkeypatch.setenv('MY_KEY', 'user:secret')
    address = parse_address(
        'milvus://fleet.local:1234/kitchen?robot=tiago-1&see=tiago-2,own&cache=/tmp/r.db&tls=1'
        '&samples=0&database=robots&token_env=MY_KEY&period=0.5&timeout=2'
    )
    assert address.uri == 'https://fleet.local:1234'
    assert address.collection == 'kitchen'
    assert (address.robot, address.database, address.samples) == ('tiago-1', 'robots', False)
    assert address.cache == Path('/tmp/r.db')
    assert (address.period, address.timeout) == (0.5, 2.0)
    assert address.token == 'user:secret'
    assert [address.sees(name) for name in ('tiago-1', 'tiago-2', 'tiago-3')] == [
        True,
        True,
        False,
    ]
    assert 'secret' not in repr(address) + address.shown


def test_defaults(monkeypatch, tmp_path):
    monkeypatch.setenv('XDG_DATA_HOME', str(tmp_path))
    monkeypatch.delenv('XSENSE_MILVUS_TOKEN', raising=False)
    address = parse_address('milvus://fleet.local?robot=a')
    assert (address.uri, address.collection) == ('http://fleet.local:19530', 'xsense')
    assert address.sees('anybody') and address.samples and not address.lite
    assert address.token == ''
    # Two galleries or robots of a machine never share a replica.
    others = (
        'milvus://fleet.local?robot=b',
        'milvus://fleet.local/k?robot=a',
        'milvus://f?robot=a',
    )
    assert len({address.cache, *(parse_address(url).cache for url in others)}) == 4
    assert address.cache.parent == tmp_path / 'xsense' / 'fleet'
    own = parse_address('milvus://h/c?robot=a&see=own')
    assert own.sees('a') and not own.sees('b')


def test_a_file_and_an_address_of_six_bytes():
    file = parse_address('milvus-lite:///var/lib/my%20fleet.db?robot=a&collection=c')
    assert (file.uri, file.lite, file.collection) == ('/var/lib/my fleet.db', True, 'c')
    assert parse_address('milvus://[::1]:19/c?robot=a').uri == 'http://[::1]:19'


@pytest.mark.parametrize(
    ('url', 'named'),
    [
        ('http://host/c?robot=a', 'scheme'),
        ('milvus:///c?robot=a', 'server'),
        ('milvus://host:99999/c?robot=a', 'server'),
        ('milvus://host/a/b?robot=a', 'collection'),
        ('milvus://host/c-d?robot=a', 'collection'),
        ('milvus://host/c?robot=a b', 'robot'),
        ('milvus://host/c?robot=../x', 'robot'),
        ('milvus://host/c?robot=a&robot=b', 'option'),
        ('milvus://host/c?robot=', 'option'),
        ('milvus://host/c?robot=a&see=x"y', 'see'),
        ('milvus://host/c?robot=a&tls=maybe', 'tls'),
        ('milvus://host/c?robot=a&period=often', 'period'),
        ('milvus://host/c?robot=a&timeout=0', 'timeout'),
        ('milvus-lite://host/file.db?robot=a', 'URL'),
        ('milvus-lite://?robot=a', 'URL'),
    ],
)
def test_each_part_is_named_when_it_is_wrong(url, named):
    with pytest.raises(InputError, match=named) as error:
        parse_address(url)
    assert error.value.cure


@pytest.mark.parametrize(
    'url', ['milvus://root:hunter2@host/c?robot=a', 'milvus://host/c?robot=a&token=hunter2']
)
def test_a_secret_is_refused_and_not_repeated(url):
    with pytest.raises(InputError, match='XSENSE_MILVUS_TOKEN') as error:
        parse_address(url)
    assert 'hunter2' not in str(error.value)


def test_the_page_tells_all_options_and_their_defaults(monkeypatch):
    page = (ROOT / 'docs' / 'fleet.md').read_text(encoding='utf-8')
    rows = re.findall(r'^\| `([a-z_]+)` \| (?:`([^`]*)`)?', page, re.M)
    told = dict(rows)
    assert set(told) == set(OPTIONS)
    given = [f'{name}={told[name]}' for name in ('see', 'samples', 'period', 'timeout', 'tls')]
    said = parse_address(f'milvus://h/{told["collection"]}?robot=a&{"&".join(given)}')
    assert said == parse_address('milvus://h?robot=a')
    assert told['token_env'] == TOKEN_VARIABLE


def test_the_server_of_the_page_listens_where_a_url_points():
    text = (ROOT / 'docker' / 'milvus.compose.yaml').read_text(encoding='utf-8')
    service = yaml.safe_load(text)['services']['milvus']
    port = parse_address('milvus://h?robot=a').uri.rpartition(':')[2]
    assert f'{port}:{port}' in service['ports']
    assert service['environment']['COMMON_SECURITY_AUTHORIZATIONENABLED'] == 'true'

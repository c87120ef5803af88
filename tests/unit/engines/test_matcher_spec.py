# SPDX-License-Identifier: Apache-2.0
"""The matchers of a manifest: one test per way of being broken."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.toy import toy_bundle
from tests.toy_matcher import PAIR, toy_matcher_bundle
from xsense_ros.engines.bundle import Bundle
from xsense_ros.engines.manifest import Manifest
from xsense_ros.errors import BundleError

MODELS = Path(__file__).parents[3] / 'models'


@pytest.fixture(scope='module')
def whole(tmp_path_factory) -> Path:
    return toy_matcher_bundle(tmp_path_factory.mktemp('bundles') / 'toy').path


@pytest.fixture
def folder(whole, tmp_path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / 'toy'))


def refused(folder, change, *words):
    path = folder / 'manifest.json'
    content = json.loads(path.read_text())
    change(content, content['matchers'].get(PAIR))
    path.write_text(json.dumps(content))
    with pytest.raises(BundleError) as caught:
        Bundle.open(folder, verify=False)
    for word in (*words, 'Cure:'):
        assert word in str(caught.value)


def test_a_bundle_without_spaces_is_whole(whole):
    manifest = Bundle.open(whole).manifest
    assert manifest.spaces == {}
    assert manifest.matchers[PAIR].template.stages == ('template',)
    assert Manifest.from_json(manifest.to_json()) == manifest


@pytest.mark.parametrize(
    'path', sorted(MODELS.glob('*/manifest.json')), ids=lambda p: p.parent.name
)
def test_shipped_manifests_are_written_as_they_are(path):
    text = path.read_text(encoding='utf-8')
    assert Manifest.from_json(text).to_json() == text


def test_a_manifest_without_matchers_does_not_speak_of_them(tmp_path):
    text = (toy_bundle(tmp_path / 'toy').path / 'manifest.json').read_text()
    assert 'matchers' not in text


@pytest.mark.parametrize(
    ('change', 'words'),
    [
        (lambda m, s: m['matchers'].update({'infrared': s}), ["'infrared'", 'TEMPLATE->SEARCH']),
        (lambda m, s: m['matchers'].update({'->x': s}), ["'->x'"]),
        (lambda m, s: m.update(matchers=[]), ['manifest.matchers', 'object']),
        (lambda m, s: s.pop('window'), [f'{PAIR}.window', 'missing']),
        (lambda m, s: s.update(window=0.5), [f'{PAIR}.window', '0.5']),
        (lambda m, s: s.update(widow=3), ['widow']),
        (
            lambda m, s: s['presence'].update(slope=-1),
            [f'{PAIR}.presence.slope', 'higher presence'],
        ),
        (lambda m, s: s['presence'].update(min_probability=2), ['presence.min_probability']),
        (lambda m, s: s['presence'].update(margin=0), ['presence.margin']),
        (lambda m, s: s.update(presence=None), [f'{PAIR}.presence', 'object']),
        (lambda m, s: s['template'].update(stages=['tmpl']), [f'{PAIR}.template.stages', 'tmpl']),
        (lambda m, s: s['search'].update(stages=[]), [f'{PAIR}.search.stages']),
        (
            lambda m, s: s['search'].update(stages=['search', 'search']),
            [f'{PAIR}.search.stages', 'exactly one model'],
        ),
        (lambda m, s: s['search'].update(preprocess='x'), [f'{PAIR}.search.preprocess', "'x'"]),
        (
            lambda m, s: s['search'].update(preprocess='template'),
            [f'{PAIR}.search.preprocess', "named 'search'"],
        ),
        (
            lambda m, s: m['preprocess']['template']['parameters'].update(size=32),
            [f'{PAIR}.template.stages', '(1, 3, 32, 32)', '(1, 3, 64, 64)'],
        ),
        (
            lambda m, s: m['preprocess']['search'].update(parameters={'size': 128}),
            [f'{PAIR}.search.stages', '(1, 3, 128, 128)'],
        ),
        (
            lambda m, s: m['models']['template']['outputs'][0].update(name='kept_9'),
            [f'{PAIR}.search.stages', 'kept_9', 'kept_0'],
        ),
        (
            lambda m, s: m['models']['template']['outputs'][0].update(shape=[1, 1, 8, 8]),
            [f'{PAIR}.search.stages', '(1, 1, 8, 8)'],
        ),
        (
            lambda m, s: m['models']['search']['outputs'][0].update(shape=[1, 2400, 2]),
            [f'{PAIR}.search.stages', '2400', 'N a square'],
        ),
        (
            lambda m, s: m['models']['search']['outputs'][1].update(shape=[1, 100, 4]),
            [f'{PAIR}.search.stages', '(1, 100, 4)'],
        ),
        (
            lambda m, s: m['models']['search']['outputs'][2].update(shape=[1, 1]),
            ['presence (1, 1)'],
        ),
        (lambda m, s: m['models']['search']['outputs'].pop(0), ['boxes (1, ']),
        (
            lambda m, s: m['models']['search']['inputs'][0].update(name='frame'),
            [f'{PAIR}.search.stages', 'no tensor'],
        ),
    ],
)
def test_what_is_broken_is_named(folder, change, words):
    refused(folder, change, *words)


def test_any_single_damaged_field_is_named(folder):
    path = folder / 'manifest.json'
    text = path.read_text()

    def leaves(value, where=()):
        if isinstance(value, dict) and value:
            for key, inner in value.items():
                yield from leaves(inner, (*where, key))
        else:
            yield where

    for where in list(leaves(json.loads(text)['matchers'])):
        path.write_text(text)

        def damage(manifest, _, where=where):
            inner = manifest['matchers']
            for key in where[:-1]:
                inner = inner[key]
            inner[where[-1]] = [{'junk': 1}]

        refused(folder, damage, f'manifest.matchers.{".".join(where)}')

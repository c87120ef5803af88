# SPDX-License-Identifier: Apache-2.0
"""Opening a bundle: one test per way of being broken."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.toy import SPACE, toy_bundle
from xsense_ros.engines.bundle import Bundle, find_bundle
from xsense_ros.engines.manifest import Manifest, space_fingerprint
from xsense_ros.errors import BundleError

ZEROS = '0' * 64


@pytest.fixture(scope='module')
def whole(tmp_path_factory) -> Path:
    return toy_bundle(tmp_path_factory.mktemp('bundles') / 'toy').path


@pytest.fixture
def folder(whole, tmp_path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / 'toy'))


def edit(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    path = folder / 'manifest.json'
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def refused(folder: Path, *words: str, verify: bool = True) -> BundleError:
    with pytest.raises(BundleError) as caught:
        Bundle.open(folder, verify=verify)
    for word in (*words, 'Cure:'):
        assert word in str(caught.value)
    return caught.value


def test_whole_bundle_opens_and_states_its_contents(whole):
    bundle = Bundle.open(whole)
    assert set(bundle.manifest.spaces[SPACE].towers) == {'image', 'sound', 'text'}
    assert bundle.model_path('image_trunk').is_file()
    assert set(bundle.preprocessors) == {'image', 'sound', 'text'}


def test_manifest_survives_a_round_trip(whole):
    manifest = Bundle.open(whole).manifest
    assert Manifest.from_json(manifest.to_json()) == manifest


def test_truncated_model(folder):
    path = folder / 'sound_0.onnx'
    path.write_bytes(path.read_bytes()[:-10])
    refused(folder, 'manifest.models.sound_0.sha256', 'changed or cut')
    Bundle.open(folder, verify=False)


def test_truncated_asset(folder):
    path = folder / 'tokenizer.json'
    path.write_bytes(path.read_bytes() + b' ')
    refused(folder, 'manifest.assets.tokenizer.json')


def test_swapped_models(folder):
    one, other = folder / 'sound_0.onnx', folder / 'text_0.onnx'
    content = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(content)
    refused(folder, 'sha256', 'manifest.models.')


def test_missing_model(folder):
    (folder / 'text_0.onnx').unlink()
    refused(folder, 'manifest.models.text_0.sha256', 'No such file')


def test_no_onnx_file_behind_a_right_hash(folder):
    (folder / 'sound_0.onnx').write_bytes(b'not a model')
    digest = hashlib.sha256(b'not a model').hexdigest()
    edit(folder, lambda m: m['models']['sound_0'].update(sha256=digest))
    fix_fingerprint(folder)
    refused(folder, 'sound_0.onnx', 'an ONNX model')


def test_models_swapped_in_the_manifest(folder):
    def change(manifest):
        models = manifest['models']
        for key in ('file', 'sha256'):
            one, other = models['sound_0'][key], models['text_0'][key]
            models['sound_0'][key], models['text_0'][key] = other, one

    edit(folder, change)
    fix_fingerprint(folder)
    refused(folder, 'manifest.models.sound_0.inputs', 'log_mel', 'ids')


@pytest.mark.parametrize(
    ('field', 'value', 'word'),
    [
        ('name', 'picture', 'inputs'),
        ('dtype', 'float16', 'inputs.image.dtype'),
        ('shape', ['batch', 3, 64, 64], 'inputs.image.shape'),
        ('shape', [1, 3, 32, 32], 'inputs.image.shape'),
        ('shape', ['batch', 3, 32], 'inputs.image.shape'),
    ],
)
def test_tensor_that_the_model_does_not_have(folder, field, value, word):
    edit(folder, lambda m: m['models']['image_trunk']['inputs'][0].update({field: value}))
    refused(folder, 'image_trunk', word)


@pytest.mark.parametrize(
    'key', ['schema_version', 'name', 'version', 'licence', 'models', 'assets', 'spaces']
)
def test_missing_key(folder, key):
    edit(folder, lambda m: m.pop(key))
    refused(folder, f'manifest.{key}', 'missing', verify=False)


def test_missing_inner_key(folder):
    edit(folder, lambda m: m['models']['text_0'].pop('outputs'))
    refused(folder, 'manifest.models.text_0.outputs', 'missing')


def test_misspelt_key(folder):
    edit(folder, lambda m: m['spaces'][SPACE].update(dimenson=3))
    refused(folder, f'manifest.spaces.{SPACE}.dimenson')


def test_wrong_dimension(folder):
    edit(folder, lambda m: m['spaces'][SPACE].update(dimension=17))
    fix_fingerprint(folder)
    refused(folder, 'float32 (1, 17)', '16')


def test_stages_that_do_not_fit(folder):
    edit(
        folder,
        lambda m: m['spaces'][SPACE]['towers']['image'].update(
            stages=['image_trunk', 'image_trunk']
        ),
    )
    fix_fingerprint(folder)
    refused(folder, 'towers.image.stages', '48')


def test_unknown_stage(folder):
    edit(folder, lambda m: m['spaces'][SPACE]['towers']['text'].update(stages=['txet']))
    refused(folder, 'towers.text.stages', 'txet', 'text_0')


def test_unknown_preprocess_key(folder):
    edit(folder, lambda m: m['spaces'][SPACE]['towers']['text'].update(preprocess='txet'))
    refused(folder, 'towers.text.preprocess', 'txet')


def test_unknown_preprocess_name(folder):
    edit(folder, lambda m: m['preprocess']['text'].update(name='smell'))
    fix_fingerprint(folder)
    refused(folder, 'preprocess name', 'smell', verify=False)


def test_unknown_preprocess_parameter(folder):
    edit(folder, lambda m: m['preprocess']['image']['parameters'].update(sise=3))
    fix_fingerprint(folder)
    refused(folder, 'sise')


def test_edited_preprocessing_changes_the_fingerprint(folder):
    edit(folder, lambda m: m['preprocess']['image']['parameters'].update(mean=[0.4, 0.4, 0.4]))
    refused(folder, f'manifest.spaces.{SPACE}.fingerprint', 'recomputed', verify=False)


def test_edited_fingerprint(folder):
    edit(folder, lambda m: m['spaces'][SPACE].update(fingerprint=ZEROS))
    refused(folder, 'fingerprint', ZEROS)


def test_fingerprint_covers_the_tokenizer(whole):
    manifest = Bundle.open(whole).manifest
    changed = Manifest.from_json(
        manifest.to_json().replace(manifest.assets['tokenizer.json'], ZEROS)
    )
    assert space_fingerprint(changed, SPACE) != space_fingerprint(manifest, SPACE)


@pytest.mark.parametrize('pair', ['sound->touch', 'sound', 'a->b->c', '->'])
def test_calibration_of_modalities_outside_the_space(folder, pair):
    edit(
        folder,
        lambda m: m['spaces'][SPACE]['calibration'].update(
            {pair: m['spaces'][SPACE]['calibration']['sound->image']}
        ),
    )
    refused(folder, 'calibration', repr(pair))


@pytest.mark.parametrize(
    ('field', 'value'),
    [('slope', 0), ('slope', 'steep'), ('min_probability', 1.1), ('intercept', None)],
)
def test_calibration_that_makes_no_sense(folder, field, value):
    edit(
        folder,
        lambda m: m['spaces'][SPACE]['calibration']['sound->image'].update({field: value}),
    )
    refused(folder, f'sound->image.{field}', repr(value))


@pytest.mark.parametrize(
    'file',
    ['/etc/passwd', '../../x.onnx', 'a/../../x.onnx', '..', '', 'a\\b.onnx', 7, '../a/../x.onnx'],
)
def test_path_that_escapes(folder, file):
    edit(folder, lambda m: m['models']['text_0'].update(file=file))
    refused(folder, 'manifest.models.text_0.file', "'../'", verify=False)


def test_asset_path_that_escapes(folder):
    edit(folder, lambda m: m['assets'].update({'../../x': ZEROS}))
    refused(folder, 'manifest.assets', '../../x', verify=False)


def test_tokenizer_without_a_hash(folder):
    edit(folder, lambda m: m['assets'].clear())
    fix_fingerprint(folder)
    refused(folder, 'manifest.preprocess.text.parameters.tokenizer', 'manifest.assets')


def test_trunk_may_be_shared_beside_the_bundle(folder):
    trunks = folder.parent / 'trunks'
    trunks.mkdir()
    (folder / 'image_trunk.onnx').rename(trunks / 'small.onnx')
    edit(folder, lambda m: m['models']['image_trunk'].update(file='../trunks/small.onnx'))
    Bundle.open(folder)
    link = folder.parent / 'elsewhere' / 'toy'
    link.parent.mkdir()
    link.symlink_to(folder)
    Bundle.open(link)


@pytest.mark.parametrize(
    'text', ['', '{', '[]', '"x"', 'null', '\x00\xff', '{"a": NaN}', '[' * 9999]
)
def test_not_a_json_object(folder, text):
    (folder / 'manifest.json').write_bytes(text.encode('latin-1'))
    refused(folder, 'manifest', 'JSON')


@pytest.mark.parametrize('version', [2, 0, '1', None, True, 1.5])
def test_unknown_schema_version(folder, version):
    edit(folder, lambda m: m.update(schema_version=version))
    refused(folder, 'manifest.schema_version', repr(version))


def test_no_manifest(tmp_path):
    refused(tmp_path, 'manifest.json', str(tmp_path))


def test_any_single_damaged_field_is_named(folder):
    """Whatever scalar of the manifest turns into a list of junk is refused, never accepted."""
    path = folder / 'manifest.json'
    whole = json.loads(path.read_text())
    del whole['evaluation']['note']
    for where in list(leaves(whole)):
        content = json.loads(json.dumps(whole))
        inner = content
        for key in where[:-1]:
            inner = inner[key]
        inner[where[-1]] = [{'junk': 1}]
        path.write_text(json.dumps(content))
        refused(folder, verify=False)


def test_find_bundle(folder, monkeypatch, tmp_path):
    assert find_bundle(folder) == folder
    monkeypatch.setenv('XSENSE_BUNDLE_PATH', f'/nowhere:{folder.parent}')
    assert find_bundle('toy') == folder
    with pytest.raises(BundleError, match='toy'):
        find_bundle('toi')
    monkeypatch.delenv('XSENSE_BUNDLE_PATH')
    installed = tmp_path / 'prefix' / 'share' / 'xsense_ros' / 'models' / 'installed'
    shutil.copytree(folder, installed)
    monkeypatch.setenv('AMENT_PREFIX_PATH', str(tmp_path / 'prefix'))
    assert find_bundle('installed') == installed


def fix_fingerprint(folder: Path) -> None:
    """Make the fingerprints agree with an edited manifest, so that the other checks are met."""
    path = folder / 'manifest.json'
    manifest = Manifest.from_json(path.read_text())
    edit(
        folder,
        lambda m: [
            space.update(fingerprint=space_fingerprint(manifest, name))
            for name, space in m['spaces'].items()
        ],
    )


def leaves(value: Any, where: tuple[Any, ...] = ()):
    if isinstance(value, dict | list) and value:
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in pairs:
            yield from leaves(inner, (*where, key))
    elif where[0] != 'evaluation':
        yield where

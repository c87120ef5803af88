# SPDX-License-Identifier: Apache-2.0
"""Checks that need no running node: Python, ROS, messages, inference, models, gallery, disks."""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import re
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from xsense_ros.doctor import disk, remembered
from xsense_ros.doctor.finding import Finding, Level, Outcome, from_message
from xsense_ros.engines.bundle import Bundle, bundle_folders, find_bundle
from xsense_ros.engines.cache import cache_folder
from xsense_ros.engines.cuda import gpu_at_hand
from xsense_ros.engines.manifest import Manifest
from xsense_ros.engines.tensorrt_vendor import INSTALL, load_vendor
from xsense_ros.errors import BundleError, XsenseError
from xsense_ros.gallery.opening import is_url
from xsense_ros.names import BUNDLES, MATCHER_BUNDLE
from xsense_ros.resources import share_folders

_OLDEST, _BEYOND = (3, 10), (3, 14)
_BUILD = 'build and install the package again (`colcon build`, `make demo`, or `pip install .`)'
_SOURCE = 'source the workspace (`. install/setup.bash`), or run `make demo` once and use .venv'
_FIELD = re.compile(r'^\s*[A-Za-z][\w/]*(?:\[[^\]]*\])?(?:<=\d+)?\s+(?P<name>[a-z]\w*)')


def check_python(version: tuple[int, int] = sys.version_info[:2]) -> Outcome:
    """Is this a Python that the package is made for?"""
    told = '.'.join(map(str, version))
    if _OLDEST <= version < _BEYOND:
        return Outcome(f'Python {told}')
    cure = 'use the Python of your ROS 2 (3.12 for Jazzy on Ubuntu 24.04)'
    return Outcome('', [Finding(Level.WARNING, 'Python', told, '3.10 to 3.13', cure)])


def check_ros(load: Callable[[str], Any] = importlib.import_module) -> Outcome:
    """Can rclpy be imported, and why not?"""
    try:
        load('rclpy')
    except ImportError as error:
        return Outcome('', [_no_rclpy(str(error))])
    distribution = os.environ.get('ROS_DISTRO', '') or 'jazzy, as wheels'
    return Outcome(f'rclpy ({distribution})')


def check_messages(load: Callable[[str], Any] = importlib.import_module) -> Outcome:
    """Are the messages those of the definitions beside this code?"""
    findings, count = [], 0
    for kind in ('msg', 'srv'):
        try:
            module = load(f'xsense_ros.{kind}')
        except ImportError as error:
            seen = f'they cannot be imported: {error}'
            finding = Finding(Level.ERROR, 'messages', seen, 'xsense_ros.msg and .srv', _BUILD)
            return Outcome('', [finding])
        for file in sorted(share_folders()[0].glob(f'{kind}/*.{kind}')):
            count += 1
            findings += list(_definition(file, getattr(module, file.stem, None)))
    return Outcome('' if findings else f'{count} message definitions', findings)


def check_inference() -> Outcome:
    """ONNX Runtime, which runs everywhere, and TensorRT where there is a GPU."""
    try:
        version = importlib.metadata.version('onnxruntime')
        importlib.import_module('onnxruntime')
        told = [f'ONNX Runtime {version}']
    except ImportError as error:
        cure = 'pip install onnxruntime'
        seen = str(error)
        finding = Finding(Level.ERROR, 'ONNX Runtime', seen, 'the fallback backend', cure)
        return Outcome('', [finding])
    gpu = gpu_at_hand()
    tried = [_tensorrt(name) for name in INSTALL]
    if gpu is None:
        return Outcome(', '.join([*told, 'no GPU']))
    there = [version for version, _ in tried if version]
    missing = [from_message(Level.NOTE, f'GPU {gpu.name}', error) for _, error in tried if error]
    return Outcome(', '.join([*told, gpu.name, *there]), [] if there else missing[:1])


def check_bundles() -> Outcome:
    """Are all models whole? Every file is read and its SHA-256 compared."""
    folders = bundle_folders()
    found = {folder.name: _damage(partial(Bundle.open, folder)) for folder in folders}
    for name in {*BUNDLES, MATCHER_BUNDLE} - found.keys():
        found[name] = _damage(partial(find_bundle, name))
    damaged = {name: damage for name, damage in found.items() if damage}
    findings = [from_message(Level.ERROR, f'bundle {n}', text) for n, text in damaged.items()]
    good = len(found) - len(damaged)
    return Outcome(f'{good} bundles whole' if good else '', findings)


def check_gallery(name: str) -> Outcome:
    """A gallery file, against the bundles that the node loads by default.

    Args:
        name: of the file; the nodes say themselves what is wrong with another kind of gallery.
    """
    if not is_file(name):
        return Outcome()
    manifests = [m for bundle in BUNDLES if (m := _manifest(bundle)) is not None]
    fingerprints = {space: spec.fingerprint for m in manifests for space, spec in m.spaces.items()}
    return remembered.judge_file(Path(name), fingerprints)


def check_disks(gallery: str) -> Outcome:
    """Room for what will be remembered and for engines; said once where that is one disk."""
    folders = {'engine cache': cache_folder()}
    if is_file(gallery):
        folders = {'gallery': Path(gallery).parent} | folders
    outcomes = [disk.judge(what, folder) for what, folder in folders.items()]
    findings = [finding for outcome in outcomes for finding in outcome.findings]
    free = [number for folder in folders.values() if (number := disk.free_bytes(folder))]
    return Outcome(f'{min(free) / 1e9:.1f} GB free' if free and not findings else '', findings)


def examine_installation(gallery: str) -> dict[str, Outcome]:
    """All checks, by name.

    Args:
        gallery: as the parameter of the node names it.
    """
    return {
        'python': check_python(),
        'ros': check_ros(),
        'messages': check_messages(),
        'inference': check_inference(),
        'bundles': check_bundles(),
        'gallery file': check_gallery(gallery),
        'disk': check_disks(gallery),
    }


def is_file(gallery: str) -> bool:
    """Whether a gallery is a file, not memory and not one that a fleet shares."""
    return gallery != ':memory:' and not is_url(gallery)


def _tensorrt(name: str) -> tuple[str, str]:
    """Name and version of an installed TensorRT, or why there is none."""
    try:
        return f'{name} {load_vendor(name).version}', ''
    except XsenseError as error:
        return '', str(error)


def _damage(look: Callable[[], object]) -> str:
    """What is wrong with a bundle; '' for nothing."""
    try:
        look()
    except BundleError as error:
        return str(error)
    return ''


def _manifest(name: str) -> Manifest | None:
    """Of a bundle; None where it cannot be read, which check_bundles says."""
    try:
        return Bundle.open(find_bundle(name), verify=False).manifest
    except BundleError:
        return None


def _no_rclpy(error: str) -> Finding:
    seen, cure = f'rclpy cannot be imported: {error}', _SOURCE
    if '_rclpy_pybind11' in error or 'C extension' in error:
        cure = (
            "it was built for another Python, or its libraries are not found: use the ROS's own "
            'Python, and between two environments `unset _ROS_WHEELS_BOOTSTRAP_COMPLETE '
            'LD_LIBRARY_PATH`'
        )
    return Finding(Level.ERROR, 'ROS 2', seen, 'ROS 2 Jazzy, as a system or as wheels', cure)


def _definition(file: Path, made: Any) -> Iterator[Finding]:
    """Compare the fields of a definition with those of the class that was built of one."""
    subject = f'{file.suffix[1:]}/{file.stem}'
    if made is None:
        yield Finding(Level.ERROR, subject, 'it was not built', 'as in the source', _BUILD)
        return
    parts = [made] if file.suffix == '.msg' else [made.Request, made.Response]
    built = [set(part.get_fields_and_field_types()) for part in parts]
    written = [set(_fields(text)) for text in re.split(r'^---$', file.read_text(), flags=re.M)]
    if differing := sorted({name for a, b in zip(built, written, strict=True) for name in a ^ b}):
        yield Finding(
            Level.ERROR, subject, f'built without or with other fields: {", ".join(differing)}',
            f'the fields of {file}', _BUILD,
        )  # fmt: skip


def _fields(text: str) -> Iterator[str]:
    for line in text.splitlines():
        found = _FIELD.match(line)
        if found and '=' not in line.partition('#')[0].partition('<=')[0]:
            yield found['name']

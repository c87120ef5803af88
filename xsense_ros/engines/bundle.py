# SPDX-License-Identifier: Apache-2.0
"""A model bundle on disk: a folder with manifest.json, ONNX files and assets."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from xsense_ros.engines.manifest import Manifest, ModelSpec, space_fingerprint
from xsense_ros.engines.onnx import read_signature
from xsense_ros.engines.verify import check_consistency, check_files, check_references, file_sha256
from xsense_ros.errors import BundleError
from xsense_ros.resources import share_folders
from xsense_ros.senses.preprocessor import Preprocessor, build_preprocessor

MANIFEST = 'manifest.json'
SEARCH_PATH_VARIABLE = 'XSENSE_BUNDLE_PATH'


@dataclass(frozen=True)
class Bundle:
    """A bundle that has been read; ``path`` is its folder with symbolic links resolved.

    ``preprocessors`` holds one ready preprocessor per key of ``manifest.preprocess``.
    """

    path: Path
    manifest: Manifest
    preprocessors: Mapping[str, Preprocessor]

    @classmethod
    def open(cls, path: Path | str, *, verify: bool = True) -> Bundle:
        """Read a bundle and check it.

        The manifest is always checked against itself (fields, stages that fit, fingerprints,
        calibrations, known preprocessing). With ``verify`` the files are checked too: their
        hashes, and names, shapes and dtypes of each model's inputs and outputs.

        Raises:
            BundleError: names the bad field, its value, what was expected and the cure.
        """
        folder = Path(path).resolve()
        try:
            text = (folder / MANIFEST).read_bytes()
        except OSError as error:
            raise BundleError(
                'bundle',
                str(path),
                f'a folder with a readable {MANIFEST} ({error.strerror})',
                'give the path of an exported bundle',
            ) from None
        manifest = Manifest.from_json(text)
        check_consistency(manifest)
        if verify:
            check_files(manifest, folder)
        preprocessors = {
            key: build_preprocessor(spec.name, spec.parameters, folder)
            for key, spec in manifest.preprocess.items()
        }
        return cls(folder, manifest, preprocessors)

    def model_path(self, key: str) -> Path:
        """Path of the ONNX file of the model ``key``."""
        return self.path / self.manifest.models[key].file


def describe_model(folder: Path, file: str) -> ModelSpec:
    """The manifest's entry of an ONNX file, with its hash and tensors read from the file."""
    inputs, outputs = read_signature(folder / file)
    return ModelSpec(file, file_sha256(folder / file, file), inputs, outputs)


def write_bundle(folder: Path, manifest: Manifest) -> Bundle:
    """Write manifest.json beside files that are already in ``folder``, and open the result.

    Hashes of models and assets and the fingerprints of the spaces are computed here; what the
    given manifest says about them is ignored (empty strings will do).

    Raises:
        BundleError: a file is missing, or the bundle does not pass ``Bundle.open``.
    """
    models = {
        key: replace(model, sha256=file_sha256(folder / model.file, f'manifest.models.{key}'))
        for key, model in manifest.models.items()
    }
    assets = {
        file: file_sha256(folder / file, f'manifest.assets.{file}') for file in manifest.assets
    }
    hashed = replace(manifest, models=models, assets=assets)
    check_references(hashed)
    spaces = {
        name: replace(space, fingerprint=space_fingerprint(hashed, name))
        for name, space in hashed.spaces.items()
    }
    whole = folder / f'{MANIFEST}.part'
    whole.write_text(replace(hashed, spaces=spaces).to_json(), encoding='utf-8')
    # A reader sees the old manifest or the new one, never half of it.
    whole.replace(folder / MANIFEST)
    return Bundle.open(folder)


def find_bundle(name: Path | str) -> Path:
    """Folder of a bundle given by path or by name.

    A path that holds a manifest.json wins. Names are looked up in the folders of
    XSENSE_BUNDLE_PATH, then in models/ of the source checkout, then in share/xsense_ros/models of
    every ROS prefix (AMENT_PREFIX_PATH) and of the Python environment.

    Raises:
        BundleError: not found; names the bundles that are there.
    """
    if (Path(name) / MANIFEST).is_file():
        return Path(name)
    for root in bundle_roots():
        if (root / name / MANIFEST).is_file():
            return root / name
    present = sorted(folder.name for folder in bundle_folders())
    raise BundleError(
        'bundle',
        str(name),
        f'a folder with {MANIFEST}, or one of the bundles {present}',
        f'give its path, or add the folder that holds it to {SEARCH_PATH_VARIABLE}',
    )


def bundle_folders() -> list[Path]:
    """Folders of all bundles that can be named; of two with one name, that which is found."""
    folders: dict[str, Path] = {}
    for root in bundle_roots():
        for path in sorted(root.glob(f'*/{MANIFEST}')):
            folders.setdefault(path.parent.name, path.parent)
    return list(folders.values())


def bundle_roots() -> list[Path]:
    """Folders that bundles are looked up in, the first first."""
    named = [Path(root) for root in os.environ.get(SEARCH_PATH_VARIABLE, '').split(':') if root]
    return [*named, *(folder / 'models' for folder in share_folders())]

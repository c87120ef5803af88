# SPDX-License-Identifier: Apache-2.0
"""`xsense bundle`: which model bundles there are, what is in them, whether they are whole."""

from __future__ import annotations

import json

import click

from xsense_ros.commands.samples import HELP
from xsense_ros.errors import BundleError


@click.group(context_settings=HELP)
def command() -> None:
    """List, show and verify model bundles.

    \b
    Examples:
      xsense bundle list
      xsense bundle show image-sound-text
      xsense bundle verify path/to/bundle
    """


@command.command('list', context_settings=HELP)
def list_bundles() -> None:
    """List the bundles that are found by name."""
    from xsense_ros.engines.bundle import Bundle, bundle_folders

    for folder in bundle_folders():
        try:
            manifest = Bundle.open(folder, verify=False).manifest
        except BundleError as error:
            click.echo(f'{folder.name:<24} damaged: {error}')
            continue
        towers = sorted({name for space in manifest.spaces.values() for name in space.towers})
        contents = ', '.join([*towers, *manifest.matchers])
        click.echo(f'{folder.name:<24} {manifest.version:<10} {contents:<24} {folder}')


@command.command(context_settings=HELP)
@click.argument('name')
def show(name: str) -> None:
    """Show what a bundle, given by name or path, is made of."""
    from xsense_ros.engines.bundle import Bundle, find_bundle

    opened = Bundle.open(find_bundle(name), verify=False)
    manifest = opened.manifest
    click.echo(f'{manifest.name} {manifest.version}  ({manifest.licence})\n{manifest.description}')
    for key, model in manifest.models.items():
        size = opened.model_path(key).stat().st_size / 1e6
        also = f'  also {", ".join(model.variants)}' if model.variants else ''
        click.echo(f'model  {key:<24} {size:6.1f} MB  sha256 {model.sha256[:12]}{also}')
    for key, spec in manifest.preprocess.items():
        click.echo(f'input  {key:<24} {spec.name} {json.dumps(dict(spec.parameters))}')
    for key, space in manifest.spaces.items():
        click.echo(f'space  {key}: {space.dimension} dimensions, {space.fingerprint[:12]}')
        for modality, tower in space.towers.items():
            click.echo(f'         {modality:<8} {" -> ".join(tower.stages)}')
        for pair, calibration in space.calibration.items():
            click.echo(
                f'accept {pair:<24} probability {calibration.min_probability:.3f}, '
                f'margin {calibration.min_margin:.3f}'
            )
    for key, matcher in manifest.matchers.items():
        click.echo(f'match  {key}: searches {matcher.window:g} times the side of the template')
        for side, tower in (('template', matcher.template), ('search', matcher.search)):
            click.echo(f'         {side:<8} {" -> ".join(tower.stages)}')
        click.echo(f'accept {key:<24} probability {matcher.presence.min_probability:.3f}')


@command.command(context_settings=HELP)
@click.argument('names', nargs=-1, required=True)
def verify(names: tuple[str, ...]) -> None:
    """Check hashes, shapes and fingerprints of bundles, given by name or path."""
    from xsense_ros.engines.bundle import Bundle, find_bundle

    for name in names:
        manifest = Bundle.open(find_bundle(name)).manifest
        click.echo(f'{manifest.name} {manifest.version}: {len(manifest.models)} models, all whole')

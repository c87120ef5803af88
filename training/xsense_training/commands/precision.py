# SPDX-License-Identifier: Apache-2.0
"""`xsense-train precision`: the models of a bundle in fp16 or int8, if that does no harm."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument('bundle', required=False)
@click.option(
    '--to',
    'precision',
    type=click.Choice(['fp16', 'int8']),
    help='fp16: for GPUs. int8: one file for TensorRT and one for processors.',
)
@click.option(
    '--keep',
    multiple=True,
    metavar='MODEL',
    help='A model that stays in fp32; may be repeated.',
)
@click.option(
    '--float-first',
    default=8,
    show_default=True,
    type=click.IntRange(min=0),
    help='int8: so many of the first convolutions or products of each model stay in float. '
    'Fewer are faster, and drift further.',
)
@click.option(
    '--models',
    type=click.Path(file_okay=False, path_type=Path),
    default=Path('models'),
    show_default=True,
    help='Folder of bundles to write to; a bundle from elsewhere is copied there.',
)
@click.option(
    '--root',
    type=click.Path(path_type=Path),
    help='Data root [$XSENSE_DATA, ~/.cache/xsense/data].',
)
@click.option(
    '--samples',
    default=240,
    show_default=True,
    type=click.IntRange(min=20),
    help='Held-out samples of each modality to judge with.',
)
@click.option(
    '--report',
    type=click.Path(dir_okay=False, path_type=Path),
    help='JSON file to add what was measured to, refused or not, with times on this machine.',
)
@click.option(
    '--into',
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help='Renew the table of the --report between the results markers of this file.',
)
def command(
    bundle: str | None,
    precision: str | None,
    keep: tuple[str, ...],
    float_first: int,
    models: Path,
    root: Path | None,
    samples: int,
    report: Path | None,
    into: Path | None,
) -> None:
    """Add fp16 or int8 files to a BUNDLE, given by name or path, and measure what that changes.

    Vectors and retrieval (of a matcher: boxes and right answers) are compared with those of fp32
    on real samples that the towers never saw. Where they differ too much nothing is written, and
    the message says of what. The robot then runs the files as backend:=tensorrt:fp16,onnxruntime
    or backend:=onnxruntime:int8, say; galleries that were made in fp32 stay valid.

    \b
    Examples:
      xsense-train precision sketch-photo --to fp16 --models ~/models
      xsense-train precision touch-vision-sound --to int8 --keep touch --models ~/models
      xsense-train precision --report docs/precision.json --into docs/precision.md
    """
    from xsense_ros.engines.bundle import Bundle, find_bundle
    from xsense_training.evaluate.report import write_section
    from xsense_training.export.precision_report import SECTION, read_rows, table
    from xsense_training.recipes.precision import add_to_bundle

    if (bundle is None) != (precision is None) or (bundle is None and into is None):
        raise click.UsageError(
            'give a BUNDLE and --to, or --report and --into for the table alone'
        )
    if into is not None and report is None:
        raise click.UsageError('--into draws what --report holds: give both')
    if bundle is not None and precision is not None:
        made = add_to_bundle(
            Bundle.open(find_bundle(bundle)),
            precision,
            models,
            keep=keep,
            float_first=float_first,
            root=root,
            count=samples,
            report=report,
            say=click.echo,
        )
        click.echo(f'bundle: {made.path}')
    if into is not None and report is not None:
        write_section(into, SECTION, table(read_rows(report)))
        click.echo(f'table: {into}')

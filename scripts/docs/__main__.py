# SPDX-License-Identifier: Apache-2.0
"""`python -m scripts.docs`: write the generated pages, tables, picture and policy again."""

from __future__ import annotations

import sys

import click

from scripts.docs.generated import ROOT, files, sections, stale


@click.command()
@click.option('--check', is_flag=True, help='Write nothing; exit status 1 if something is stale.')
def main(check: bool) -> None:
    """Write what the documentation takes from the code: `make docs`."""
    old = stale()
    if check:
        for name in old:
            click.echo(f'{name} is not what the code says: make docs')
        sys.exit(1 if old else 0)
    # Of the training side, which fills tables of results into the same documents.
    from xsense_training.evaluate.report import write_section

    for path, text in files().items():
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_text(text, encoding='utf-8')
    for (path, name), text in sections().items():
        write_section(ROOT / path, name, text, 'reference')
    click.echo(f'renewed: {", ".join(old) or "nothing"}')


if __name__ == '__main__':
    main()

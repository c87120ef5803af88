# SPDX-License-Identifier: Apache-2.0
"""`xsense-train`: fetch data, fit, evaluate, report and export recipes."""

from __future__ import annotations

import sys

import click

from xsense_ros.lazy_group import LazyGroup

# name -> what the list of commands says of it; see xsense_training.commands.
COMMANDS = {
    'data': 'Fetch data sets, check them, make the sample recording.',
    'fit': 'Fit one fold of a recipe.',
    'evaluate': 'Judge a recipe beside its baselines.',
    'report': 'Tables and plots of what was evaluated.',
    'fusion': 'Measure senses that are asked together.',
    'export': 'Write the bundle that the robot opens.',
    'precision': 'Add fp16 or int8 files to a bundle, if that does no harm.',
    'describe': 'Count parameters and MACs, beside what was published.',
    'leak-control': 'What the published protocol scores where nothing can be learnt.',
    'demo-picture': 'Draw the answers of a demo run.',
}


@click.group(
    cls=LazyGroup,
    package='xsense_training.commands',
    commands=COMMANDS,
    context_settings={'help_option_names': ['-h', '--help']},
)
def main() -> None:
    """Train the towers that xsense_ros runs.

    \b
    From nothing to a bundle:
      xsense-train data fetch all
      xsense-train fit sketch --fold 0
      xsense-train evaluate sketch --all-folds
      xsense-train report sketch --plots plots
      xsense-train export sketch --models models
    """


if __name__ == '__main__':
    sys.exit(main(prog_name='xsense-train'))

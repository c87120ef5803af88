# SPDX-License-Identifier: Apache-2.0
"""Do all nodes go by the same clock, and does it run?"""

from __future__ import annotations

from xsense_ros.doctor.finding import Finding, Level, Outcome
from xsense_ros.doctor.observation import Observation

_CLOCK = '/clock'
_SET = 'start it with use_sim_time:={} (launch argument, or `-p use_sim_time:={}`)'


def judge(seen: Observation) -> Outcome:
    """Findings for a clock that is waited for, not used, or there more than once."""
    clock, findings = seen.clock, []
    simulated = [node.name for node in seen.nodes if node.simulated]
    real = [node.name for node in seen.nodes if node.parameters and not node.simulated]
    if simulated and not clock.publishers:
        findings.append(
            Finding(
                Level.ERROR, ', '.join(simulated), 'use_sim_time is true, and nobody publishes '
                f'{_CLOCK}: its clock stands at 0', f'a publisher of {_CLOCK}, or use_sim_time '
                'false', 'play the bag with `--clock`, start the simulator, or '
                + _SET.format('false', 'false'),
            )
        )  # fmt: skip
    elif clock.publishers and not clock.ticks:
        findings.append(
            Finding(
                Level.WARNING, _CLOCK, f'{clock.publishers[0]} publishes it, and it stands still',
                'a clock that runs', 'go on with the simulation or the bag: it is paused',
            )
        )  # fmt: skip
    if clock.publishers and real:
        findings.append(
            Finding(
                Level.WARNING, ', '.join(real), f'{_CLOCK} is published by '
                f'{", ".join(clock.publishers)}, and use_sim_time is false',
                'all nodes by the same clock', _SET.format('true', 'true') + ', or end what '
                f'publishes {_CLOCK}', {'use_sim_time': 'true'}, real[0],
            )
        )  # fmt: skip
    if len(clock.publishers) > 1:
        findings.append(
            Finding(
                Level.ERROR, _CLOCK, f'published by {", ".join(clock.publishers)}', 'one',
                'end the others: time jumps between theirs',
            )
        )  # fmt: skip
    well = 'simulated time runs' if simulated and clock.ticks and not findings else ''
    return Outcome(well, findings)

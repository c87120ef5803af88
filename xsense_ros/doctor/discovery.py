# SPDX-License-Identifier: Apache-2.0
"""Is anybody there at all? Domains, discovery ranges and profiles that keep nodes apart."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from xsense_ros.doctor.finding import Finding, Level, Outcome
from xsense_ros.doctor.machine import Machine
from xsense_ros.doctor.observation import Observation
from xsense_ros.errors import InputError

# Above it, the ports of a domain lie among those that Linux gives to anybody.
_LAST_SAFE_DOMAIN = 101
_LAST_DOMAIN = 232
_PROFILES = ('FASTRTPS_DEFAULT_PROFILES_FILE', 'FASTDDS_DEFAULT_PROFILES_FILE')
_RANGE = 'ROS_AUTOMATIC_DISCOVERY_RANGE'
_START = (
    'start one (`ros2 launch xsense_ros retrieval.launch.py`, or `python -m '
    'xsense_ros.nodes.retrieval_node --ros-args -p autostart:=true`)'
)


def judge(seen: Observation) -> Outcome:
    """Findings where no node of ours is seen, or where settings of this terminal hide some."""
    findings = list(_settings(seen.machine))
    if not seen.nodes:
        findings.append(_nobody(seen))
    count = len(seen.nodes) + len(seen.others)
    well = f'domain {seen.machine.domain}: {count} nodes' if count else ''
    return Outcome(well, findings)


def require_domain(said: str) -> None:
    """InputError for a ROS_DOMAIN_ID that cannot be; Fast DDS ends the whole process for it.

    Args:
        said: its text; '' where it is not set.
    """
    if said and not (said.isdecimal() and int(said) <= _LAST_DOMAIN):
        expected = f'a number from 0 to {_LAST_SAFE_DOMAIN}'
        raise InputError('ROS_DOMAIN_ID', said, expected, 'export another, or unset it')


def _nobody(seen: Observation) -> Finding:
    where = f' in the namespace {seen.namespace}' if seen.namespace else ''
    subject = 'nodes'
    if seen.others:
        shown = ', '.join(sorted(seen.others)[:5])
        return Finding(
            Level.ERROR, subject, f'{len(seen.others)} other nodes ({shown}), none of xsense_ros'
            f'{where}', 'a node `retrieval` or `matching`',
            f'{_START}, or correct --namespace' if seen.namespace else _START,
        )  # fmt: skip
    elsewhere = sorted(
        (
            (domain, process.command)
            for process in seen.machine.processes.values()
            for domain in process.domains - {seen.machine.domain}
        ),
        key=lambda one: ('xsense' not in one[1], one),
    )
    if elsewhere:
        shown = ', '.join(f'{command} in domain {domain}' for domain, command in elsewhere[:5])
        return Finding(
            Level.ERROR, subject,
            f'nobody in domain {seen.machine.domain}, but on this computer: {shown}',
            'nodes in the domain of this terminal',
            f'export ROS_DOMAIN_ID={elsewhere[0][0]} here, or the same number at both ends',
        )  # fmt: skip
    return Finding(
        Level.ERROR, subject, f'nobody at all in domain {seen.machine.domain} within '
        f'{seen.seconds:g} s', 'the nodes of the robot',
        f'{_START}; on another computer: the same ROS_DOMAIN_ID and {_RANGE}=SUBNET at both ends, '
        'no profile that keeps to one machine, and a network that passes multicast',
    )  # fmt: skip


def _settings(machine: Machine) -> Iterator[Finding]:
    """What the environment of this terminal says that cannot be meant."""
    said = machine.variables
    domain = said.get('ROS_DOMAIN_ID', '')
    if domain.isdecimal() and int(domain) > _LAST_SAFE_DOMAIN:
        yield Finding(
            Level.WARNING, 'ROS_DOMAIN_ID', domain, f'0 to {_LAST_SAFE_DOMAIN}',
            'take a smaller number at both ends: the ports of this one may be taken by others',
        )  # fmt: skip
    for name in _PROFILES:
        file = said.get(name, '')
        if file and not Path(file).is_file():
            yield Finding(
                Level.ERROR, name, f'{file}: no such file, which Fast DDS passes over in silence',
                'a profile that exists', f'correct the path, or unset {name}',
            )  # fmt: skip
    if said.get(_RANGE, '').upper() == 'OFF':
        yield Finding(
            Level.ERROR, _RANGE, 'OFF: this terminal discovers nobody', 'LOCALHOST or SUBNET',
            f'export {_RANGE}=LOCALHOST for this computer alone, SUBNET for others too',
        )  # fmt: skip
    if said.get('ROS_LOCALHOST_ONLY', '0') not in ('', '0') and _RANGE in said:
        yield Finding(
            Level.WARNING, 'ROS_LOCALHOST_ONLY', f'set together with {_RANGE}, which it overrules',
            'one of the two', 'unset ROS_LOCALHOST_ONLY: it is the older of them',
        )  # fmt: skip

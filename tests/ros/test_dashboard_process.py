# SPDX-License-Identifier: Apache-2.0
"""`xsense dashboard` as a process: its address, its end, and what it does not do."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from click.testing import CliRunner

from tests.ros.harness import dotted
from tests.waiting import eventually
from xsense_ros.cli import main
from xsense_ros.errors import InputError
from xsense_ros.nodes.dashboard.parameters import PARAMETERS
from xsense_ros.nodes.dashboard.settings import DashboardSettings, check_values
from xsense_ros.resources import find_resource

pytestmark = pytest.mark.ros
TOKEN = 'a token that is long enough'
PATIENCE = 90.0  # seconds; of a process on a busy machine


def start(tmp_path: Path, *arguments: str, **environment: str) -> subprocess.Popen[bytes]:
    with (tmp_path / 'log').open('wb') as log:
        return subprocess.Popen(
            [sys.executable, '-m', 'xsense_ros.cli', 'dashboard', *arguments],
            stdout=log, stderr=subprocess.STDOUT, env=os.environ | environment,
        )  # fmt: skip


def test_it_tells_its_address_and_ends_cleanly(tmp_path: Path) -> None:
    parameters = tmp_path / 'own.yaml'
    parameters.write_text('/**: {ros__parameters: {upload.max_bytes: 4321}}')
    options = ('--port', '0', '--namespace', 'robot7', '--params-file', str(parameters))
    child = start(tmp_path, *options, XSENSE_DASHBOARD_TOKEN=TOKEN)
    try:
        log = tmp_path / 'log'
        url = eventually(
            lambda: re.search(r'http://127\.0\.0\.1:\d+/', log.read_text()), PATIENCE
        )[0]
        assert httpx.get(f'{url}api/items', timeout=PATIENCE).status_code == 401
        headers = {'Authorization': f'Bearer {TOKEN}'}
        body = bytes(5000)
        too_long = httpx.post(f'{url}api/query', content=body, headers=headers, timeout=PATIENCE)
        assert too_long.status_code == 413 and '4321' in too_long.text
        child.send_signal(signal.SIGTERM)
        assert child.wait(PATIENCE) == 0
        text = log.read_text()
        assert 'robot7.dashboard' in text and TOKEN not in text and 'Traceback' not in text
    finally:
        child.kill()
        child.wait()


def test_a_page_that_others_could_see_is_not_served(tmp_path: Path) -> None:
    child = start(tmp_path, '--host', '0.0.0.0')
    assert child.wait(PATIENCE) == 2
    assert 'XSENSE_DASHBOARD_TOKEN' in (tmp_path / 'log').read_text()


def settings(**changes: Any) -> DashboardSettings:
    values = {spec.name: spec.default for spec in PARAMETERS} | dotted(changes)
    check_values(values)
    return DashboardSettings.from_values(values)


def test_defaults_are_those_of_the_parameter_file() -> None:
    file = yaml.safe_load(find_resource('config/dashboard.yaml').read_text())
    told = file['/**']['ros__parameters']
    assert told == {spec.name: spec.default for spec in PARAMETERS if spec.name != 'hardware_id'}


@pytest.mark.parametrize(
    ('changes', 'said'),
    [
        ({'host': '0.0.0.0'}, 'XSENSE_DASHBOARD_TOKEN'),
        ({'host': '192.0.2.1'}, 'ssh -L'),
        ({'port': 65536}, '0 to 65535'),
        ({'allowed_hosts': ['']}, 'none of them empty'),
        ({'retrieval': 'a b'}, 'names of topics'),
        ({'tile__max_rate': 0.0}, '0.1 to 120.0'),
        ({'touch__profiles': ['digit', 'gelsight']}, 'one profile for all'),
        ({'infrared__palette': 'sepia'}, 'one of'),
        ({'token_file': '/no/such/file'}, 'correct the path'),
    ],
)
def test_parameters_that_cannot_be(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=re.escape(said)):
        settings(**changes)


def test_the_token_comes_from_a_file_of_its_owner(tmp_path: Path) -> None:
    secret = tmp_path / 'secret'
    secret.write_text(TOKEN + '\n')
    secret.chmod(0o644)
    with pytest.raises(InputError, match=f'chmod 600 {secret}'):
        settings(token_file=str(secret))
    secret.chmod(0o600)
    assert settings(token_file=str(secret), host='0.0.0.0').token == TOKEN
    secret.write_text(' ')
    with pytest.raises(InputError, match='a secret in it'):
        settings(token_file=str(secret))


def test_quotes_cannot_leave_the_option() -> None:
    found = CliRunner().invoke(main, ['dashboard', '--host', "x' -p token_file:='y"])
    assert found.exit_code == 2 and 'without quotes' in found.output

# SPDX-License-Identifier: Apache-2.0
import pytest

from xsense_ros.errors import BundleError, EngineError, GalleryError, InputError, XsenseError


@pytest.mark.parametrize('kind', [InputError, BundleError, EngineError, GalleryError])
def test_names_value_expectation_and_cure(kind: type[XsenseError]) -> None:
    error = kind('top_k', -1, 'an integer >= 1', 'ask for at least one match')
    assert (
        str(error) == 'top_k: got -1, expected an integer >= 1. Cure: ask for at least one match'
    )
    assert isinstance(error, XsenseError)


def test_shortens_a_long_value() -> None:
    error = InputError('text', 'x' * 10_000, 'a word', 'send less')
    assert len(str(error)) < 200
    assert error.value == 'x' * 10_000


def test_a_bad_input_is_a_value_error() -> None:
    with pytest.raises(ValueError, match='expected b'):
        raise InputError('a', 1, 'b', 'c')

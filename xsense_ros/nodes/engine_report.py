# SPDX-License-Identifier: Apache-2.0
"""How the engines of a node's models fare, for diagnostics."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from xsense_ros.engines.backends import Fallback
from xsense_ros.engines.engine import EngineDescription
from xsense_ros.nodes.diagnostics import Report
from xsense_ros.nodes.faults import FaultRegistry, Level

ENGINE = 'engine'


def report_fallbacks(fallbacks: Iterable[Fallback], faults: FaultRegistry) -> None:
    """A warning for every backend that was passed over, until the node is deactivated."""
    for fallback in fallbacks:
        message = f'{fallback.backend} cannot run {fallback.model}: {fallback.reason}'
        faults.report(ENGINE, fallback.backend, Level.WARN, message, sticky=True)


class EngineReport:
    """Describes all engines of an active node.

    A backend that does not run although it is preferred is an error from when it stops until it
    runs again, and is logged once. Engines that are being built are counted: this is no fault.

    Args:
        models: what they make up, as people know it; the summary while all is well.
        describe: one description a model.
        faults: told of the errors.
    """

    def __init__(
        self, models: str, describe: Callable[[], Sequence[EngineDescription]],
        faults: FaultRegistry,
    ) -> None:  # fmt: skip
        self._models, self._describe, self._faults = models, describe, faults
        self._told: dict[str, str] = {}

    def __call__(self) -> Report:
        """For DiagnosticsPublisher.add."""
        engines = self._describe()
        for engine in engines:
            before = self._told.get(engine.model, '')
            self._told[engine.model] = engine.fault
            if engine.fault and engine.fault != before:
                self._faults.report(ENGINE, engine.model, Level.ERROR, engine.fault, sticky=True)
            elif before and not engine.fault:
                self._faults.clear(ENGINE, engine.model)
        figures = {
            engine.model: f'{engine.backend} on {engine.device}, {engine.precision}, '
            f'{engine.threads} threads' + (f'; {engine.building}' if engine.building else '')
            for engine in engines
        }
        missing = sum(bool(engine.building) for engine in engines)
        if not missing:
            return self._models, figures
        return f'BUILDING {missing} of {len(engines)} engines; {self._models} answers', figures

# SPDX-License-Identifier: Apache-2.0
"""The managed node `retrieval`: hears samples, asks the gallery, publishes answers."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsense_ros.engines.bundle import Bundle, find_bundle
from xsense_ros.errors import GalleryError, InputError
from xsense_ros.fusion.rules import senses_of
from xsense_ros.gallery.opening import is_url, open_gallery
from xsense_ros.gallery.protocol import GalleryLike
from xsense_ros.gallery.remote.shared import SharedGallery
from xsense_ros.msg import Embedding, MatchArray, TouchContact
from xsense_ros.nodes.asker import Asker
from xsense_ros.nodes.diagnostics import Report
from xsense_ros.nodes.engine_report import ENGINE, EngineReport, report_fallbacks
from xsense_ros.nodes.faults import Level
from xsense_ros.nodes.fleet_report import FleetReport
from xsense_ros.nodes.impact_sense import ImpactSense
from xsense_ros.nodes.joiner import FUSION, Joiner
from xsense_ros.nodes.managed_node import ManagedNode
from xsense_ros.nodes.outlets import Outlets
from xsense_ros.nodes.parameter_table import PARAMETERS
from xsense_ros.nodes.parameters import NodeParameters
from xsense_ros.nodes.process import run
from xsense_ros.nodes.qos import ANSWERS, CONTACTS
from xsense_ros.nodes.sample_sense import ImageSense, SketchSense, TextSense
from xsense_ros.nodes.sense import Sense, Surroundings
from xsense_ros.nodes.services import GALLERY, Services
from xsense_ros.nodes.session import Session
from xsense_ros.nodes.settings import Settings, check_values
from xsense_ros.nodes.sound_sense import SoundSense
from xsense_ros.nodes.touch_sense import TouchSense
from xsense_ros.rebuild import rebuild_advice
from xsense_ros.senses.press import Press
from xsense_ros.senses.tactile_difference import press_of
from xsense_ros.senses.tactile_profile import load_profile

_OUTLETS = (
    ('matches', MatchArray, ANSWERS),
    ('embeddings', Embedding, ANSWERS),
    ('contacts', TouchContact, CONTACTS),
)
_SENSES: dict[str, Callable[[Surroundings], Sense[Any]]] = {
    'image': ImageSense,
    'sketch': SketchSense,
    'sound': SoundSense,
    'text': TextSense,
    'touch': TouchSense,
    'impact': ImpactSense,
}


class RetrievalNode(ManagedNode):
    """Asks with one sense and answers with another.

    unconfigured: diagnostics only. inactive: bundles verified, gallery open; items can be listed
    and forgotten. active: models in memory; topics, Enroll and Query are served.

    Raises:
        InputError: a parameter given at start that cannot be used.
        rclpy.exceptions.ParameterException: one of the wrong type or out of its range.
    """

    def __init__(self, **arguments: Any) -> None:
        super().__init__('retrieval', **arguments)
        self._guard = threading.Lock()
        self._bundles: list[Bundle] = []
        self._gallery: GalleryLike | None = None
        self._describe_fleet: Callable[[], dict[str, object]] = dict
        self._session: Session | None = None
        self._joiner: Joiner | None = None
        self._service_thread: Services | None = None
        self._senses: dict[str, Sense[Any]] = {}
        self._own_parameters = NodeParameters(
            self, PARAMETERS, check_values, Settings.from_values, lambda: self.state, self._apply
        )
        self._start_diagnostics(
            self.get_parameter('hardware_id').value,
            self.get_parameter('diagnostics_period').value,
        )

    @property
    def gallery(self) -> GalleryLike:
        """The open gallery; InputError before the node is configured."""
        if self._gallery is None:
            cure = 'configure the node: `ros2 lifecycle set NODE configure`'
            raise InputError('lifecycle state', self.state, 'a configured node', cure)
        return self._gallery

    @property
    def session(self) -> Session | None:
        """The models; None while the node is not active."""
        return self._session

    @property
    def keep_media(self) -> bool:
        """Whether samples of enrolled views are kept."""
        return self._own_parameters.settings.keep_media

    def latest_sample(self, modality: str) -> Any:
        """The newest sample heard in a modality; InputError where there is none."""
        sense = self._senses.get(modality)
        if sense is None:
            cure = 'name it in the parameter `senses`, and use a bundle that has a tower for it'
            raise InputError('live modality', modality, f'one of {sorted(self._senses)}', cure)
        return sense.latest_sample()

    def press(
        self,
        frame: NDArray[np.uint8],
        serial: str,
        profile: str,
        background: NDArray[np.uint8] | None,
    ) -> Press:
        """The press that a raw frame of a tactile sensor shows.

        Args:
            frame: RGB uint8 (H, W, 3).
            serial: of the unit.
            profile: kind of the sensor, by name or path; '' for that of the topics.
            background: the same unit without contact; None: as it was learnt on the topics.

        Raises:
            InputError: frames that cannot be used, or no background of this unit.
        """
        sense = self._senses.get('touch')
        if background is not None:
            known = sense.profile_of(serial) if isinstance(sense, TouchSense) else ''
            first = next(iter(self._own_parameters.settings.touch_profiles.values()))
            return press_of(frame, background, load_profile(profile or known or first))
        if not isinstance(sense, TouchSense):
            cure = 'fill `background` in, or let the node hear the sensor on touch.topics'
            raise InputError('background', 'none', 'a frame of the sensor without contact', cure)
        return sense.press(frame, serial)

    def _folders(self) -> dict[str, Path]:
        place = self._own_parameters.settings.gallery
        own = {} if is_url(place) or place == ':memory:' else {'gallery': Path(place).parent}
        return own | super()._folders()

    def _configure(self) -> None:
        settings = self._own_parameters.settings
        self._bundles = [Bundle.open(find_bundle(name)) for name in settings.bundles]
        spaces = {
            name: space
            for bundle in self._bundles
            for name, space in bundle.manifest.spaces.items()
        }
        self._gallery = open_gallery(
            settings.gallery,
            {name: space.fingerprint for name, space in spaces.items()},
            settings.approximate_above,
        )
        if isinstance(self._gallery, SharedGallery):
            self._describe_fleet = FleetReport(self._gallery, self._faults, GALLERY)
        advice = rebuild_advice(self._gallery, settings.gallery, spaces, settings.bundles)
        if advice:
            self._faults.report(GALLERY, 'incomplete', Level.WARN, advice, sticky=True)
        self._outlets = Outlets(self, self._faults, self._diagnostics, _OUTLETS)
        self._service_thread = Services(self, self, self._faults, self._guard)
        self._diagnostics.add(GALLERY, self._describe_gallery)

    def _activate(self) -> None:
        settings = self._own_parameters.settings
        session = self._session = Session(self._bundles, self.gallery, settings)
        modalities = [name for name in settings.senses if name in session.encoder.modalities]
        if not modalities:
            cure = 'name one of them in the parameter `senses`, or load another bundle'
            offered = f'one that the bundles offer: {list(session.encoder.modalities)}'
            raise InputError('parameter senses', list(settings.senses), offered, cure)
        report_fallbacks(session.encoder.fallbacks, self._faults)
        report = EngineReport(session.bundle, session.encoder.describe, self._faults)
        self._diagnostics.add(ENGINE, report)
        assert self._outlets is not None  # an active node has been configured
        matches, embeddings, contacts = (self._outlets[name] for name, *_ in _OUTLETS)
        joiner = self._join(session, modalities, settings)
        asker = Asker(session, matches, embeddings, joiner)
        joiner.start(asker.answer)
        around = Surroundings(self, asker, contacts, self._faults, self._diagnostics, settings)
        for modality in modalities:
            sense = self._senses[modality] = _SENSES[modality](around)
            sense.open()
        self.get_logger().info(f'active: {session.bundle}; hears {", ".join(modalities)}')

    def _join(self, session: Session, heard: Sequence[str], settings: Settings) -> Joiner:
        """What brings senses together; InputError for senses that cannot be."""
        joiner = Joiner(settings.fusion_senses, settings.fusion_window_seconds, self._faults)
        for group in settings.fusion_senses:
            senses = senses_of(group)
            if not set(senses) <= set(heard):
                cure = 'name it in the parameter `senses`, use a bundle that has it, or ask apart'
                expected = f'senses that are heard: {list(heard)}'
                raise InputError('parameter fusion.senses', group, expected, cure)
            session.joint_targets(senses)
        if settings.fusion_senses:
            self._diagnostics.add(FUSION, joiner.describe)
        self._joiner = joiner
        return joiner

    def _release_active(self) -> None:
        while self._senses:
            self._senses.popitem()[1].close()
        if self._joiner is not None:
            self._joiner.close()
            self._joiner = None
            self._diagnostics.remove(FUSION)
            self._faults.clear(FUSION)
        self._diagnostics.remove(ENGINE)
        self._faults.clear(ENGINE)
        # A service in work finishes first, with its models.
        with self._guard:
            session, self._session = self._session, None
        if session is not None:
            session.close()

    def _release_configured(self) -> None:
        self._withdraw()
        self._diagnostics.remove(GALLERY)
        self._faults.clear(GALLERY)
        self._describe_fleet = dict
        if self._gallery is not None:
            self._gallery.close()
            self._gallery = None
        self._bundles = []

    def _apply(self, settings: Settings) -> None:
        if self._session is not None:
            self._session.apply(settings)
        for sense in self._senses.values():
            sense.apply(settings)

    def _describe_gallery(self) -> Report:
        gallery = self.gallery
        path = self._own_parameters.settings.gallery
        try:
            size, version = gallery.size, gallery.version
        except GalleryError as error:
            self._faults.report_error(GALLERY, error, Level.ERROR)
            return str(error), {'file': path}
        figures = {'file': path, 'items': size, 'version': version, **self._describe_fleet()}
        for bundle in self._bundles:
            for name, space in bundle.manifest.spaces.items():
                figures[f'fingerprint {name}'] = space.fingerprint[:12]
        return f'{size} items', figures


def main(args: list[str] | None = None) -> int:
    """Run the node until SIGINT or SIGTERM. Returns the exit status."""
    return run(RetrievalNode, 'retrieval node', args)


if __name__ == '__main__':
    sys.exit(main())

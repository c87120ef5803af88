# SPDX-License-Identifier: Apache-2.0
"""The managed node `retrieval`: hears samples, asks the gallery, publishes answers."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Any

import rclpy
from rclpy.exceptions import ParameterException
from rclpy.lifecycle import (
    LifecycleNode,
    LifecyclePublisher,
    LifecycleState,
    TransitionCallbackReturn,
)
from rclpy.signals import SignalHandlerOptions

from xsense_ros.engines.bundle import Bundle, find_bundle
from xsense_ros.errors import GalleryError, InputError, XsenseError
from xsense_ros.gallery.gallery import Gallery
from xsense_ros.msg import Embedding, MatchArray
from xsense_ros.nodes.asker import Asker
from xsense_ros.nodes.diagnostics import DiagnosticsPublisher, Report
from xsense_ros.nodes.executor import make_executor, spin, stop_on_signals
from xsense_ros.nodes.faults import FaultRegistry, Level
from xsense_ros.nodes.parameters import NodeParameters
from xsense_ros.nodes.qos import ANSWERS, advertise
from xsense_ros.nodes.sample_sense import ImageSense, SketchSense, TextSense
from xsense_ros.nodes.sense import Sense, Surroundings
from xsense_ros.nodes.services import GALLERY, Services
from xsense_ros.nodes.session import Session
from xsense_ros.nodes.settings import Settings
from xsense_ros.nodes.sound_sense import SoundSense
from xsense_ros.rebuild import rebuild_advice

LIFECYCLE = 'lifecycle'
ENGINE = 'engine'
_SENSES: dict[str, Callable[[Surroundings], Sense[Any]]] = {
    'image': ImageSense,
    'sketch': SketchSense,
    'sound': SoundSense,
    'text': TextSense,
}


class RetrievalNode(LifecycleNode):
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
        self._gallery: Gallery | None = None
        self._session: Session | None = None
        self._matches: LifecyclePublisher | None = None
        self._embeddings: LifecyclePublisher | None = None
        self._service_thread: Services | None = None
        self._senses: dict[str, Sense[Any]] = {}
        # These outlive the states: a node that cannot be configured must be able to say why.
        self._faults = FaultRegistry(self._log)
        self._own_parameters = NodeParameters(self, lambda: self.state, self._apply)
        self._diagnostics = DiagnosticsPublisher(
            self,
            self._faults,
            self.get_parameter('hardware_id').value,
            self.get_parameter('diagnostics_period').value,
        )
        self._diagnostics.add(LIFECYCLE, lambda: (self.state, {'state': self.state}))

    @property
    def state(self) -> str:
        """Label of the lifecycle state, such as 'inactive'."""
        label: str = self._state_machine.current_state[1]
        return label

    @property
    def gallery(self) -> Gallery:
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
        keep: bool = self._own_parameters.settings.keep_media
        return keep

    def latest_sample(self, modality: str) -> Any:
        """The newest sample heard in a modality; InputError where there is none."""
        sense = self._senses.get(modality)
        if sense is None:
            cure = 'name it in the parameter `senses`, and use a bundle that has a tower for it'
            raise InputError('live modality', modality, f'one of {sorted(self._senses)}', cure)
        return sense.latest_sample()

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Verify the bundles and open the gallery.

        SUCCESS -> inactive. FAILURE (bundle, gallery or parameter unusable) -> unconfigured.
        ERROR (a bug) -> errorprocessing, see on_error.
        """
        return self._transition('configure', self._configure, self._release_configured)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Load and warm up the models, then subscribe.

        SUCCESS -> active. FAILURE (the models cannot run here) -> inactive.
        ERROR (a bug) -> errorprocessing, see on_error.
        """
        return self._transition('activate', lambda: self._activate(state), self._release_active)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Unsubscribe, finish what is in work, and free the memory of the models.

        SUCCESS -> inactive. ERROR (a bug) -> errorprocessing, see on_error.
        """

        def deactivate() -> None:
            self._release_active()
            super(RetrievalNode, self).on_deactivate(state)

        return self._transition('deactivate', deactivate)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Close the gallery and withdraw services and topics.

        SUCCESS -> unconfigured. ERROR (a bug) -> errorprocessing, see on_error.
        """
        return self._transition('clean up', self._release_configured)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Release everything, from whatever state.

        SUCCESS -> finalized. ERROR (a bug) -> errorprocessing, see on_error.
        """
        return self._transition('shut down', self._release)

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Release everything after a transition that ended in ERROR.

        SUCCESS -> unconfigured, from where the node can be configured again.
        FAILURE or ERROR (a second bug) -> finalized.
        """
        try:
            self._release()
        except Exception as error:
            self._faults.report_error(LIFECYCLE, error, Level.ERROR)
            return TransitionCallbackReturn.FAILURE
        return TransitionCallbackReturn.SUCCESS

    def autostart(self) -> bool:
        """Configure and activate as a lifecycle manager would; whether the node is now active."""
        for trigger in (self.trigger_configure, self.trigger_activate):
            if trigger() != TransitionCallbackReturn.SUCCESS:
                return False
        return True

    def close(self) -> None:
        """Release everything and destroy the node; for the end of the process."""
        self._release()
        self._diagnostics.close()
        self.destroy_node()

    def _transition(
        self, name: str, work: Callable[[], None], undo: Callable[[], None] | None = None
    ) -> TransitionCallbackReturn:
        """Do the work of a transition; undo what it had begun where it fails."""
        self._faults.clear(LIFECYCLE)
        try:
            work()
        except XsenseError as error:
            if undo:
                undo()
            self._faults.report(
                LIFECYCLE, f'{name} failed', Level.ERROR, f'cannot {name}: {error}', sticky=True
            )
            return TransitionCallbackReturn.FAILURE
        except Exception as error:  # rclpy would turn it into ERROR without a word
            self._faults.report_error(LIFECYCLE, error, Level.ERROR)
            return TransitionCallbackReturn.ERROR
        return TransitionCallbackReturn.SUCCESS

    def _configure(self) -> None:
        settings = self._own_parameters.settings
        self._bundles = [Bundle.open(find_bundle(name)) for name in settings.bundles]
        spaces = {
            name: space
            for bundle in self._bundles
            for name, space in bundle.manifest.spaces.items()
        }
        self._gallery = Gallery.open(
            settings.gallery, {name: space.fingerprint for name, space in spaces.items()}
        )
        advice = rebuild_advice(self._gallery, settings.gallery, spaces, settings.bundles)
        if advice:
            self._faults.report(GALLERY, 'incomplete', Level.WARN, advice, sticky=True)
        self._matches = advertise(self, MatchArray, 'matches', ANSWERS, self._faults)
        self._embeddings = advertise(self, Embedding, 'embeddings', ANSWERS, self._faults)
        self._service_thread = Services(self, self, self._faults, self._guard)
        for publisher in (self._matches, self._embeddings):
            self._diagnostics.add(publisher.topic_name, _describe_publisher(publisher))
        self._diagnostics.add(GALLERY, self._describe_gallery)

    def _activate(self, state: LifecycleState) -> None:
        settings = self._own_parameters.settings
        session = self._session = Session(self._bundles, self.gallery, settings)
        modalities = [name for name in settings.senses if name in session.encoder.modalities]
        if not modalities:
            cure = 'name one of them in the parameter `senses`, or load another bundle'
            offered = f'one that the bundles offer: {list(session.encoder.modalities)}'
            raise InputError('parameter senses', list(settings.senses), offered, cure)
        for fallback in session.encoder.fallbacks:
            message = f'{fallback.backend} cannot run {fallback.model}: {fallback.reason}'
            self._faults.report(ENGINE, fallback.backend, Level.WARN, message, sticky=True)
        self._diagnostics.add(ENGINE, self._describe_engine)
        super().on_activate(state)
        if self._matches is None or self._embeddings is None:
            raise RuntimeError('activated without having been configured')
        asker = Asker(session, self._matches, self._embeddings)
        around = Surroundings(self, asker, self._faults, self._diagnostics, settings)
        for modality in modalities:
            sense = self._senses[modality] = _SENSES[modality](around)
            sense.open()
        self.get_logger().info(f'active: {session.bundle}; hears {", ".join(modalities)}')

    def _release_active(self) -> None:
        while self._senses:
            self._senses.popitem()[1].close()
        self._diagnostics.remove(ENGINE)
        self._faults.clear(ENGINE)
        # A service in work finishes first, with its models.
        with self._guard:
            session, self._session = self._session, None
        if session is not None:
            session.close()

    def _release_configured(self) -> None:
        if self._service_thread is not None:
            self._service_thread.close()
            self._service_thread = None
        for publisher in (self._matches, self._embeddings):
            if publisher is not None:
                self._diagnostics.remove(publisher.topic_name)
                self.destroy_lifecycle_publisher(publisher)
        self._matches = self._embeddings = None
        self._diagnostics.remove(GALLERY)
        self._faults.clear(GALLERY)
        if self._gallery is not None:
            self._gallery.close()
            self._gallery = None
        self._bundles = []

    def _release(self) -> None:
        self._release_active()
        self._release_configured()

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
        return f'{size} items', {'file': path, 'items': size, 'version': version}

    def _describe_engine(self) -> Report:
        session = self._session
        if session is None:
            return 'no models in memory', {}
        figures = {
            engine.model: f'{engine.backend} on {engine.device}, {engine.precision}, '
            f'{engine.threads} threads'
            for engine in session.encoder.describe()
        }
        return session.bundle, figures

    def _log(self, level: Level, message: str) -> None:
        # Separate lines: rclpy ties the severity of a log line to the place it comes from.
        if level == Level.ERROR:
            self.get_logger().error(message)
        else:
            self.get_logger().warning(message)


def _describe_publisher(publisher: LifecyclePublisher) -> Callable[[], Report]:
    def describe() -> Report:
        listeners = publisher.get_subscription_count()
        return f'{listeners} listening', {'subscribers': listeners}

    return describe


def main(args: list[str] | None = None) -> int:
    """Run the node until SIGINT or SIGTERM. Returns the exit status."""
    # A worker whose engine is done shall not wait 5 ms for the thread that receives messages.
    sys.setswitchinterval(0.0005)
    rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
    context = rclpy.get_default_context()
    stop = stop_on_signals()
    try:
        node = RetrievalNode()
    except (ParameterException, XsenseError) as error:
        print(f'retrieval node: {error}', file=sys.stderr)
        rclpy.shutdown()
        return 2
    executor = make_executor(context)
    executor.add_node(node)
    if node.get_parameter('autostart').value:
        node.autostart()
    try:
        spin(executor, stop, context)
    finally:
        executor.remove_node(node)
        node.close()
        rclpy.try_shutdown()
    return 0


if __name__ == '__main__':
    sys.exit(main())

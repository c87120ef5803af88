# SPDX-License-Identifier: Apache-2.0
"""How the matching node is told what to look for: SetTemplate, ClearTemplate, template_region."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from rclpy.lifecycle import LifecycleNode
from sensor_msgs.msg import RegionOfInterest
from std_msgs.msg import Header

from xsense_ros.errors import InputError, XsenseError
from xsense_ros.nodes.faults import FaultRegistry
from xsense_ros.nodes.hearing import Arrival
from xsense_ros.nodes.matching.frames import VisibleFrames, visible_to_rgb
from xsense_ros.nodes.matching.surroundings import MatchingHearing, Surroundings
from xsense_ros.nodes.matching.targets import TEMPLATES, Picture, Targets
from xsense_ros.nodes.qos import REGION
from xsense_ros.nodes.service_thread import Service, ServiceThread, not_active
from xsense_ros.nodes.worker import LatestWorker
from xsense_ros.senses.camera import decode_compressed
from xsense_ros.srv import ClearTemplate, SetTemplate

# What is marked on the topic: it has no field for a name, and the newest mark counts.
REGION_NAME = 'region'
_REGIONS_WAITING = 5
Size = tuple[int, int]


class MatchingServices(ServiceThread):
    """Serves SetTemplate and ClearTemplate.

    Args:
        node: under whose name the services appear.
        targets: what is looked for.
        faults: failures that are not the caller's are shown in diagnostics too.
        guard: held during each service.

    Attributes:
        visible: the visible camera while the node is active, else None.
    """

    def __init__(
        self,
        node: LifecycleNode,
        targets: Targets,
        faults: FaultRegistry,
        guard: threading.Lock,
    ) -> None:
        self._targets = targets
        self.visible: VisibleFrames | None = None
        services = (
            Service(SetTemplate, 'set_template', self._set),
            Service(ClearTemplate, 'clear_template', self._clear),
        )
        super().__init__(node, services, faults, TEMPLATES, guard)

    def _set(self, request: Any, response: Any) -> None:
        if self.visible is None:
            raise not_active()
        picture = picture_of(request, self.visible)
        response.template_id = self._targets.set(request.template_id, picture)

    def _clear(self, request: Any, response: Any) -> None:
        self._targets.clear(request.template_id)
        response.remaining = len(self._targets)


def picture_of(request: Any, visible: VisibleFrames) -> Picture:
    """The picture and the box that a SetTemplate request means.

    A picture as large as the frames of the visible camera is taken to be one of them, so that the
    box tells where the thing was; any other only shows what it looks like.

    Raises:
        InputError: two pictures, none, or one that cannot be used.
    """
    image, path = request.image, request.path
    given = bool(image.height or image.data)
    if given and path:
        cure = 'leave the other empty'
        raise InputError('template picture', f'both `image` and path {path!r}', 'one', cure)
    if given:
        header, rgb = image.header, visible_to_rgb(image)
    elif path:
        header, rgb = Header(), read_picture(path)
    else:
        header, rgb = visible.newest()
    placed = visible.size in (None, (rgb.shape[1], rgb.shape[0]))
    box = request.box
    corners = (box.x, box.y, box.width, box.height)
    return Picture(header, rgb, corners if any(corners) else None, placed)


def read_picture(path: str) -> Any:
    """RGB uint8 (H, W, 3) of a file; InputError where it cannot be read."""
    file = Path(path).expanduser()
    try:
        data = file.read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a name with a zero byte
        reason = getattr(error, 'strerror', None) or str(error)
        cure = "give the path as seen by the node's computer and its user"
        raise InputError('path', path, f'a picture that can be read ({reason})', cure) from error
    return decode_compressed(data, file.suffix.lstrip('.'))


class Regions(MatchingHearing):
    """Hears `template_region`: what is marked there in the newest frame is looked for.

    Args:
        around: node, faults, diagnostics and settings.
        targets: what is looked for.
        visible: the frames that are marked.
        guard: held while models are at work.
    """

    def __init__(
        self,
        around: Surroundings,
        targets: Targets,
        visible: VisibleFrames,
        guard: threading.Lock,
    ) -> None:
        super().__init__('regions', around)
        self._targets = targets
        self._visible = visible
        self._guard = guard
        self._worker: LatestWorker[Arrival] = LatestWorker(
            'xsense-regions', self._handle, self._report_bug, _REGIONS_WAITING
        )

    def open(self) -> None:
        """Start the thread and subscribe."""
        self._worker.start()
        self._subscribe(RegionOfInterest, 'template_region', REGION, lambda region: region)

    def close(self) -> None:
        """Unsubscribe and end the thread."""
        super().close()
        self._worker.stop()

    def _receive(self, arrival: Arrival) -> None:
        self._worker.offer(arrival)

    def _dropped(self) -> int:
        return self._worker.dropped

    def _handle(self, arrival: Arrival) -> None:
        region = arrival.message
        corners = (region.x_offset, region.y_offset, region.width, region.height)
        try:
            header, rgb = self._visible.newest()
            picture = Picture(header, rgb, corners if any(corners) else None, placed=True)
            with self._guard:
                self._targets.set(REGION_NAME, picture)
        except XsenseError as error:
            self._refuse(arrival.topic, error)
        else:
            arrival.topic.answered += 1

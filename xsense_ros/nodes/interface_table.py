# SPDX-License-Identifier: Apache-2.0
"""The tables of what the managed nodes hear, say and serve.

The documentation and the policy of SROS 2 are written from these rows (`make docs`), and
tests/ros/test_interface_table.py compares them with running nodes over DDS.
"""

from __future__ import annotations

from dataclasses import dataclass

from rclpy.qos import QoSDurabilityPolicy, QoSProfile, QoSReliabilityPolicy

from xsense_ros.nodes.qos import (
    ANSWERS,
    CAMERA,
    CONTACTS,
    DIAGNOSTICS,
    MICROPHONE,
    PICTURES,
    REGION,
    SKETCH,
    SOUND_INFO,
    TACTILE,
    TEXT,
)

HEARS = 'subscribes'
SAYS = 'publishes'
# In which states of its node a service answers with more than "not active".
ACTIVE = 'active'
OPEN = 'inactive, active'
_KEPT = QoSDurabilityPolicy.TRANSIENT_LOCAL


@dataclass(frozen=True)
class TopicRow:
    """A topic of a node.

    Args:
        direction: HEARS or SAYS.
        name: relative to the namespace of the node, or absolute.
        kind: type of its messages, PACKAGE/NAME.
        profile: quality of service as the code asks for it; `qos_overrides` may change it.
        meaning: one line for people.
        needs: package without which the topic does not exist; '' for none.
    """

    direction: str
    name: str
    kind: str
    profile: QoSProfile
    meaning: str
    needs: str = ''

    @property
    def quality(self) -> str:
        """The profile in words."""
        reliable = self.profile.reliability == QoSReliabilityPolicy.RELIABLE
        kept = ', transient local' if self.profile.durability == _KEPT else ''
        return f'{"reliable" if reliable else "best effort"}{kept}, keep last {self.profile.depth}'


@dataclass(frozen=True)
class ServiceRow:
    """A service of a node.

    Args:
        name: below that of the node.
        kind: type, PACKAGE/NAME.
        states: ACTIVE or OPEN.
        meaning: what it does; '' where the first line of its type says that.
    """

    name: str
    kind: str
    states: str
    meaning: str = ''


_DIAGNOSTICS = 'diagnostic_msgs/DiagnosticArray'

TOPICS: dict[str, tuple[TopicRow, ...]] = {
    'retrieval': (
        TopicRow(
            HEARS, 'camera/image', 'sensor_msgs/Image', CAMERA,
            'asks with pictures; latest wins',
        ),
        TopicRow(
            HEARS, 'camera/image/compressed', 'sensor_msgs/CompressedImage', CAMERA,
            'the same, JPEG or PNG',
        ),
        TopicRow(
            HEARS, 'sketch', 'sensor_msgs/Image', SKETCH,
            'asks with drawings, dark on light or light on dark; up to 5 may wait',
        ),
        TopicRow(
            HEARS, 'sketch/compressed', 'sensor_msgs/CompressedImage', SKETCH,
            'the same, JPEG or PNG; what is transparent is paper',
        ),
        TopicRow(
            HEARS, 'microphone/audio', 'xsense_ros/AudioChunk', MICROPHONE,
            'asks with the last `sound.window_seconds` at every `sound.hop_seconds`, unless '
            'silent',
        ),
        TopicRow(
            HEARS, 'microphone/audio_info', 'audio_common_msgs/AudioInfo', SOUND_INFO,
            'the format of the sound, where `sound.message_type` is a type that does not say it',
            'audio_common_msgs',
        ),
        TopicRow(
            HEARS, 'text', 'xsense_ros/TextStamped', TEXT,
            'asks with a word or sentence; up to 10 may wait',
        ),
        TopicRow(
            HEARS, 'touch', 'sensor_msgs/Image', TACTILE,
            'frames of a tactile sensor, whose serial is header.frame_id; asks once a touch; one '
            'topic for each of `touch.topics`',
        ),
        TopicRow(
            HEARS, 'touch/compressed', 'sensor_msgs/CompressedImage', TACTILE,
            'the same, JPEG or PNG',
        ),
        TopicRow(
            HEARS, 'impact', 'xsense_ros/AudioChunk', MICROPHONE,
            'asks with every knock that is `impact.rise_db` louder than what was before',
        ),
        TopicRow(
            HEARS, 'impact_info', 'audio_common_msgs/AudioInfo', SOUND_INFO,
            'the format of the sound, where `impact.message_type` is a type that does not say it',
            'audio_common_msgs',
        ),
        TopicRow(
            SAYS, 'matches', 'xsense_ros/MatchArray', ANSWERS,
            'the answers; header = header of the query',
        ),
        TopicRow(
            SAYS, 'embeddings', 'xsense_ros/Embedding', ANSWERS,
            'the vectors, only while somebody listens',
        ),
        TopicRow(
            SAYS, 'contacts', 'xsense_ros/TouchContact', CONTACTS,
            'what each tactile sensor feels, a message a frame; only while somebody listens',
        ),
        TopicRow(
            SAYS, '/diagnostics', _DIAGNOSTICS, DIAGNOSTICS,
            'state, figures, last fault with count and cure per topic, gallery, engine',
        ),
    ),
    'matching': (
        TopicRow(
            HEARS, 'visible/image', 'sensor_msgs/Image', CAMERA,
            'the last `visible.frames` are kept; decoded only to cut a template or to be drawn',
        ),
        TopicRow(
            HEARS, 'visible/image/compressed', 'sensor_msgs/CompressedImage', CAMERA,
            'the same, JPEG or PNG',
        ),
        TopicRow(
            HEARS, 'infrared/image', 'sensor_msgs/Image', CAMERA,
            'searched, latest wins: mono8, mono16, 16UC1, 32FC1 as they are, or false colours '
            'with `infrared.palette`',
        ),
        TopicRow(
            HEARS, 'infrared/image/compressed', 'sensor_msgs/CompressedImage', CAMERA,
            'the same; a PNG of 16 bit keeps its counts',
        ),
        TopicRow(
            HEARS, 'visible/camera_info', 'sensor_msgs/CameraInfo', CAMERA,
            'calibration, for the mapping `cameras`',
        ),
        TopicRow(
            HEARS, 'infrared/camera_info', 'sensor_msgs/CameraInfo', CAMERA,
            'calibration, for the mapping `cameras`',
        ),
        TopicRow(
            HEARS, 'template_region', 'sensor_msgs/RegionOfInterest', REGION,
            'what lies there in the newest visible frame becomes the template `region`',
        ),
        TopicRow(
            SAYS, 'heterologous_matches', 'xsense_ros/HeterologousMatch', ANSWERS,
            'one message for each template and infrared frame: boxes in both frames, or why not; '
            'header = header of the infrared frame',
        ),
        TopicRow(
            SAYS, 'annotated', 'sensor_msgs/Image', PICTURES,
            'both frames side by side with the boxes, rgb8; drawn only while somebody looks',
        ),
        TopicRow(
            SAYS, 'detections', 'vision_msgs/Detection2DArray', ANSWERS,
            'what was found, in the infrared frame; only where vision_msgs is installed',
            'vision_msgs',
        ),
        TopicRow(
            SAYS, '/diagnostics', _DIAGNOSTICS, DIAGNOSTICS,
            'state, figures, last fault with count and cure per topic, template, engine',
        ),
    ),
}  # fmt: skip

SERVICES: dict[str, tuple[ServiceRow, ...]] = {
    'retrieval': (
        ServiceRow('enroll', 'xsense_ros/Enroll', ACTIVE),
        ServiceRow('query', 'xsense_ros/Query', ACTIVE),
        ServiceRow('list_items', 'xsense_ros/ListItems', OPEN),
        ServiceRow('get_view', 'xsense_ros/GetView', OPEN),
        ServiceRow('rename', 'xsense_ros/Rename', OPEN),
        ServiceRow('forget', 'xsense_ros/Forget', OPEN),
        ServiceRow('undo', 'xsense_ros/Undo', OPEN),
        ServiceRow(
            'map',
            'std_srvs/Trigger',
            ACTIVE,
            'The gallery as maps for a page, similar things close together: JSON in `message`.',
        ),
    ),
    'matching': (
        ServiceRow('set_template', 'xsense_ros/SetTemplate', ACTIVE),
        ServiceRow('clear_template', 'xsense_ros/ClearTemplate', OPEN),
    ),
}

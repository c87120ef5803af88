# SPDX-License-Identifier: Apache-2.0
"""Start the retrieval node and, unless told otherwise, bring it to active."""

from launch import LaunchDescription
from launch.actions import GroupAction, IncludeLaunchDescription
from launch.conditions import IfCondition
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution, ThisLaunchFileDir
from launch_ros.substitutions import FindPackageShare

from xsense_ros.nodes.launching import Argument, managed_node, page, words

ARGUMENTS = (
    Argument('bundle', '', 'Model bundles by name or path, comma-separated; empty: as in '
             'params_file.', parameter='bundles', read=words),
    Argument('gallery', '', 'File of what is remembered; empty: as in params_file.',
             parameter='gallery'),
    Argument('backend', '', 'Inference backends in order of preference, comma-separated; empty: '
             'as in params_file.', parameter='backends', read=words),
    Argument('image_topic', 'camera/image', 'Topic of the raw pictures; compressed ones are heard '
             'on <image_topic>/compressed.', topic='camera/image', compressed=True),
    Argument('sketch_topic', 'sketch', 'Topic of the raw sketches; compressed ones are heard on '
             '<sketch_topic>/compressed.', topic='sketch', compressed=True),
    Argument('audio_topic', 'microphone/audio', 'Topic of the sound.', topic='microphone/audio'),
    Argument('text_topic', 'text', 'Topic of the written or spoken words.', topic='text'),
    Argument('touch_topics', '', 'Topics of the tactile sensors, comma-separated; compressed '
             'frames are heard on <topic>/compressed; empty: as in params_file.',
             parameter='touch.topics', read=words),
    Argument('touch_profiles', '', 'Kinds of the tactile sensors, comma-separated: one for all, '
             'or one a topic; empty: as in params_file.', parameter='touch.profiles', read=words),
    Argument('impact_topic', 'impact', 'Topic of the sound in which knocks are heard; may be that '
             'of the microphone.', topic='impact'),
    Argument('matching', 'false', 'Start the node `matching` too, which finds visible templates '
             'in infrared frames; it hears image_topic as its visible camera.'),
    Argument('infrared_topic', 'infrared/image', 'With matching:=true, topic of the raw infrared '
             'frames; compressed ones are heard on <infrared_topic>/compressed.'),
    Argument('matching_params_file',
             PathJoinSubstitution([FindPackageShare('xsense_ros'), 'config', 'matching.yaml']),
             'With matching:=true, YAML file with the parameters of the node `matching`.'),
    Argument('dashboard', 'false', 'Start the node `dashboard` too: a page that shows what is '
             'sensed and found, and asks.'),
    Argument('dashboard_port', '8420', 'With dashboard:=true, port of the page on 127.0.0.1.'),
    Argument('dashboard_params_file',
             PathJoinSubstitution([FindPackageShare('xsense_ros'), 'config', 'dashboard.yaml']),
             'With dashboard:=true, YAML file with the parameters of the node `dashboard`.'),
)  # fmt: skip

# Only what is named here reaches the other launch file: bundle and params_file are its own.
MATCHING = {
    'params_file': LaunchConfiguration('matching_params_file'),
    'visible_topic': LaunchConfiguration('image_topic'),
    'infrared_topic': LaunchConfiguration('infrared_topic'),
    **{
        name: LaunchConfiguration(name)
        for name in (
            'namespace',
            'backend',
            'use_sim_time',
            'log_level',
            'autostart',
            'build_only',
        )
    },
}

# What the page shows follows the topics of the nodes.
SHOWN = {
    'camera/image': 'image_topic',
    'visible/image': 'image_topic',
    'infrared/image': 'infrared_topic',
    'sketch': 'sketch_topic',
    'microphone/audio': 'audio_topic',
    'impact': 'impact_topic',
    'text': 'text_topic',
}


def generate_launch_description() -> LaunchDescription:
    other = PythonLaunchDescriptionSource([ThisLaunchFileDir(), '/matching.launch.py'])
    matching = GroupAction(
        [IncludeLaunchDescription(other)],
        forwarding=False,
        launch_configurations=MATCHING,
        condition=IfCondition(LaunchConfiguration('matching')),
    )
    pictures = ('camera/image', 'visible/image', 'infrared/image', 'sketch')
    return managed_node('retrieval', ARGUMENTS, [matching, page(SHOWN, pictures)])

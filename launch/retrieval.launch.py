# SPDX-License-Identifier: Apache-2.0
"""Start the retrieval node and, unless told otherwise, bring it to active."""

from launch import LaunchContext, LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    EmitEvent,
    LogInfo,
    OpaqueFunction,
    RegisterEventHandler,
)
from launch.conditions import IfCondition
from launch.event_handlers import OnProcessExit, OnProcessStart
from launch.events import Shutdown, matches_action
from launch.launch_description_entity import LaunchDescriptionEntity
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import LifecycleNode
from launch_ros.event_handlers import OnStateTransition
from launch_ros.events.lifecycle import ChangeState
from launch_ros.substitutions import FindPackageShare
from lifecycle_msgs.msg import Transition

# name, default, description. An empty default leaves the value to the parameter file.
ARGUMENTS = (
    ('namespace', '', 'Namespace of the node, its topics and its services.'),
    ('params_file', None, 'YAML file with the parameters of the node.'),
    ('bundle', '', 'Model bundles by name or path, comma-separated; empty: as in params_file.'),
    ('gallery', '', 'File of what is remembered; empty: as in params_file.'),
    ('backend', '', 'Inference backends in order of preference, comma-separated; empty: as in '
                    'params_file.'),
    ('image_topic', 'camera/image', 'Topic of the raw pictures; compressed ones are heard on '
                                    '<image_topic>/compressed.'),
    ('sketch_topic', 'sketch', 'Topic of the raw sketches; compressed ones are heard on '
                               '<sketch_topic>/compressed.'),
    ('audio_topic', 'microphone/audio', 'Topic of the sound.'),
    ('text_topic', 'text', 'Topic of the written or spoken words.'),
    ('touch_topics', '', 'Topics of the tactile sensors, comma-separated; compressed frames are '
                         'heard on <topic>/compressed; empty: as in params_file.'),
    ('touch_profiles', '', 'Kinds of the tactile sensors, comma-separated: one for all, or one a '
                           'topic; empty: as in params_file.'),
    ('impact_topic', 'impact', 'Topic of the sound in which knocks are heard; may be that of the '
                               'microphone.'),
    ('use_sim_time', 'false', 'Take the time from /clock: true with simulators and bags.'),
    ('log_level', 'info', 'debug, info, warn, error or fatal.'),
    ('autostart', 'true', 'Configure and activate the node; false: a lifecycle manager does.'),
)  # fmt: skip


def _start(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """Make the node from the arguments' values, and the events that bring it up."""
    value = {name: LaunchConfiguration(name).perform(context) for name, *_ in ARGUMENTS}
    overrides: dict[str, object] = {'use_sim_time': value['use_sim_time'].lower() == 'true'}
    for argument, parameter in (
        ('bundle', 'bundles'),
        ('backend', 'backends'),
        ('touch_topics', 'touch.topics'),
        ('touch_profiles', 'touch.profiles'),
    ):
        if value[argument]:
            overrides[parameter] = [part.strip() for part in value[argument].split(',')]
    if value['gallery']:
        overrides['gallery'] = value['gallery']
    node = LifecycleNode(
        package='xsense_ros',
        executable='retrieval_node',
        name='retrieval',
        namespace=value['namespace'],
        parameters=[value['params_file'], overrides],
        remappings=[
            ('camera/image', value['image_topic']),
            ('camera/image/compressed', value['image_topic'] + '/compressed'),
            ('sketch', value['sketch_topic']),
            ('sketch/compressed', value['sketch_topic'] + '/compressed'),
            ('microphone/audio', value['audio_topic']),
            ('text', value['text_topic']),
            ('impact', value['impact_topic']),
        ],
        ros_arguments=['--log-level', value['log_level']],
        output='screen',
    )
    autostart = IfCondition(LaunchConfiguration('autostart'))
    configure = RegisterEventHandler(
        OnProcessStart(
            target_action=node,
            on_start=[_change(node, Transition.TRANSITION_CONFIGURE)],
        ),
        condition=autostart,
    )
    activate = RegisterEventHandler(
        OnStateTransition(
            target_lifecycle_node=node,
            start_state='configuring',
            goal_state='inactive',
            entities=[_change(node, Transition.TRANSITION_ACTIVATE)],
        ),
        condition=autostart,
    )
    tell = RegisterEventHandler(
        OnStateTransition(
            target_lifecycle_node=node,
            start_state='configuring',
            goal_state='unconfigured',
            entities=[
                LogInfo(msg='retrieval could not be configured: its error is above. Correct it, '
                            'then: ros2 lifecycle set retrieval configure')
            ],
        ),
        condition=autostart,
    )  # fmt: skip
    end = RegisterEventHandler(
        OnProcessExit(
            target_action=node,
            on_exit=[EmitEvent(event=Shutdown(reason='the retrieval node has ended'))],
        )
    )
    # Handlers first: the node must not start before somebody listens.
    return [configure, activate, tell, end, node]


def _change(node: LifecycleNode, transition: int) -> EmitEvent:
    return EmitEvent(
        event=ChangeState(lifecycle_node_matcher=matches_action(node), transition_id=transition)
    )


def generate_launch_description() -> LaunchDescription:
    defaults = {
        'params_file': PathJoinSubstitution(
            [FindPackageShare('xsense_ros'), 'config', 'retrieval.yaml']
        )
    }
    arguments = [
        DeclareLaunchArgument(
            name, default_value=defaults.get(name, default), description=description
        )
        for name, default, description in ARGUMENTS
    ]
    return LaunchDescription([*arguments, OpaqueFunction(function=_start)])

# SPDX-License-Identifier: Apache-2.0
"""What the launch files share: a managed node with described arguments, and what brings it up."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

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
from launch.launch_context import LaunchContext
from launch.launch_description import LaunchDescription
from launch.launch_description_entity import LaunchDescriptionEntity
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import LifecycleNode, Node
from launch_ros.event_handlers import OnStateTransition
from launch_ros.events.lifecycle import ChangeState
from launch_ros.parameter_descriptions import ParameterValue
from launch_ros.substitutions import FindPackageShare
from lifecycle_msgs.msg import Transition


def words(value: str) -> list[str]:
    """The parts of a comma-separated value."""
    return [part.strip() for part in value.split(',')]


def flag(value: str) -> bool:
    """Whether a value says yes."""
    return value.lower() in ('true', '1')


@dataclass(frozen=True)
class Argument:
    """An argument of a launch file, and what its value does.

    Args:
        name: of the argument.
        default: text or a substitution; where a parameter takes the value, '' leaves it to the
            parameter file.
        description: shown by `--show-args`.
        parameter: of the node, to which the value is given.
        read: makes the parameter's value of the argument's.
        topic: relative name as in the code, which is renamed to the value.
        compressed: compressed pictures are heard on that topic + '/compressed', and follow it.
    """

    name: str
    default: Any
    description: str
    parameter: str = ''
    read: Callable[[str], object] = str
    topic: str = ''
    compressed: bool = False


_COMMON = (
    Argument('namespace', '', 'Namespace of the node, its topics and its services.'),
    Argument(
        'use_sim_time',
        'false',
        'Take the time from /clock: true with simulators and bags.',
        parameter='use_sim_time',
        read=flag,
    ),
    Argument('log_level', 'info', 'debug, info, warn, error or fatal.'),
    Argument(
        'autostart', 'true', 'Configure and activate the node; false: a lifecycle manager does.'
    ),
    Argument(
        'build_only',
        'false',
        'Build the TensorRT engines of its models that are missing, and end.',
        parameter='engines.build_only',
        read=flag,
    ),
)


def _parameter_file(name: str) -> Argument:
    shipped = PathJoinSubstitution([FindPackageShare('xsense_ros'), 'config', f'{name}.yaml'])
    return Argument('params_file', shipped, 'YAML file with the parameters of the node.')


def managed_node(
    name: str, arguments: Sequence[Argument], also: Sequence[LaunchDescriptionEntity] = ()
) -> LaunchDescription:
    """A launch file that starts a managed node of this package.

    Args:
        name: of the node; its executable is <name>_node, its parameters config/<name>.yaml.
        arguments: of this launch file, besides those that all have.
        also: whatever else is launched.
    """
    every = (_parameter_file(name), *_COMMON, *arguments)
    declared = [
        DeclareLaunchArgument(a.name, default_value=a.default, description=a.description)
        for a in every
    ]

    def start(context: LaunchContext) -> list[LaunchDescriptionEntity]:
        return _start(name, every, context)

    return LaunchDescription([*declared, OpaqueFunction(function=start), *also])


def _start(
    name: str, arguments: Sequence[Argument], context: LaunchContext
) -> list[LaunchDescriptionEntity]:
    """Make the node from the arguments' values, and the events that bring it up."""
    value = {a.name: LaunchConfiguration(a.name).perform(context) for a in arguments}
    overrides = {
        a.parameter: a.read(value[a.name]) for a in arguments if a.parameter and value[a.name]
    }
    renamed = [(a.topic, value[a.name]) for a in arguments if a.topic]
    renamed += [
        (f'{a.topic}/compressed', f'{value[a.name]}/compressed')
        for a in arguments
        if a.topic and a.compressed
    ]
    node = LifecycleNode(
        package='xsense_ros',
        executable=f'{name}_node',
        name=name,
        namespace=value['namespace'],
        parameters=[value['params_file'], overrides],
        remappings=renamed,
        ros_arguments=['--log-level', value['log_level']],
        output='screen',
    )
    build_only = flag(value['build_only'])
    autostart = IfCondition('false' if build_only else value['autostart'])
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
                LogInfo(
                    msg=f'{name} could not be configured: its error is above. Correct it, '
                    f'then: ros2 lifecycle set {name} configure'
                )
            ],
        ),
        condition=autostart,
    )
    end = RegisterEventHandler(
        OnProcessExit(
            target_action=node,
            on_exit=[EmitEvent(event=Shutdown(reason=f'the {name} node has ended'))],
        ),
        # Where several nodes build, the launch ends with the last of them by itself.
        condition=IfCondition('false' if build_only else 'true'),
    )
    # Handlers first: the node must not start before somebody listens.
    return [configure, activate, tell, end, node]


def page(heard: Mapping[str, str], compressed: Collection[str]) -> Node:
    """The dashboard, started where the argument `dashboard` says so.

    Args:
        heard: relative topic names of its code, and the argument that names the topic of each.
        compressed: those of which compressed pictures are heard too, and follow.
    """
    renamed: list[Any] = [
        (topic, LaunchConfiguration(argument)) for topic, argument in heard.items()
    ]
    renamed += [
        (f'{topic}/compressed', [LaunchConfiguration(heard[topic]), '/compressed'])
        for topic in compressed
    ]
    own = {
        'port': ParameterValue(LaunchConfiguration('dashboard_port'), value_type=int),
        'use_sim_time': ParameterValue(LaunchConfiguration('use_sim_time'), value_type=bool),
    }
    return Node(
        package='xsense_ros',
        executable='dashboard_node',
        name='dashboard',
        namespace=LaunchConfiguration('namespace'),
        parameters=[LaunchConfiguration('dashboard_params_file'), own],
        remappings=renamed,
        ros_arguments=['--log-level', LaunchConfiguration('log_level')],
        output='screen',
        condition=IfCondition(LaunchConfiguration('dashboard')),
    )


def _change(node: LifecycleNode, transition: int) -> EmitEvent:
    return EmitEvent(
        event=ChangeState(lifecycle_node_matcher=matches_action(node), transition_id=transition)
    )

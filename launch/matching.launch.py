# SPDX-License-Identifier: Apache-2.0
"""Start the matching node and, unless told otherwise, bring it to active."""

from launch import LaunchDescription

from xsense_ros.nodes.launching import Argument, managed_node, words

ARGUMENTS = (
    Argument('bundle', '', 'Model bundle by name or path; empty: as in params_file.',
             parameter='bundle'),
    Argument('backend', '', 'Inference backends in order of preference, comma-separated; empty: '
             'as in params_file.', parameter='backends', read=words),
    Argument('visible_topic', 'visible/image', 'Topic of the raw visible frames; compressed ones '
             'are heard on <visible_topic>/compressed.', topic='visible/image', compressed=True),
    Argument('infrared_topic', 'infrared/image', 'Topic of the raw infrared frames; compressed '
             'ones are heard on <infrared_topic>/compressed.', topic='infrared/image',
             compressed=True),
    Argument('visible_info_topic', 'visible/camera_info', 'Topic of the CameraInfo of the visible '
             'camera, for mapping:=cameras.', topic='visible/camera_info'),
    Argument('infrared_info_topic', 'infrared/camera_info', 'Topic of the CameraInfo of the '
             'infrared camera, for mapping:=cameras.', topic='infrared/camera_info'),
    Argument('mapping', '', 'From visible to infrared pixels: same, homography or cameras; empty: '
             'as in params_file.', parameter='mapping'),
)  # fmt: skip


def generate_launch_description() -> LaunchDescription:
    return managed_node('matching', ARGUMENTS)

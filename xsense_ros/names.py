# SPDX-License-Identifier: Apache-2.0
"""Names that the command line, the nodes and the launch files share; light to import."""

MODALITIES = ('image', 'sketch', 'sound', 'text', 'touch', 'impact')
# Whose newest sample a node keeps, so that it can be asked; what was said is asked as a text.
HEARD_NOW = ('image', 'sketch', 'sound', 'touch', 'impact')
BUNDLES = ('image-sound-text', 'sketch-photo', 'audio-visual', 'touch-vision-sound')
MATCHER_BUNDLE = 'visible-infrared'

# SPDX-License-Identifier: Apache-2.0
"""What a frame costs in memory on its way from message to answer: counts, never times.

numpy reports its memory to tracemalloc, that of what OpenCV and ONNX Runtime return included; what
they take and free within a call is theirs. Each line of the package is watched while it runs, so
that memory counts that is free again when the frame is done.

===================================================  ==============================================
path                                                 buffers of 64 kB or more, one frame
===================================================  ==============================================
camera in any encoding to the answer                 none
the same, 16 bit values of the other byte order      1: the values in our order
compressed camera frame                              1: what OpenCV decodes, which it allocates
infrared frame to the box, followed or searched for  none
exact search                                         none
===================================================  ==============================================
"""

from __future__ import annotations

import array
import gc
import sys
import threading
import tracemalloc
from pathlib import Path

import cv2
import numpy as np
import pytest
from sensor_msgs.msg import CompressedImage, Image

import xsense_ros
from tests.toy_matcher import toy_scene
from xsense_ros.encoder import Encoder
from xsense_ros.engines.bundle import Bundle, find_bundle
from xsense_ros.gallery.gallery import Gallery
from xsense_ros.gallery.index import ExactIndex
from xsense_ros.gallery.item import View
from xsense_ros.matching.frame import CropMemory
from xsense_ros.matching.geometry import Crop
from xsense_ros.matching.mapping import Mapping
from xsense_ros.matching.matcher import Matcher
from xsense_ros.matching.seeker import TILES, WINDOW, Seeker
from xsense_ros.matching.template import cut_template
from xsense_ros.nodes.conversions import compressed_to_rgb, image_to_rgb
from xsense_ros.retrieval import Retriever
from xsense_ros.senses.infrared import decode_infrared
from xsense_ros.senses.resize import resize
from xsense_ros.senses.scratch import Scratch

LARGE = 64 * 1024
FRAMES, ROUNDS = 100, 16
PACKAGE = str(Path(xsense_ros.__file__).parent)
ROWS, COLUMNS = 480, 640


@pytest.fixture(autouse=True)
def _traced():
    tracemalloc.start()
    yield
    tracemalloc.stop()


def large_buffers(work):
    """(function, kB) of every line of the package that allocates LARGE or more during `work`."""
    found, running, size = [], ['work'], 0

    def settle():
        nonlocal size
        risen = tracemalloc.get_traced_memory()[1] - size
        if risen >= LARGE:
            found.append((running[-1], risen // 1024))
        tracemalloc.reset_peak()
        size = tracemalloc.get_traced_memory()[0]

    def watch(frame, event, _):
        settle()
        if event == 'call' and not frame.f_code.co_filename.startswith(PACKAGE):
            return None  # what numpy's own lines allocate counts for the line that called them
        if event == 'call':
            running.append(frame.f_code.co_name)
        elif event == 'return':
            running.pop()
        return watch

    before = sys.gettrace()
    gc.collect()
    tracemalloc.reset_peak()
    size = tracemalloc.get_traced_memory()[0]
    sys.settrace(watch)
    try:
        work()
    finally:
        sys.settrace(before)
    settle()
    return found


def assert_nothing_is_kept(work, rounds=ROUNDS):
    """No memory is in use for longer after some round of frames.

    A leak shows in every round. What is kept on purpose shows in the first; what Python, sqlite
    and ONNX Runtime keep for a while comes and goes.
    """
    kept = []
    for _ in range(rounds):
        gc.collect()
        before = sys.getallocatedblocks(), tracemalloc.get_traced_memory()[0]
        for _ in range(FRAMES):
            work()
        gc.collect()
        blocks = sys.getallocatedblocks() - before[0]
        size = tracemalloc.get_traced_memory()[0] - before[1]
        kept.append((blocks, size))
        if blocks < FRAMES / 10 and size < 64 * FRAMES:
            return
    pytest.fail(f'(blocks, bytes) kept after each {FRAMES} frames: {kept}')


def large_buffers_once_warm(work):
    work()
    return large_buffers(work)


@pytest.mark.parametrize('size', [1, 10_000])
def test_a_leak_is_seen(size):
    """The measure itself."""
    leak = []
    with pytest.raises(pytest.fail.Exception, match='kept after'):
        assert_nothing_is_kept(lambda: leak.append(np.zeros(size)), 3)


def test_large_buffers_are_seen():
    """The watch itself: a resize without memory of its own allocates its result."""
    picture = np.zeros((ROWS, COLUMNS, 3), np.uint8)
    assert large_buffers(lambda: resize(picture, 224, 224)) != []
    assert large_buffers(lambda: resize(picture, 16, 16)) == []


# Bytes of a pixel in each kind of encoding.
BYTES = {
    'rgb8': 3, 'bgr8': 3, 'bgra8': 4, 'mono8': 1, 'mono16': 2, '16UC1': 2, '32FC1': 4,
    'rgb16': 6, 'bgr16': 6, 'bayer_rggb8': 1, 'bayer_gbrg16': 2, 'yuv422_yuy2': 2, 'nv12': 1,
}  # fmt: skip


def camera_message(encoding, is_bigendian=False):
    rows = ROWS * 3 // 2 if encoding == 'nv12' else ROWS
    dtype = '<f4' if encoding == '32FC1' else 'u1'
    step = COLUMNS * BYTES[encoding]
    values = np.random.default_rng(3).integers(0, 256, rows * step // np.dtype(dtype).itemsize)
    data = array.array('B', values.astype(dtype).tobytes())
    more = {'step': step, 'data': data, 'is_bigendian': is_bigendian}
    return Image(height=ROWS, width=COLUMNS, encoding=encoding, **more)


def asked(bundle):
    """A retriever that remembers three pictures, and its encoder."""
    encoder = Encoder([Bundle.open(bundle)], threads=1)
    gallery = Gallery.open(':memory:', encoder.fingerprints)
    for label in ('one', 'two', 'three'):
        picture = np.random.default_rng(len(label)).integers(0, 256, (300, 300, 3), np.uint8)
        gallery.enroll(label, [View('image', encoder.encode('image', picture).vectors)])
    return Retriever(encoder, gallery), encoder


@pytest.fixture(scope='module')
def shipped():
    retriever, encoder = asked(find_bundle('audio-visual'))
    yield retriever, encoder
    encoder.close()


def camera_buffers(shipped, message):
    """As the thread of a camera asks: in memory of the frame before."""
    scratch = Scratch()
    rgb = lambda: image_to_rgb(message, scratch)  # noqa: E731
    ask = lambda: shipped[0].ask('image', rgb(), ['image'], 2)  # noqa: E731
    assert len(ask().matches) == 2
    np.testing.assert_array_equal(rgb(), image_to_rgb(message))
    return large_buffers_once_warm(ask)


@pytest.mark.parametrize('encoding', BYTES)
def test_a_camera_frame(shipped, encoding):
    assert camera_buffers(shipped, camera_message(encoding)) == []


def test_a_camera_frame_in_the_other_byte_order(shipped):
    message = camera_message('mono16', is_bigendian=True)
    assert camera_buffers(shipped, message) == [('_pixels', ROWS * COLUMNS * 2 // 1024)]


def test_a_compressed_camera_frame(shipped):
    retriever, _ = shipped
    pixels = np.full((ROWS, COLUMNS, 3), 90, np.uint8)
    pixels[100:200, 200:400] = (10, 200, 60)
    data = array.array('B', cv2.imencode('.jpg', pixels)[1].tobytes())
    message = CompressedImage(format='jpeg', data=data)
    ask = lambda: retriever.ask('image', compressed_to_rgb(message), ['image'], 2)  # noqa: E731
    sizes = [size for _, size in large_buffers_once_warm(ask)]
    assert sizes == [ROWS * COLUMNS * 3 // 1024]


def test_nothing_is_kept_of_camera_frames(bundle):
    """With models that are small, so that it takes many frames for a moment."""
    (retriever, encoder), message = asked(bundle), camera_message('bgr8')
    assert_nothing_is_kept(lambda: retriever.ask('image', image_to_rgb(message), ['image'], 2))
    encoder.close()


def test_threads_share_an_encoder_but_no_memory(shipped):
    """What a service encodes while the camera's thread does, too, is not mixed up."""
    _, encoder = shipped
    random = np.random.default_rng(8)
    pictures = [random.integers(0, 256, (ROWS, COLUMNS, 3), np.uint8) for _ in range(2)]
    vector = lambda picture: encoder.encode('image', picture).vectors['audio-visual']  # noqa: E731
    alone = [vector(picture) for picture in pictures]
    together = [[], []]

    def encode(number):
        together[number] = [vector(pictures[number]) for _ in range(8)]

    threads = [threading.Thread(target=encode, args=(number,)) for number in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for expected, found in zip(alone, together, strict=True):
        np.testing.assert_array_equal(np.stack(found), np.stack([expected] * 8))


def infrared_message(values):
    encoding = {'uint8': 'mono8', 'uint16': 'mono16', 'float32': '32FC1'}[values.dtype.name]
    data, step = array.array('B', values.tobytes()), COLUMNS * values.itemsize
    return Image(height=ROWS, width=COLUMNS, encoding=encoding, step=step, data=data)


def infrared_values(message):
    fields = ('data', 'height', 'width', 'encoding', 'step')
    data, *rest = (getattr(message, name) for name in fields)
    return decode_infrared(data, **dict(zip(fields[1:], rest, strict=True)))


@pytest.fixture(scope='module')
def matcher(matcher_bundle):
    loaded = Matcher.load(matcher_bundle, threads=1)
    yield loaded
    loaded.close()


VISIBLE, INFRARED = toy_scene(4)
BOX, LARGE_BOX = (290, 210, 64, 64), (180, 100, 200, 200)
KINDS = [INFRARED, (INFRARED // 64).astype(np.uint8), (INFRARED * 0.04 - 273).astype(np.float32)]
of_each_kind = pytest.mark.parametrize('values', KINDS, ids=lambda values: values.dtype.name)


def follower(matcher, box):
    return Seeker(matcher, cut_template(matcher, VISIBLE, box), Mapping.same())


@of_each_kind
def test_an_infrared_frame_in_which_a_thing_is_followed(matcher, values):
    message, seeker = infrared_message(values), follower(matcher, BOX)
    look = lambda: seeker.look(infrared_values(message))  # noqa: E731
    assert large_buffers_once_warm(look) == []
    assert look().mode == WINDOW


@of_each_kind
def test_an_infrared_frame_in_which_a_thing_is_searched_for(matcher, values):
    message, seeker = infrared_message(values), follower(matcher, BOX)

    def look():
        seeker.lose()
        return seeker.look(infrared_values(message))

    assert large_buffers_once_warm(look) == []
    assert look().mode == TILES


def test_an_infrared_frame_for_several_templates(matcher):
    """As the node asks: one frame, its crops in the memory of the frame before."""
    message, memory = infrared_message(INFRARED), CropMemory()
    boxes = (BOX, (100, 100, 60, 60), (400, 300, 50, 70))
    together, alone = ([follower(matcher, box) for box in boxes] for _ in range(2))

    def look():
        frame = matcher.frame(infrared_values(message), memory)
        return [seeker.look(frame).probability for seeker in together]

    expected = [seeker.look(INFRARED).probability for seeker in alone]
    assert look() == expected
    assert large_buffers_once_warm(look) == []


@of_each_kind
def test_crops_of_less_than_half_the_resolution(matcher, values):
    seeker = follower(matcher, LARGE_BOX)
    assert large_buffers_once_warm(lambda: seeker.look(values)) == []


@pytest.mark.parametrize('crops', [20, 90])
def test_an_infrared_frame_searched_in_many_crops(matcher, crops):
    """More than there is memory for, too: then the oldest crop's is used again."""
    memory, kept = CropMemory(), matcher.encode(np.ascontiguousarray(VISIBLE[:64, :64]))
    places = [Crop((100.0 + 3 * n, 200.0 + n), 80, matcher.search_size) for n in range(crops)]

    def look():
        frame = matcher.frame(INFRARED, memory)
        for place in (*places, places[0]):
            matcher.search(frame.tensor(place), kept)
        return frame

    assert large_buffers_once_warm(look) == []
    frame = look()
    for place in (places[0], places[-1]):
        alone = matcher.frame(INFRARED).tensor(place)['search']
        np.testing.assert_array_equal(frame.tensor(place)['search'], alone)


def test_nothing_is_kept_of_infrared_frames(matcher):
    message, seeker = infrared_message(INFRARED), follower(matcher, BOX)
    assert_nothing_is_kept(lambda: seeker.look(infrared_values(message)))


def test_exact_search():
    rows = 80_000
    vectors = np.random.default_rng(1).normal(size=(rows, 16)).astype(np.float32)
    index = ExactIndex(16)
    index.add(vectors, np.arange(rows), np.arange(rows))
    assert large_buffers_once_warm(lambda: index.snapshot().search(vectors[7], 5)) == []

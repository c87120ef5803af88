# SPDX-License-Identifier: Apache-2.0
"""The towers, the questions they are asked, and the bundle they end in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.training.sketch.world import make_set, shape
from xsense_ros.errors import InputError
from xsense_ros.senses.image_input import ImageInput
from xsense_ros.senses.sketch_input import SketchInput
from xsense_training.data.line_art_split import ConceptSplit
from xsense_training.features.line_rasters import image_raster, sketch_raster
from xsense_training.features.sketch_set import SketchSet
from xsense_training.models.sketch_trunk import MixedHead
from xsense_training.recipes.registry import RunOptions, load_recipe
from xsense_training.recipes.shipping import Judged
from xsense_training.recipes.sketch.bundle import export
from xsense_training.recipes.sketch.inputs import normalised
from xsense_training.recipes.sketch.material import Material
from xsense_training.recipes.sketch.protocol import CATEGORY, TURNS, directions
from xsense_training.recipes.sketch.recipe import Fitted, recall, save, similarity
from xsense_training.recipes.sketch.towers import Towers


@pytest.fixture(scope='module')
def towers() -> Towers:
    torch.manual_seed(0)
    found = Towers.build(None, 32, 4, 8)
    for head in found.heads.values():
        head.share.fill_(0.4)
    return found


def test_a_vector_depends_on_its_own_sample_alone(towers: Towers, shapes: SketchSet) -> None:
    rows = np.arange(4)
    sketch = towers.sketch(shapes, rows)
    image = towers.image(shapes, rows)
    np.testing.assert_allclose(np.linalg.norm(sketch, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(image, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(towers.sketch(shapes, rows[:1])[0], sketch[0], atol=1e-5)
    other = make_set()
    other.picture[:] = 0
    assert np.array_equal(towers.sketch(other, rows), sketch)
    other = make_set()
    other.drawing[:] = 0
    assert np.array_equal(towers.image(other, rows), image)


def test_the_head_mixes_cosines_by_share() -> None:
    generator = torch.Generator().manual_seed(0)
    one, two = MixedHead(5, 6), MixedHead(5, 6)
    features = torch.nn.functional.normalize(torch.randn(2, 3, 5, generator=generator), dim=-1)
    edges = torch.nn.functional.normalize(torch.rand(2, 3, 6, generator=generator), dim=-1)
    for head, rows in ((one, edges[0]), (two, edges[1])):
        head.share.fill_(0.3)
        head.centre.copy_(rows.mean(dim=0))
    x, y = one(torch.cat([features[0], edges[0]], 1)), two(torch.cat([features[1], edges[1]], 1))
    centred = [torch.nn.functional.normalize(e - e.mean(dim=0), dim=-1) for e in edges]
    expected = 0.7 * features[0] @ features[1].T + 0.3 * centred[0] @ centred[1].T
    torch.testing.assert_close(x @ y.T, expected)


def test_a_saved_fit_comes_back_bit_for_bit(
    towers: Towers, shapes: SketchSet, tmp_path: Path
) -> None:
    from xsense_training.recipes.sketch.config import SketchConfig

    save(Fitted(towers, {'share of HOG': 0.4}), tmp_path)
    again = recall(SketchConfig(size=32, width=4, dimension=8), tmp_path)
    rows = np.arange(3)
    assert np.array_equal(again.towers.sketch(shapes, rows), towers.sketch(shapes, rows))
    assert again.notes == {'share of HOG': 0.4}


def test_rasters_are_what_the_robot_computes() -> None:
    rgb = shape(3, 96, False, (0, 0, 0))
    sketch, image = SketchInput(32, 1.0, 2), ImageInput(32, fit='crop')
    drawn = normalised(torch.from_numpy(sketch_raster(sketch, rgb)).float()[None, None] / 255)
    np.testing.assert_allclose(drawn.numpy(), sketch(rgb)['sketch'], atol=0.01)
    shown = torch.from_numpy(image_raster(image, rgb)).permute(2, 0, 1).float()[None] / 255
    np.testing.assert_allclose(normalised(shown).numpy(), image(rgb)['image'], atol=0.01)


def test_instance_questions_ask_real_drawings_for_the_same_thing(
    shapes: SketchSet, parts: ConceptSplit
) -> None:
    there, back = directions(shapes, parts.test)
    assert (there.pair, back.pair) == ('sketch->image', 'image->sketch')
    assert (shapes.hand[there.query.rows] == 0).all()
    assert parts.test[there.query.concept].all() and parts.test[there.gallery.concept].all()
    assert (there.relevance.sum(axis=1) == 2).all() and (back.relevance.sum(axis=1) == 1).all()
    assert np.array_equal(there.relevance, back.relevance.T)


def test_at_category_level_every_subgroup_asks_equally_often(
    shapes: SketchSet, parts: ConceptSplit
) -> None:
    there, _ = directions(shapes, parts.train, CATEGORY)
    category = np.array(shapes.category)
    asked = category[there.query.concept]
    assert {name: int((asked == name).sum()) for name in set(asked)} == {
        'kind 2': TURNS,
        'kind 3': TURNS,
    }
    assert np.array_equal(there.relevance, asked[:, None] == category[there.gallery.concept])


def test_similarity_is_the_cosine_of_the_vectors(
    towers: Towers, shapes: SketchSet, parts: ConceptSplit
) -> None:
    for task in directions(shapes, parts.test, CATEGORY):
        vectors = {
            'sketch': lambda rows: towers.sketch(shapes, rows),
            'image': lambda rows: towers.image(shapes, rows),
        }
        query, gallery = (vectors[s.modality](s.rows) for s in (task.query, task.gallery))
        np.testing.assert_allclose(similarity(towers, shapes, task), query @ gallery.T, atol=1e-4)


def test_the_bundle_holds_what_answers_and_nothing_else(
    shapes: SketchSet, parts: ConceptSplit, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    towers = Towers.build(None, 32, 4, 8)
    # Tracing the deep part takes long and says nothing about the bundle.
    towers.trunk.back = torch.nn.Sequential(torch.nn.Conv2d(24, 112, 4, stride=4))
    material = Material(
        shapes,
        np.zeros(len(shapes.names), bool),
        lambda fold: parts,
        'instance',
        lambda row: shapes.drawing[row],
        lambda row: shapes.picture[row, 0],
        tmp_path,
        tmp_path,
    )
    bundle = export(material, Fitted(towers, {}), tmp_path / 'models', Judged())
    assert set(bundle.manifest.models) == {'paper', 'trunk', 'sketch_head', 'image_head'}
    space = bundle.manifest.spaces['sketch-photo']
    assert set(space.towers) == {'sketch', 'image'}
    assert space.towers['sketch'].stages[1] == space.towers['image'].stages[0] == 'trunk'
    assert set(space.calibration) == {
        'sketch->image', 'image->sketch', 'image->image', 'sketch->sketch'
    }  # fmt: skip
    from xsense_ros.encoder import Encoder

    encoder = Encoder([bundle])
    rgb = shape(5, 96, False, (0, 0, 0))
    vector = encoder.encode('sketch', rgb).vectors['sketch-photo']
    raster = torch.from_numpy(sketch_raster(SketchInput(32, 0.8, 1), rgb)).float()[None, None]
    expected = towers.head('sketch', towers.features((raster / 255).expand(-1, 3, -1, -1)))[0]
    assert float(vector @ expected) > 0.99
    encoder.close()


def test_the_published_variant_is_for_comparison_and_never_exported(tmp_path: Path) -> None:
    recipe = load_recipe('sketch')
    assert (recipe.name, recipe.folds) == ('sketch', 5)
    with pytest.raises(InputError, match='variant'):
        recipe.export(RunOptions(variant='published'), tmp_path)

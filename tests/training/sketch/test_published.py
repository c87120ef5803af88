# SPDX-License-Identifier: Apache-2.0
"""The published objective: every term live, every stream used, nothing unseen."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from xsense_training.data.line_art_split import ConceptSplit
from xsense_training.features.sketch_set import SketchSet
from xsense_training.models.cross_coder import Coded, CrossCoder
from xsense_training.recipes.sketch.published import (
    PublishedLoss,
    PublishedTask,
    TriadSource,
    Weights,
)

ROWS, IMAGE, SKETCH, WORDS, CLASSES = 6, 10, 7, 5, 4


@pytest.fixture
def model() -> CrossCoder:
    torch.manual_seed(0)
    return CrossCoder(IMAGE, SKETCH, WORDS, CLASSES, code=8, hidden=16).eval()


def batch(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    image, sketch = (torch.randn(ROWS, d, generator=generator) for d in (IMAGE, SKETCH))
    labels = torch.tensor([0, 0, 1, 2, 3, 3])
    words = torch.randn(CLASSES, WORDS, generator=generator)[labels]
    return image, sketch, words, labels


def naive(coded: Coded, image: torch.Tensor, sketch: torch.Tensor, words: torch.Tensor) -> float:
    """The published sum in loops."""
    labels = [0, 0, 1, 2, 3, 3]
    z = {'i': coded.image.detach().numpy(), 's': coded.sketch.detach().numpy()}
    w = coded.words.detach().numpy()
    total = sum(float(((z[m] - w) ** 2).mean()) for m in 'is')
    total += float(((coded.sketch_of_image.detach() - sketch) ** 2).mean())
    total += float(((coded.image_of_sketch.detach() - image) ** 2).mean())
    both = []
    for a, b in (('i', 's'), ('s', 'i')):  # semi-hard negatives, both anchors
        costs = []
        for i in range(ROWS):
            far = ((z[a][i] - z[b]) ** 2).sum(axis=1)
            negatives = [j for j in range(ROWS) if labels[j] != labels[i]]
            for p in (j for j in range(ROWS) if labels[j] == labels[i]):
                semi = [far[n] for n in negatives if far[n] > far[p]]
                chosen = min(semi) if semi else max(far[n] for n in negatives)
                costs.append(max(0.0, far[p] - chosen + 0.5))
        both.append(np.mean(costs))
    total += float(np.mean(both))
    for logits in (coded.classes_of_image, coded.classes_of_sketch):
        total += float(F.cross_entropy(logits.detach(), torch.tensor(labels)))
    unit = words.numpy() / np.linalg.norm(words.numpy(), axis=1, keepdims=True)
    for m in 'is':
        for i in range(ROWS):
            others = [j for j in range(ROWS) if j != i]
            p = np.exp([unit[i] @ unit[j] / 0.1 for j in others])
            q = np.exp([z[m][i] @ z[m][j] / 0.1 for j in others])
            p, q = p / p.sum(), q / q.sum()
            total += float((p * np.log(p / q)).sum()) / ROWS
    return total


def test_the_total_is_the_naive_sum(model: CrossCoder) -> None:
    image, sketch, words, labels = batch()
    coded = model(image, sketch, words)
    total, terms = PublishedLoss()(coded, image, sketch, words, labels)
    assert set(terms) == set(vars(Weights()))
    assert float(total.detach()) == pytest.approx(naive(coded, image, sketch, words), rel=1e-4)


def test_weights_weigh(model: CrossCoder) -> None:
    image, sketch, words, labels = batch()
    coded = model(image, sketch, words)
    loss = PublishedLoss(Weights(triplet=0.0, topology=2.0))
    total, terms = loss(coded, image, sketch, words, labels)
    expected = sum(terms.values()) - terms['triplet'] + terms['topology']
    torch.testing.assert_close(total, expected)


def test_every_term_moves_what_it_should(model: CrossCoder) -> None:
    image, sketch, words, labels = batch()
    _, terms = PublishedLoss()(model(image, sketch, words), image, sketch, words, labels)
    moved = {
        'alignment': {'image', 'sketch', 'words'},
        'reconstruction': {'image', 'sketch', 'image_to_sketch', 'sketch_to_image'},
        'triplet': {'image', 'sketch'},
        'classification': {'image', 'sketch', 'classifier'},
        'topology': {'image', 'sketch'},
    }
    for name, term in terms.items():
        model.zero_grad()
        term.backward(retain_graph=True)
        reached = {
            part
            for part, module in model.named_children()
            if any(
                p.grad is not None and float(p.grad.abs().sum()) > 0 for p in module.parameters()
            )
        }
        assert reached == moved[name], name


def test_reconstruction_really_crosses(model: CrossCoder) -> None:
    image, sketch, words, _ = batch(0)
    _, other_sketch, _, _ = batch(1)
    one, two = model(image, sketch, words), model(image, other_sketch, words)
    # What is decoded into sketch features comes from the picture alone, and the other way round.
    assert one.sketch_of_image.shape == sketch.shape and one.image_of_sketch.shape == image.shape
    assert torch.equal(one.sketch_of_image, two.sketch_of_image)
    assert not torch.equal(one.image_of_sketch, two.image_of_sketch)


def test_codes_depend_on_one_modality(model: CrossCoder) -> None:
    image, sketch, words, _ = batch(0)
    other_image, other_sketch, other_words, _ = batch(1)
    one = model(image, sketch, words)
    assert torch.equal(one.image, model(image, other_sketch, other_words).image)
    assert torch.equal(one.sketch, model(other_image, sketch, other_words).sketch)


def test_the_triplet_has_both_anchors(model: CrossCoder) -> None:
    image, sketch, words, labels = batch()
    coded = model(image, sketch, words)
    triplet = PublishedLoss().triplet
    assert triplet.two_way
    torch.testing.assert_close(
        triplet(coded.image, coded.sketch, labels), triplet(coded.sketch, coded.image, labels)
    )


def test_codes_span_negative_values(model: CrossCoder) -> None:
    coded = model(*batch()[:3])
    assert float(coded.image.min()) < 0 < float(coded.image.max())
    cosines = (coded.image @ coded.image.T).detach().numpy()
    assert cosines[np.triu_indices(ROWS, 1)].std() > 0.05


def test_every_stream_is_in_the_checkpoint(model: CrossCoder) -> None:
    names = {key.split('.')[0] for key in model.state_dict()}
    assert names == {
        'image', 'sketch', 'words', 'image_to_sketch', 'sketch_to_image', 'classifier'
    }  # fmt: skip
    again = CrossCoder(IMAGE, SKETCH, WORDS, CLASSES, code=8, hidden=16).eval()
    again.load_state_dict(model.state_dict())
    inputs = batch()[:3]
    assert all(torch.equal(a, b) for a, b in zip(model(*inputs), again(*inputs), strict=True))


def test_batches_hold_seen_rows_of_one_class_each(
    shapes: SketchSet, parts: ConceptSplit, model: CrossCoder
) -> None:
    seen = np.flatnonzero(parts.train)
    drawn, shown = shapes.drawings_of(parts.train), shapes.pictures_of(parts.train)
    # The concept stands in every feature, so that a batch tells whom it shows.
    of_image, of_sketch = shapes.picture_concept[shown], shapes.drawing_concept[drawn]
    source = TriadSource(
        np.repeat(of_image[:, None], IMAGE, axis=1).astype(np.float32),
        np.searchsorted(seen, of_image),
        np.repeat(of_sketch[:, None], SKETCH, axis=1).astype(np.float32),
        np.searchsorted(seen, of_sketch),
        np.repeat(seen[:, None], WORDS, axis=1).astype(np.float32),
    )
    task = PublishedTask(model, source, PublishedLoss(), lambda: {'score': 0.0}, batch=4)
    for step in range(5):
        drawn_batch = task.draw(np.random.default_rng(step))
        concepts = drawn_batch.image[:, 0].numpy().astype(int)
        assert parts.train[concepts].all()
        assert (drawn_batch.sketch[:, 0].numpy().astype(int) == concepts).all()
        assert (drawn_batch.words[:, 0].numpy().astype(int) == concepts).all()
        assert (seen[drawn_batch.labels.numpy()] == concepts).all()


def test_a_class_without_a_drawing_is_named() -> None:
    empty = np.zeros((1, 2), np.float32)
    source = TriadSource(empty, np.array([0]), empty, np.array([1]), np.zeros((2, 2), np.float32))
    with pytest.raises(ValueError, match='no sample'):
        PublishedTask(CrossCoder(2, 2, 2, 2), source, PublishedLoss(), lambda: {'score': 0.0})

# SPDX-License-Identifier: Apache-2.0
"""One fold of the recipe on a small made-up corpus."""

from __future__ import annotations

import inspect
from dataclasses import replace

import numpy as np
import torch

from tests.training.see_hear_read.corpora import named_classes, small_config
from xsense_training.evaluate.system import Features, apply
from xsense_training.recipes.see_hear_read.fitted_files import load_fitted, save_fitted
from xsense_training.recipes.see_hear_read.parts import image_sound_pairs
from xsense_training.recipes.see_hear_read.recipe import fit, split
from xsense_training.recipes.see_hear_read.training import train_image_sound

MODALITIES = ('image', 'text', 'sound')


class TestRecipe:
    def test_what_ships_clears_chance_beside_every_baseline(self, judged):
        for dataset, direction in (
            ('tuxpaint', 'image->text'),
            ('emoji', 'text->image'),
            ('recorded things', 'sound->image'),
        ):
            found = {
                o.method: o
                for o in judged
                if (o.dataset, o.direction, o.split) == (dataset, direction, 'unseen things')
            }
            kinds = {o.kind for o in found.values()}
            assert {'production', 'baseline', 'ablation', 'chance'} <= kinds
            ours = found['chosen mixture'].results.value('MRR')
            chance = next(o for o in found.values() if o.kind == 'chance').results.value('MRR')
            assert ours > 2 * chance
        assert any('never trained as a pair' in o.split for o in judged)

    def test_a_vector_depends_on_its_own_modality_alone(self, made, fitted):
        """Every head of every system; the other modalities' features are scrambled."""
        _, features = made
        for system in fitted.systems.values():
            for modality, head in system.heads.items():
                others = {m: getattr(features, m)[::-1] for m in MODALITIES if m != modality}
                changed = replace(features, **others)
                vectors = apply(head, features.of(modality)[:, 0])
                assert np.array_equal(vectors, apply(head, changed.of(modality)[:, 0]))
                assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)

    def test_vectors_span_negative_values_and_spread(self, made, fitted):
        _, features = made
        for modality, head in fitted.systems['shipped'].heads.items():
            vectors = apply(head, features.of(modality)[:, 0])
            assert vectors.min() < -0.1 and vectors.max() > 0.1
            cosines = (vectors @ vectors.T)[~np.eye(len(vectors), dtype=bool)]
            assert cosines.std() > 0.1

    def test_what_is_saved_is_loaded_bit_for_bit_without_trusting_the_file(
        self, made, fitted, tmp_path
    ):
        _, features = made
        save_fitted(fitted, tmp_path)
        torch.load(tmp_path / 'fitted.pt', weights_only=True)  # nothing in it is code
        loaded = load_fitted(tmp_path)
        assert loaded.notes == fitted.notes and loaded.results == fitted.results
        assert set(loaded.systems) == set(fitted.systems)
        for name, system in fitted.systems.items():
            twin = loaded.systems[name]
            pairs = [(system.heads, twin.heads)]
            assert set(twin.own_pairs) == set(system.own_pairs)
            pairs += [(heads, twin.own_pairs[key]) for key, heads in system.own_pairs.items()]
            for heads, others in pairs:
                assert set(heads) == set(others)
                for modality, head in heads.items():
                    x = features.of(modality)[:, 0]
                    assert np.array_equal(apply(head, x), apply(others[modality], x))

    def test_sound_never_meets_text_in_training(self, made, tmp_path):
        """Other captions move the sound head of no system that is given the same image head."""
        corpus, features = made
        source = inspect.getsource(train_image_sound)
        assert 'features.text' not in source
        scrambled = Features(features.image, features.text[::-1].copy(), features.sound)
        heads = [
            image_sound_pairs(corpus, f, split(corpus, 0).train) for f in (features, scrambled)
        ]
        assert all(np.array_equal(a, b) for a, b in zip(*heads, strict=True))

    def test_fitting_ignores_the_test_fold(self, made, fitted, tmp_path):
        """Other test features leave every shipped weight as it was."""
        corpus, features = made
        test = split(corpus, 0).test
        image = features.image.copy()
        image[test[corpus.image_concept]] = 7
        text = features.text.copy()
        text[test[corpus.texts.concept]] = 7
        sound = features.sound.copy()
        sound[test[corpus.sound_concept]] = 7
        features = Features(image, text, sound)
        other = fit(corpus, features, 0, tmp_path, small_config(), named_classes())
        for modality, head in fitted.systems['shipped'].heads.items():
            twin = other.systems['shipped'].heads[modality].state_dict()
            assert all(torch.equal(v, twin[k]) for k, v in head.state_dict().items())

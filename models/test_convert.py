"""The committed models are what the registry says and what the converter makes, and they compute what the originals do.

python -m unittest discover models
"""

import copy
import json
import random
import unittest

import numpy as np
import onnx

from conversion import agreement, precision, readme, registry, source
from conversion.views import View

MODELS = registry.load()["models"]


def each(test):
    """Runs a test method once per model, each as a subtest."""

    def run(self):
        for entry in MODELS:
            with self.subTest(entry["id"]):
                test(self, entry, (registry.MODELS / entry["file"]).read_bytes())

    return run


class Registry(unittest.TestCase):
    @each
    def test_files_are_those_listed(self, entry, file):
        self.assertEqual(source.sha256(file), entry["sha256"])
        self.assertEqual(len(file), entry["bytes"])

    def test_every_file_is_listed_once(self):
        files = sorted(path.name for path in registry.MODELS.glob("*.onnx"))
        self.assertEqual(sorted(entry["file"] for entry in MODELS), files)

    @each
    def test_recorded_agreement_is_within_its_bounds(self, entry, _):
        self.assertEqual(agreement.above_bounds(entry), [])
        self.assertGreaterEqual(len(set(entry["agreement"]["photographs"])), 10)

    def test_readme_tables_are_the_registry_s(self):
        text = readme.README.read_text(encoding="utf-8")
        self.assertEqual(readme.render(text, registry.load()), text, "run `python models/convert.py --readme`")


class Files(unittest.TestCase):
    @each
    def test_checker_finds_nothing(self, entry, file):
        onnx.checker.check_model(onnx.load_from_string(file), full_check=True)

    @each
    def test_standard_operators_and_no_other_files(self, entry, file):
        model = onnx.load_from_string(file)
        self.assertEqual([opset.domain for opset in model.opset_import], [""])
        self.assertEqual({node.domain for node in model.graph.node}, {""})
        self.assertEqual(len(model.functions), 0)
        stored_here = onnx.TensorProto.DEFAULT
        self.assertEqual({tensor.data_location for tensor in model.graph.initializer}, {stored_here})

    @each
    def test_ends_are_as_the_registry_says(self, entry, file):
        graph = onnx.load_from_string(file).graph
        size = (entry["input"]["height"], entry["input"]["width"])
        wanted = {"picture": (1, *size, 3), "output": (1, *size, len(entry["output"]["classes"]))}
        ends = [*graph.input, *graph.output]
        shapes = {end.name: tuple(side.dim_value for side in end.type.tensor_type.shape.dim) for end in ends}
        self.assertEqual(shapes, wanted)
        self.assertEqual({end.type.tensor_type.elem_type for end in ends}, {onnx.TensorProto.FLOAT})

    @each
    def test_large_weights_have_16_bits(self, entry, file):
        exact = precision.EXACT.get(entry["id"], ())
        for tensor in onnx.load_from_string(file).graph.initializer:
            if np.prod(tensor.dims) > precision.FEW and tensor.name not in exact:
                kinds = (onnx.TensorProto.FLOAT16, onnx.TensorProto.INT16)
                self.assertIn(tensor.data_type, kinds, tensor.name)


class Precision(unittest.TestCase):
    def test_rounding_is_below_half_a_step_and_leaves_the_mean(self):
        draw = np.random.default_rng(2)
        weights = draw.normal(size=(5, 7, 3, 3)).astype(np.float32)
        weights[3] = 0
        values, scales = precision.fixed(weights)
        rounded = values * scales
        self.assertEqual((values.dtype, scales.shape), (np.int16, (5, 1, 1, 1)))
        self.assertTrue(np.all(np.abs(rounded - weights) <= scales * 0.501))
        np.testing.assert_array_equal(np.abs(values).max(axis=(1, 2, 3)), [32767, 32767, 32767, 0, 32767])

        means, bias = draw.normal(size=7), draw.normal(size=5).astype(np.float32)
        settled = precision.settled(bias, weights, rounded, means)
        output = [np.einsum("oihw,i->o", w, means) + b for w, b in ((weights, bias), (rounded, settled))]
        np.testing.assert_allclose(output[1], output[0], rtol=0, atol=1e-6)

    def test_means_are_of_photographs_that_no_figure_is_taken_on(self):
        for entry in MODELS:
            measured = precision.load().get(entry["id"], {"photographs": []})["photographs"]
            self.assertTrue(set(measured).isdisjoint(entry["agreement"]["photographs"]))


class Conversion(unittest.TestCase):
    @each
    def test_gives_the_committed_bytes(self, entry, file):
        made, multiply_adds = registry.convert(entry)
        self.assertEqual(source.sha256(made), source.sha256(file))
        self.assertEqual(multiply_adds, entry["multiplyAdds"])

    def test_another_original_is_refused(self):
        changed = copy.deepcopy(MODELS[0]["source"])
        changed["sha256"] = "0" * 64
        with self.assertRaisesRegex(SystemExit, "has SHA-256"):
            source.fetch(changed)

    def test_a_wrong_contract_is_refused(self):
        changed = copy.deepcopy(MODELS[0])
        changed["input"]["width"] += 1
        with self.assertRaisesRegex(SystemExit, "its registry entry says"):
            registry.convert(changed)


class Agreement(unittest.TestCase):
    """On the fixtures that are committed; `convert.py --agree` does it on ten."""

    def setUp(self):
        pictures = json.loads((registry.FIXTURES / "manifest.json").read_text(encoding="utf-8"))["pictures"]
        committed = {one["id"] for one in pictures if one["committed"]}
        self.photographs = {
            entry["id"]: [name for name in entry["agreement"]["photographs"] if name in committed] for entry in MODELS
        }

    @each
    def test_within_the_bounds_of_the_registry(self, entry, _):
        photographs = self.photographs[entry["id"]]
        self.assertGreaterEqual(len(photographs), 1)
        measured = {**entry, "agreement": agreement.measure(entry, photographs)}
        self.assertEqual(agreement.above_bounds(measured), [])

    @each
    def test_a_wrong_layout_is_noticed(self, entry, file):
        """The bounds are tight enough to tell a mirrored picture from the right one."""
        pixels = agreement.picture(registry.photograph(self.photographs[entry["id"]][0]), entry["input"])
        wanted = agreement.Reference(source.fetch(entry["source"])).run(pixels)
        got = agreement.Converted(file).run(np.ascontiguousarray(pixels[:, :, ::-1]))
        self.assertGreater(agreement.Difference.between(got, wanted).max_abs, entry["agreement"]["bounds"]["output"])


class Views(unittest.TestCase):
    def test_steps_do_what_the_chain_does(self):
        """Random chains of Reshape and Transpose, collapsed, against numpy doing them one by one."""
        draw = random.Random(2)
        shapes = [(4, 6, 1, 8), (2, 12, 8, 1), (8, 4, 6), (1, 24, 8), (2, 2, 6, 8), (192,)]
        done = 0
        for _ in range(400):
            view = View.of("x", draw.choice(shapes))
            wanted = stored = np.arange(192).reshape(view.shape)
            for _ in range(draw.randrange(1, 6)):
                if draw.random() < 0.5:
                    order = draw.sample(range(wanted.ndim), wanted.ndim)
                    view, wanted = view.transpose(order), wanted.transpose(order)
                else:
                    shape = draw.choice(shapes)
                    try:
                        view = view.reshape(shape)
                    except ValueError:
                        continue  # mixes axes that share no factor, which a view cannot say
                    wanted = wanted.reshape(shape)
            split, order, shape = view.steps()
            np.testing.assert_array_equal(stored.reshape(split).transpose(order).reshape(shape), wanted)
            done += order != sorted(order)
        self.assertGreater(done, 100)


if __name__ == "__main__":
    unittest.main()

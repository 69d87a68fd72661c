"""Referee of exported files: FOLDER holds net.onnx, images.bin and <output>.bin (float32, little-endian).

Passes when the ONNX checker and strict shape inference accept the file and ONNX Runtime, without optimisations,
gives the expected outputs within TOLERANCE of their largest magnitude.
Needs: onnx==1.23.2, onnxruntime==1.32.0, numpy.
"""
import pathlib
import sys

import numpy
import onnx
import onnxruntime


def main(folder, batch, tolerance):
    path = str(folder / "net.onnx")
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    (entry,) = session.get_inputs()
    images = numpy.fromfile(folder / "images.bin", numpy.float32).reshape([batch, *entry.shape[1:]])
    names = [output.name for output in session.get_outputs()]
    wrong = 0
    for name, got in zip(names, session.run(names, {entry.name: images})):
        want = numpy.fromfile(folder / f"{name}.bin", numpy.float32)
        error = numpy.abs(got.ravel() - want).max() / numpy.abs(want).max() if got.size == want.size else numpy.inf
        print(f"{name} {list(got.shape)}: {error:.3g}")
        wrong += not error <= tolerance
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))

"""Referee of exported files: RUNTIME FOLDER BATCH TOLERANCE. FOLDER holds net.onnx or net.xml, images.bin and
<output>.bin (float32, little-endian).

Passes when the ONNX checker and strict shape inference accept net.onnx, and the runtime gives the expected outputs
within TOLERANCE of their largest magnitude, an eighth of it on average: onnxruntime without optimisations, openvino on the CPU in FP32.
Needs: onnx==1.23.2, onnxruntime==1.32.0, openvino==2026.4.1, numpy.
"""
import pathlib
import sys

import numpy


def run_onnxruntime(folder, images):
    import onnx
    import onnxruntime

    path = str(folder / "net.onnx")
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    (entry,) = session.get_inputs()
    names = [output.name for output in session.get_outputs()]
    given = images(entry.shape[1:])
    if entry.type == "tensor(uint8)":
        given = numpy.rint(images([3, *entry.shape[1:3]]) * 255).astype(numpy.uint8).transpose(0, 2, 3, 1)
    return only_found(dict(zip(names, session.run(names, {entry.name: given}))))


def only_found(results):
    """Of a file that suppresses boxes, rows that mean nothing become 0, and integers floats."""
    if "num_dets" in results:
        for image, (count,) in enumerate(results["num_dets"]):
            for name in ("det_boxes", "det_scores", "det_classes"):
                results[name][image, count:] = 0
        for name in ("num_dets", "det_classes"):
            assert results[name].dtype == numpy.int32, name
            results[name] = results[name].astype(numpy.float32)
    return results


def run_openvino(folder, images):
    import openvino

    (path,) = folder.glob("net.[ox][nm]*")
    core = openvino.Core()
    model = core.read_model(str(path))
    compiled = core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    shape = [extent.get_length() for extent in list(model.input().get_partial_shape())[1:]]
    results = compiled([images(shape)])
    # An output that was converted keeps the name of its source beside its own.
    named = [(name, port) for port in compiled.outputs for name in port.get_names()]
    return {name: results[port] for name, port in named if (folder / f"{name}.bin").exists()}


def main(runtime, folder, batch, tolerance):
    def images(shape):
        return numpy.fromfile(folder / "images.bin", numpy.float32).reshape([batch, *shape])

    wrong = 0
    for name, got in {"onnxruntime": run_onnxruntime, "openvino": run_openvino}[runtime](folder, images).items():
        want = numpy.fromfile(folder / f"{name}.bin", numpy.float32)
        assert got.size == want.size and got.dtype == numpy.float32, (name, got.shape, got.dtype)
        errors = numpy.abs(got.ravel() - want) / numpy.abs(want).max()
        print(f"{runtime} {name} {list(got.shape)}: largest error {errors.max():.3g}, mean {errors.mean():.3g}")
        wrong += not (errors.max() <= tolerance and errors.mean() <= tolerance / 8)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], pathlib.Path(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])))

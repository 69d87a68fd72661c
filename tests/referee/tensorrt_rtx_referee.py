"""tensorrt_rtx_referee.py FOLDER: NVIDIA's ONNX parser and builder, without a GPU, under strong typing.

FOLDER holds <name>.onnx files and expected.json: {name: {layer type: count}, or null}. Passes when each file is parsed
and built into a plan, and the parsed network has that many layers of each type; those with null must be refused.
Prints a line a file.
Exits with 77 when the package is absent. Needs: tensorrt-rtx-cu13-libs, tensorrt-rtx-cu13-bindings 1.7.1.116.
"""
import collections
import json
import pathlib
import sys
import time

try:
    import tensorrt_rtx_bindings as trt
except ImportError as error:
    print(error, file=sys.stderr)
    sys.exit(77)


class Log(trt.ILogger):
    """Keeps what is worse than information."""

    def __init__(self):
        super().__init__()
        self.lines = []

    def log(self, severity, text):
        if severity <= trt.ILogger.WARNING:
            self.lines.append(text)


def judge(path, expected, log):
    """What is wrong with a file, and a line about it."""
    log.lines.clear()
    builder = trt.Builder(log)
    network = builder.create_network(0)
    parser = trt.OnnxParser(network, log)
    start = time.monotonic()
    if not parser.parse_from_file(str(path)):
        return "; ".join(str(parser.get_error(i)) for i in range(parser.num_errors)), ""
    counts = collections.Counter(str(network.get_layer(i).type).split(".")[-1] for i in range(network.num_layers))
    found = {kind: counts[kind] for kind in expected}
    if found != expected:
        return f"layers {found}, expected {expected}", ""
    parsed = time.monotonic()
    config = builder.create_builder_config()
    image = network.get_input(0)
    if image.shape[0] < 0:
        profile = builder.create_optimization_profile()
        profile.set_shape(image.name, *[(batch, *image.shape[1:]) for batch in (1, 4, 8)])
        config.add_optimization_profile(profile)
    plan = builder.build_serialized_network(network, config)
    if plan is None:
        return "no plan: " + "; ".join(log.lines), ""
    built = time.monotonic()
    return "", (f"{network.num_layers} layers, {counts['QUANTIZE']} Q, {counts['DEQUANTIZE']} DQ, parsed in "
                f"{parsed - start:.2f} s, plan of {plan.nbytes} bytes in {built - parsed:.2f} s"
                + "".join(f"\n  {line}" for line in sorted(set(log.lines))))


def main(folder):
    wrong, log = 0, Log()  # the library knows the first log of a process only
    for name, expected in json.loads((folder / "expected.json").read_text()).items():
        error, line = judge(folder / f"{name}.onnx", expected or {}, log)
        print(f"{name}: {error or line}", flush=True)
        wrong += bool(error) != (expected is None)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))

"""INT8 files of OpenVINO in alternation: ours, and the one that NNCF makes of the float network.

    nncf_in_turns.py FLOAT.onnx INPUTS NAME=FILE ...    INPUTS: a folder of `yolov6q eval --inputs --batch-size 1`

Prints medians of wall-clock and of processor time, and their ratio to NNCF's within each round.
"""
import os, pathlib, statistics, sys, time
import numpy, openvino

THREADS, ROUNDS, SECONDS = (int(os.environ.get(name, value)) for name, value in
                            (("THREADS", 1), ("ROUNDS", 10), ("SECONDS", 2)))
core = openvino.Core()


def images_of(folder, shape):
    files = sorted(pathlib.Path(folder).glob("inputs-*.bin"))[:300]
    return [numpy.fromfile(file, numpy.float32).reshape(shape) for file in files]


def quantized_by_nncf(model, images):
    import nncf
    return nncf.quantize(model, nncf.Dataset(images), preset=nncf.QuantizationPreset.MIXED)


class Contestant:
    def __init__(self, name, model, image):
        compiled = core.compile_model(model, "CPU", {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": THREADS,
                                                     "INFERENCE_PRECISION_HINT": "f32"})
        self.name, self.request = name, compiled.create_infer_request()
        if compiled.input(0).element_type == openvino.Type.u8:
            image = numpy.rint(image.transpose(0, 2, 3, 1) * 255).astype(numpy.uint8)
        self.request.set_input_tensor(openvino.Tensor(numpy.ascontiguousarray(image)))
        self.wall, self.processor = [], []  # medians of a round, ms

    def round(self):
        wall, processor, end = [], [], time.perf_counter() + SECONDS
        while time.perf_counter() < end or len(wall) < 3:
            before = time.perf_counter(), time.process_time()
            self.request.infer()
            wall.append(1e3 * (time.perf_counter() - before[0]))
            processor.append(1e3 * (time.process_time() - before[1]))
        self.wall.append(statistics.median(wall))
        self.processor.append(statistics.median(processor))


def summary(values):
    low, middle, high = numpy.quantile(values, [0.25, 0.5, 0.75])
    return f"{middle:.3f} ({low:.3f} to {high:.3f})"


def main(float_file, inputs, *files):
    model = core.read_model(float_file)
    images = images_of(inputs, tuple(model.input(0).shape))
    contestants = [Contestant("nncf", quantized_by_nncf(model, images), images[0])]
    for name, file in (item.split("=", 1) for item in files):
        contestants.append(Contestant(name, core.read_model(file), images[0]))
    for contestant in contestants:
        contestant.round()  # warm-up
        contestant.wall.clear(), contestant.processor.clear()
    for _ in range(ROUNDS):
        for contestant in contestants:
            contestant.round()
    print(f"{ROUNDS} rounds of {SECONDS} s in turns, {THREADS} threads; median (quartiles) of the rounds' medians")
    print(f"{'':12}{'wall ms':>26}{'processor ms':>26}{'wall / nncf':>26}{'processor / nncf':>26}")
    peer = contestants[0]
    for one in contestants:
        ratios = [[a / b for a, b in zip(mine, others)]
                  for mine, others in ((one.wall, peer.wall), (one.processor, peer.processor))]
        print(f"{one.name:12}" + "".join(f"{summary(v):>26}" for v in (one.wall, one.processor, *ratios)))


main(*sys.argv[1:])

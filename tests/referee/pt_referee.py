"""Opens a state dictionary with PyTorch, and writes files of torch.save() for our reader.

pt_referee.py load FILE       the state dictionary of pt_referee_test.cpp, through weights_only
pt_referee.py save FOLDER     zip and older container, views, types, protocols, a module, scales
pt_referee.py describe FILE   FILE.txt: one line an entry of a state dictionary (.pt) or model file (.safetensors):
                              name, type, shape, sum in double
"""

import sys
from collections import OrderedDict

try:
    import torch
except ImportError:
    sys.exit(77)


def load(path):
    state = torch.load(path, weights_only=True)
    assert list(state) == ["b.weight", "a.count", "scalar", "empty", "codes"], list(state)
    assert state["b.weight"].dtype == torch.float32 and state["b.weight"].shape == (2, 3)
    assert state["b.weight"].tolist() == [[0.0, 0.5, 1.0], [1.5, 2.0, 2.5]]
    assert state["a.count"].dtype == torch.int64 and state["a.count"].item() == 7
    assert state["scalar"].shape == () and state["scalar"].item() == -1.25
    assert state["empty"].shape == (0, 4)
    assert state["codes"].dtype == torch.int8 and state["codes"].tolist() == [-128, 0, 127]


def describe(path):
    if path.endswith(".pt"):
        state = torch.load(path, weights_only=True)
    else:
        try:
            from safetensors.torch import load_file
        except ImportError:
            sys.exit(77)
        state = load_file(path)
    with open(path + ".txt", "w") as out:
        for name, tensor in state.items():
            shape = "x".join(str(extent) for extent in tensor.shape) or "scalar"
            out.write(f"{name} {tensor.dtype} {shape} {tensor.double().sum().item():.17g}\n")


def save(folder):
    base = torch.arange(24, dtype=torch.float32).reshape(2, 3, 4)
    state = OrderedDict(
        whole=base,
        transposed=base.permute(2, 0, 1),
        slice=base[1, 1:, ::2],
        row=base[0, 2],
        expanded=torch.tensor([[3.0]]).expand(2, 2),
        half=torch.tensor([1.5, -2.0, 65504.0], dtype=torch.float16),
        brain=torch.tensor([1.5, -2.0], dtype=torch.bfloat16),
        double=torch.tensor([0.1], dtype=torch.float64),
        integers=torch.tensor([[-1, 2]], dtype=torch.int32),
        flags=torch.tensor([True, False]),
        scalar=torch.tensor(5, dtype=torch.int64),
        parameter=torch.nn.Parameter(torch.tensor([4.0])),
    )
    torch.save(state, folder + "/zip.pt")
    for protocol in (2, 3, 4, 5):
        torch.save(state, f"{folder}/zip{protocol}.pt", pickle_protocol=protocol)
    torch.save(state, folder + "/legacy.pt", _use_new_zipfile_serialization=False)
    torch.manual_seed(0)
    module = torch.nn.Sequential(
        OrderedDict(conv=torch.nn.Conv2d(1, 3, 1, bias=False), bn=torch.nn.BatchNorm2d(3), act=torch.nn.ReLU())
    )
    torch.nn.init.constant_(module.conv.weight, 0.25)
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1, momentum=0.9)
    module(torch.ones(1, 1, 2, 2)).sum().backward()
    optimizer.step()
    torch.nn.init.constant_(module.conv.weight, 0.25)
    checkpoint = {"model": module.half(), "ema": None, "epoch": 3, "optimizer": optimizer.state_dict()}
    torch.save(checkpoint, folder + "/module.pt")
    torch.save(checkpoint, folder + "/legacy_module.pt", _use_new_zipfile_serialization=False)
    torch.save([(torch.ones(2), torch.zeros(3))], folder + "/scales.pt")
    torch.serialization.set_crc32_options(False)
    torch.save(state, folder + "/no_checksums.pt")


{"load": load, "save": save, "describe": describe}[sys.argv[1]](sys.argv[2])

"""QAT step in plain PyTorch on a device, for comparison with ours: the network of repopt_net.py, whose folder is on PYTHONPATH, with
LibTorch's fused fake quantization of what each convolution reads and of its weights (as modelopt's INT8_DEFAULT_CFG places
quantizers), and the forward pass of a float teacher.
usage: torch_device_qat_step.py {n,s} SIZE BATCH {cuda,cpu} {fp32,bf16} STEPS
Prints images/s (median step), peak memory, and the device. No detection loss (sum of squared outputs), channels-last, fused SGD."""
import copy, statistics, sys, time
import torch
from torch import nn
from repopt_net import Net

RANGE = 4.0  # of activations; the time does not depend on it


def quantized(conv):
    axis = 1 if isinstance(conv, nn.ConvTranspose2d) else 0
    with torch.no_grad():
        others = [d for d in range(conv.weight.dim()) if d != axis]
        scale = conv.weight.abs().amax(others) / 127
    conv.register_buffer("weight_scale", scale)
    conv.register_buffer("weight_zero", torch.zeros_like(scale, dtype=torch.int32))

    def forward(x):
        x = torch.fake_quantize_per_tensor_affine(x, RANGE / 127, 0, -128, 127)
        weight = torch.fake_quantize_per_channel_affine(conv.weight, conv.weight_scale, conv.weight_zero, axis, -127, 127)
        if isinstance(conv, nn.ConvTranspose2d):
            return nn.functional.conv_transpose2d(x, weight, conv.bias, conv.stride)
        return conv._conv_forward(x, weight, conv.bias)

    conv.forward = forward


kind, size, batch, device, precision, steps = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), torch.device(sys.argv[4]), sys.argv[5], int(sys.argv[6])
torch.manual_seed(0)
torch.backends.cudnn.benchmark = True
teacher = Net(kind).to(device).to(memory_format=torch.channels_last).eval()
net = copy.deepcopy(teacher).train()
for module in net.modules():
    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
        quantized(module)
images = torch.rand(batch, 3, size, size, device=device).to(memory_format=torch.channels_last)
optimizer = torch.optim.SGD(net.parameters(), 1e-3, momentum=0.937, nesterov=True, fused=device.type == "cuda")
wait = torch.cuda.synchronize if device.type == "cuda" else lambda: None
times = []
for i in range(steps + 5):
    wait()
    start = time.time()
    with torch.autocast(device.type, dtype=torch.bfloat16, enabled=precision == "bf16"):
        with torch.no_grad():
            teacher(images)
        outputs = net(images)
    loss = sum(o.float().pow(2).mean() for o in outputs)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
    wait()
    if i >= 5:
        times.append(time.time() - start)
peak = torch.cuda.max_memory_allocated() / 2**20 if device.type == "cuda" else float("nan")
name = torch.cuda.get_device_name() if device.type == "cuda" else "cpu"
print(f"QAT {kind} {size} batch {batch} {precision} on {name}, torch {torch.__version__}: {batch / statistics.median(times):.1f} images/s, peak {peak:.0f} MiB")

// Only here so that torch/torch.h is precompiled once for every target that includes it.

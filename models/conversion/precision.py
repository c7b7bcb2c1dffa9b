"""Which weights fp16 may round.

The selfie networks were published with fp16 weights, which are kept as they are. multiclass was
published with fp32 weights; rounding all of them moves single pixels by several percent. Nearly
all of that comes from few tensors, so those keep fp32: every small one and the ones named here.
"""

# Tensors of up to so many weights keep fp32: the first layers and every depthwise kernel among them.
FEW = 24_576

# Larger tensors that keep fp32: those whose rounding costs most for their size, as `rounding` measures.
EXACT = {
    "multiclass": frozenset(f"conv_{number}.weight" for number in (8, 9, 15, 60, 67, 80, 83, 96)),
}


def may_round(model: str, name: str, size: int) -> bool:
    return size > FEW and name not in EXACT.get(model, ())

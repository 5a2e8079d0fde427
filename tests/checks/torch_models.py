#!/usr/bin/env python3
"""Exports models with torch.export and compares tenon with torch and with the ONNX export of the same model.

usage: torch_models.py [--tenon FILE] [--work DIR] [--cases NAME,...] [--levels none,o1] [--tolerance 1e-5]

Needs torch 2.8 or newer (torchvision for the image models, onnxscript for the comparison with ONNX), which tests/run.sh
does not install: 2 GB. Every model is exported as it is and after run_decompositions(), with random weights and symbolic
sizes, and runs at two batches. The error of an output is max |a - b| over the largest |b|.
"""
import argparse
import os
import pathlib
import subprocess
import sys
import tempfile
import warnings

ROOT = pathlib.Path(__file__).resolve().parents[2]
TIME_LIMIT_S = 900


def skip(reason):
    print(f"skipped: torch_models: {reason}")
    print("0 passed, 0 failed, 1 skipped")
    return 0


def randomize(torch, model):
    """Statistics and weights that are not those of a fresh layer."""
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for module in model.modules():
            if hasattr(module, "running_mean") and module.running_mean is not None:
                module.running_mean.copy_(torch.randn(module.running_mean.shape, generator=generator) * 0.1)
                module.running_var.copy_(torch.rand(module.running_var.shape, generator=generator) + 0.5)
        for parameter in model.parameters():
            if parameter.numel() and float(parameter.abs().max()) in (0.0, 1.0):
                noise = torch.randn(parameter.shape, generator=generator) * 0.1
                parameter.copy_(parameter * 0.7 + noise)
    return model.eval()


def image_models(torch, found):
    """torchvision's; `found` lists why some are left out."""
    try:
        import torchvision
    except ImportError as error:
        found.append(f"skipped: image models: {error}")
        return {}
    batch = {0: torch.export.Dim("batch", min=1, max=64)}

    def image(n):
        return (torch.randn(n, 3, 224, 224),)

    return {name: (make, image, (batch,)) for name, make in
            {"resnet50": torchvision.models.resnet50, "mobilenet_v3_large": torchvision.models.mobilenet_v3_large,
             "vit_b_16": torchvision.models.vit_b_16}.items()}


def text_models(torch):
    nn = torch.nn

    class bert(nn.Module):
        """Two layers as BERT has them, with a padding mask."""

        def __init__(self, vocabulary=100, width=32, heads=4, layers=2, longest=64):
            super().__init__()
            self.word, self.place = nn.Embedding(vocabulary, width), nn.Embedding(longest, width)
            self.norm, self.heads = nn.LayerNorm(width), heads
            self.layers = nn.ModuleList([nn.ModuleDict({
                **{name: nn.Linear(width, width) for name in ("q", "k", "v", "o")},
                **{name: nn.LayerNorm(width) for name in ("n1", "n2")},
                "a": nn.Linear(width, 4 * width), "b": nn.Linear(4 * width, width)}) for _ in range(layers)])

        def forward(self, ids, mask):
            batch, length = ids.shape
            x = self.norm(self.word(ids) + self.place(torch.arange(length)).unsqueeze(0))
            bias = (1.0 - mask[:, None, None, :].to(x.dtype)) * torch.finfo(x.dtype).min
            for layer in self.layers:
                def heads(name, layer=layer, x=x):
                    return layer[name](x).view(batch, length, self.heads, -1).transpose(1, 2)
                y = nn.functional.scaled_dot_product_attention(heads("q"), heads("k"), heads("v"), attn_mask=bias)
                x = layer["n1"](x + layer["o"](y.transpose(1, 2).reshape(batch, length, -1)))
                x = layer["n2"](x + layer["b"](nn.functional.gelu(layer["a"](x))))
            return x, torch.tanh(x[:, 0])

    def encoder():
        layer = nn.TransformerEncoderLayer(32, 4, 64, batch_first=True)
        return nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)

    def mlp():
        return nn.Sequential(nn.Flatten(), nn.Linear(784, 64), nn.ReLU(), nn.Dropout(), nn.Linear(64, 10), nn.Softmax(-1))

    def sentences(n):
        mask = torch.ones(n, 4 + n, dtype=torch.int64)
        mask[0, 3:] = 0
        return torch.randint(0, 100, (n, 4 + n)), mask

    batch, length = torch.export.Dim("batch", min=1, max=64), torch.export.Dim("length", min=2, max=64)
    both = {0: batch, 1: length}
    return {"bert": (bert, sentences, (both, both)),
            "encoder": (encoder, lambda n: (torch.randn(n, 6 + n, 32),), (both,)),
            "mlp": (mlp, lambda n: (torch.randn(n, 1, 28, 28),), ({0: batch},))}


def functions(torch):
    """Small functions of one image batch x: f32[n, 4, 8, 8], by name."""
    f = torch.nn.functional
    table = {
        "arithmetic": lambda x: (x + 2, x.add(x, alpha=3), 1 - x, x.sub(1, alpha=2), x * x / 3, x.abs().pow(1.5), x**2,
                                 torch.rsqrt(x.abs() + 1), torch.addcmul(x, x, x, value=0.5)),
        "division": lambda x: (torch.div(x, 0.3, rounding_mode="floor"), torch.div(x, 0.3, rounding_mode="trunc"),
                               x // 0.7, torch.remainder(x, 0.4), torch.fmod(x, 0.4), x.reciprocal()),
        "integers": lambda x: ((x * 9).to(torch.int64) // 4, (x * 9).to(torch.int64) % 4, (x * 9).int() / 2,
                               (x * 9).long() * 2 + 1, ((x * 9).long() + 0.5), (x > 0) + (x < 1)),
        "comparisons": lambda x: (x > 0, x >= 0.5, x.lt(x.mean()), x == x, x != 0, (x > 0) & (x < 1), ~(x > 0),
                                  torch.logical_or(x > 1, x < -1), torch.where(x > 0, x, -1.0)),
        "activations": lambda x: (f.relu6(x * 9), f.hardtanh(x, -0.5, 0.7), f.hardswish(x), f.hardsigmoid(x), f.gelu(x),
                                  f.gelu(x, approximate="tanh"), f.silu(x), f.leaky_relu(x, 0.2), f.elu(x, 0.5),
                                  f.softplus(x), f.softplus(x, beta=2.0), f.mish(x), f.selu(x), f.glu(x, 1),
                                  f.logsigmoid(x), f.celu(x, 1.3), f.threshold(x, 0.1, 0.5)),
        "functions": lambda x: (x.exp(), x.abs().add(1).log(), x.sigmoid(), x.tanh(), x.erf(), x.sqrt().isnan(), x.neg(),
                                x.sin(), x.cos(), x.floor(), x.ceil(), x.round(), x.trunc(), x.sign(), torch.log1p(x.abs()),
                                torch.expm1(x), x.square(), torch.log2(x.abs() + 1), torch.exp2(x)),
        "clamps": lambda x: (x.clamp(-0.5, 0.5), x.clamp(min=0), x.clamp_max(0.1), torch.clamp(x, x - 1, x + 1),
                             torch.maximum(x, -x), torch.min(x, x * 2), x.masked_fill(x > 0, 7.0)),
        "reductions": lambda x: (x.mean(), x.mean((2, 3)), x.sum(1, keepdim=True), x.amax((1, 2)), x.amin(3), x.prod(3),
                                 x.argmax(1), x.argmin(2, keepdim=True), x.max(), x.min(2)[0], x.max(3)[1], x.sum(),
                                 (x > 2).any(), (x > -9).all(3), x.logsumexp(1), x.cumsum(2), x.norm(dim=1)),
        "variances": lambda x: (x.var(1), x.std((2, 3), unbiased=False), *torch.var_mean(x, 1, correction=0),
                                torch.linalg.vector_norm(x, dim=(2, 3)), *x.topk(3, 3)),
        "softmax": lambda x: (x.softmax(1), x.log_softmax(-1), (x > 0).float().softmax(2)),
        "shapes": lambda x: (x.view(x.shape[0], -1), x.reshape(-1, 16), x.flatten(2), x.permute(0, 2, 3, 1),
                             x.transpose(1, 3), x[:, 0].unsqueeze(1).squeeze(1), x.unflatten(1, (2, 2)), x.flatten(),
                             x.movedim(1, -1), x.unsqueeze(-1).expand(-1, -1, -1, -1, 3), x.mT, x[0, 0].t()),
        "pieces": lambda x: (*x.split(3, 1), *x.chunk(2, 3), *x.split([1, 3], 1), *x.unbind(1), x[:, 1:3, ::2],
                             x[..., -1], x.narrow(2, 1, 4), x.flip(3), torch.cat([x, x * 2], 1), torch.stack([x, x], 2)),
        "symbols": lambda x: (torch.arange(x.shape[0]), torch.zeros(x.shape[0], 2), torch.ones_like(x) * x.shape[0],
                              torch.full((x.shape[0] * 2, 3), 1.5), x.new_zeros(x.shape[0] + 1), x.repeat(2, 1, 1, 1),
                              torch.arange(0, 3, 0.5), x.reshape(x.shape[0] * 2, 2, 64), torch.full_like(x, 2),
                              x.reshape(x.shape[0], 4 * x.shape[2], -1)),
        "indices": lambda x: (x.index_select(1, torch.tensor([2, 0])), x.gather(1, (x > 0).long()), x[:, [0, 3]],
                              x[torch.tensor([0, 0]), torch.tensor([1, 2])],
                              x[:, :, torch.tensor([[1], [-2]]), torch.tensor([0, 3, 5])], x[:, [1, 2], [3, 4]],
                              f.pad(x, (1, 2)), f.pad(x, (1, 1, 2, 0), value=3.0),
                              f.pad(x, (1, 2, 3, 1), mode="reflect"), f.pad(x, (1, 2), mode="replicate")
                              if x.dim() == 3 else f.pad(x, (1, 2, 0, 1), mode="replicate"), x.tril(), x.triu(1)),
        "replacements": lambda x: (x.roll(3, 2), x.roll((1, -2), (1, 3)), torch.slice_scatter(x, x[:, 1:3], 1, 2, 4),
                                   torch.select_scatter(x, x[:, 0], 1, -1), torch.full_like(x, 2).fill_(3), x[0].roll(5),
                                   torch.zeros(1, 8).copy_(x[0, 0, :1]), x.scatter(1, (x > 0).long(), 2.0),
                                   x.scatter_add(1, (x > 0).long(), x), *x.sort(3), x.argsort(1, descending=True),
                                   f.hardshrink(x), f.softshrink(x, 0.3), x.mean((2, 3), keepdim=True)),
        "pools": lambda x: (f.max_pool2d(x, 3, 2, 1), f.avg_pool2d(x, 2), f.avg_pool2d(x, 3, 2, 1, count_include_pad=False),
                            f.adaptive_avg_pool2d(x, 1), f.adaptive_avg_pool2d(x, (4, 2)), f.max_pool2d(x, 3, 2, ceil_mode=True),
                            f.avg_pool2d(x, 3, 2, 1, ceil_mode=True), f.max_pool1d(x[:, 0], 2), f.adaptive_max_pool2d(x, 1)),
        "sizes": lambda x: (f.interpolate(x, scale_factor=2.0), f.interpolate(x, size=(12, 20), mode="bilinear"),
                            f.interpolate(x, scale_factor=1.5, mode="bilinear"),
                            f.interpolate(x, size=(5, 6), mode="bilinear", align_corners=True), f.interpolate(x, size=(5, 6)),
                            f.interpolate(x, scale_factor=2.0, mode="bicubic"),
                            f.pixel_shuffle(x, 2)),
        "products": lambda x: (x @ x, torch.bmm(x[:, 0], x[:, 1]), torch.einsum("bchw,bcwk->bhk", x, x),
                               torch.baddbmm(x[:, 0], x[:, 1], x[:, 2], beta=0.5, alpha=2.0), x[0, 0].mv(x[0, 0, 0]),
                               torch.addmm(x[0, 0], x[0, 1], x[0, 2]), f.linear(x, torch.ones(3, 8))),
        "attention": lambda x: (f.scaled_dot_product_attention(x, x, x), f.scaled_dot_product_attention(x, x, x, x[:, :1] > 0),
                                f.scaled_dot_product_attention(x, x, x, is_causal=True, scale=0.3),
                                f.scaled_dot_product_attention(x, x[:, :2], x[:, :2], enable_gqa=True),
                                f.scaled_dot_product_attention(x[:, 0], x[:, 1], x[:, 2])),
        "in place": lambda x: (x.mul(2).relu_().add_(1), f.relu(x + 1, inplace=True), (x * 1).clamp_(0, 1)),
    }

    def wrapped(x):
        y = x + 1
        with torch.no_grad():
            z = torch.relu(y * 2)
            with torch.autocast("cpu", enabled=False):
                z = z - x
        return z * y

    table["wrapped"] = wrapped

    def module_of(function):
        class module(torch.nn.Module):
            def forward(self, x):
                return function(x)
        return module

    batch = {0: torch.export.Dim("batch", min=1, max=64)}
    image = (lambda n: (torch.randn(n, 4, 8, 8),), (batch,))
    return {name: (module_of(function), *image) for name, function in table.items()}


def layers(torch):
    """Layers with weights over x: f32[n, 4, 8, 8]."""
    nn = torch.nn

    def several(*modules):
        class module(nn.Module):
            def __init__(self):
                super().__init__()
                self.parts = nn.ModuleList(modules)

            def forward(self, x):
                return tuple(part(x) for part in self.parts)
        return module

    def flat(*modules):
        return nn.Sequential(nn.Flatten(2), *modules)

    table = {
        "convolutions": several(nn.Conv2d(4, 6, 3, padding=1), nn.Conv2d(4, 8, 3, 2, groups=2, bias=False),
                                nn.Conv2d(4, 4, 3, dilation=2, groups=4), nn.Conv2d(4, 3, 4, padding="same"),
                                flat(nn.Conv1d(4, 5, 3, padding=2)), nn.ConvTranspose2d(4, 3, 3, 2, 1, output_padding=1),
                                flat(nn.ConvTranspose1d(4, 2, 4, 2)),
                                nn.Sequential(nn.Unflatten(1, (2, 2)), nn.Conv3d(2, 3, (1, 3, 3)))),
        "norms": several(nn.BatchNorm2d(4), nn.BatchNorm2d(4, affine=False), nn.LayerNorm(8), nn.LayerNorm((4, 8, 8)),
                         nn.GroupNorm(2, 4), nn.InstanceNorm2d(4), nn.InstanceNorm2d(4, affine=True), flat(nn.BatchNorm1d(4)),
                         nn.LayerNorm(8, elementwise_affine=False), nn.RMSNorm(8), nn.LayerNorm(8, bias=False)),
        "linear": several(nn.Linear(8, 5), flat(nn.Linear(64, 7, bias=False)), nn.PReLU(4), nn.PReLU(),
                          nn.Sequential(nn.Dropout2d(), nn.Hardswish(inplace=True))),
    }
    batch = {0: torch.export.Dim("batch", min=1, max=64)}
    return {name: (make, lambda n: (torch.randn(n, 4, 8, 8),), (batch,)) for name, make in table.items()}


def difference(np, got, want):
    """The error of an output; inf for outputs that cannot be compared."""
    if got.shape != want.shape or got.dtype != want.dtype:
        return float("inf"), f"{got.dtype}{got.shape} for {want.dtype}{want.shape}"
    if want.dtype.kind != "f":
        wrong = int((got != want).sum())
        return (float("inf") if wrong else 0.0), f"{wrong} of {want.size} differ"
    finite = np.isfinite(want)
    if not np.array_equal(got[~finite], want[~finite], equal_nan=True) or not np.isfinite(got[finite]).all():
        return float("inf"), "infinities or NaN differ"
    if not finite.any():
        return 0.0, "nothing finite"
    error = np.abs(got[finite].astype(np.float64) - want[finite]).max() / max(1e-30, np.abs(want[finite]).max())
    return float(error), f"{error:.1e}"


def run_tenon(np, tenon, path, inputs, level):
    """Outputs in the order of the file, or a text that says why there are none."""
    with tempfile.TemporaryDirectory() as folder:
        command = [str(tenon), "run", str(path), "--level", level, "--output-dir", folder]
        for index, (name, value) in enumerate(inputs.items()):
            np.save(os.path.join(folder, f"in{index}.npy"), value)
            command += ["--input", f"{name}={folder}/in{index}.npy"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIME_LIMIT_S)
        if done.returncode:
            return f"exit {done.returncode}: {done.stderr.strip()[:600]}"
        described = subprocess.run([str(tenon), "inspect", str(path)], capture_output=True, text=True,
                                   timeout=TIME_LIMIT_S).stdout
        names = [line.split(" ", 1)[1].rsplit(": ", 1)[0] for line in described.splitlines() if line.startswith("output ")]
        return [np.load(os.path.join(folder, f"{name}.npy")) for name in names]


def compare(np, got, want):
    """(error, text) over all outputs."""
    if isinstance(got, str):
        return float("inf"), got
    if len(got) != len(want):
        return float("inf"), f"{len(got)} outputs for {len(want)}"
    return max((difference(np, a, b) for a, b in zip(got, want)), key=lambda pair: pair[0])


def export(torch, model, inputs, shapes, name, work, notes, with_onnx):
    """Files of one model by what they are; inputs by name."""
    exported = torch.export.export(model, inputs, dynamic_shapes=shapes)
    specs = exported.graph_signature.input_specs
    names = [spec.arg.name for spec in specs if spec.kind.name == "USER_INPUT"]
    files = {"as exported": work / f"{name}.pt2", "decomposed": work / f"{name}.core.pt2"}
    torch.export.save(exported, files["as exported"])
    torch.export.save(exported.run_decompositions(), files["decomposed"])
    if not with_onnx:
        return files, names
    try:
        import onnxscript  # noqa: F401
        onnx_file = work / f"{name}.onnx"
        torch.onnx.export(model, inputs, onnx_file, dynamo=True, input_names=names, dynamic_shapes=shapes,
                          verbose=False, external_data=False)
        files["onnx"] = onnx_file
    except Exception as error:  # the exporter of torch raises many kinds
        notes.append(f"skipped: {name} as ONNX: {type(error).__name__}: {str(error).splitlines()[0][:200]}")
    return files, names


def run_case(torch, np, case, name, options, work, notes):
    """Results of one model as (passed, text)."""
    make, inputs_of, shapes = case
    torch.manual_seed(7)
    model = randomize(torch, make())
    results = []
    with torch.no_grad():
        files, names = export(torch, model, inputs_of(2), shapes, name, work, notes, name in options.with_onnx)
        for batch in (1, 3):
            given = inputs_of(batch)
            inputs = {key: value.numpy().copy() for key, value in zip(names, given)}
            want = model(*given)
            want = [value.numpy() for value in (want if isinstance(want, tuple) else (want,))]
            for level in options.levels.split(","):
                got = {form: run_tenon(np, options.tenon, path, inputs, level) for form, path in files.items()}
                for form in ("as exported", "decomposed"):
                    error, text = compare(np, got[form], want)
                    results.append((error <= options.tolerance, f"{name} {form}, batch {batch}, {level}: {text}"))
                    if "onnx" in got and not isinstance(got["onnx"], str):
                        error, text = compare(np, got[form], got["onnx"])
                        results.append((error <= options.tolerance,
                                        f"{name} {form} beside ONNX, batch {batch}, {level}: {text}"))
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tenon", default=os.environ.get("TENON_TOOL", ROOT / "build/tenon"))
    parser.add_argument("--work", help="keeps the exported files here")
    parser.add_argument("--cases", default="")
    parser.add_argument("--levels", default="none,o1")
    parser.add_argument("--tolerance", type=float, default=1e-5)
    options = parser.parse_args()
    try:
        import numpy as np
        import torch
    except ImportError as error:
        return skip(f"{error} (2 GB, not installed by tests/run.sh; run this file with a Python that has torch)")
    if tuple(map(int, torch.__version__.split(".")[:2])) < (2, 8):
        return skip(f"torch is {torch.__version__}: expected 2.8 or newer")
    warnings.simplefilter("ignore")
    notes = []
    models = {**text_models(torch), **image_models(torch, notes)}
    options.with_onnx = set(models)
    cases = {**functions(torch), **layers(torch), **models}
    wanted = [case for case in options.cases.split(",") if case]
    passed = failed = 0
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(options.work or folder)
        work.mkdir(parents=True, exist_ok=True)
        for name in wanted or cases:
            for is_good, text in run_case(torch, np, cases[name], name, options, work, notes):
                passed, failed = passed + is_good, failed + (not is_good)
                print(f"{'ok    ' if is_good else 'FAILED'} {text}", flush=True)
    for note in notes:
        print(note)
    print(f"{passed} passed, {failed} failed, {len(notes)} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

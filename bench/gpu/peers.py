"""The peers of the GPU benchmarks in PyTorch: an ArcFace head and the paper's network, eager, compiled, and chunked in
the manner of cut cross-entropy (a Triton kernel for the forward pass, so that the N x C scores are never stored, and a
backward pass over chunks of classes). It is told the sizes as JSON and prints one JSON object; times are medians in
milliseconds, memory is what PyTorch's allocator held at most. `"device": "cpu"` runs the same without Triton, to check
the script where there is no card."""

import contextlib
import json
import math
import statistics
import sys
import time

import torch
import torch.nn.functional as F

try:
    import triton
    import triton.language as tl
except ImportError:
    triton = None

M, S, RATE = 0.5, 64.0, 0.1


def target_of(own):
    """cos(theta + m), and a straight continuation where theta + m would pass pi: std/margins' ArcFace."""
    theta = torch.acos(own.clamp(-1 + 1e-7, 1 - 1e-7))
    return torch.where(theta + M <= math.pi, torch.cos(theta + M), own - M * math.sin(M))


def eager_loss(x, weights, labels):
    cosines = F.normalize(x) @ F.normalize(weights).T
    own = cosines.gather(1, labels[:, None])
    return F.cross_entropy(S * cosines.scatter(1, labels[:, None], target_of(own).to(cosines.dtype)), labels)


if triton is not None:

    @triton.jit
    def partial_logsumexp(
        x, w, labels, best, total, rows, classes, scale,
        width: tl.constexpr, splits: tl.constexpr, PRECISION: tl.constexpr,
        BLOCK_N: tl.constexpr, BLOCK_C: tl.constexpr, BLOCK_D: tl.constexpr,
    ):
        """Each program walks one split of the classes for one block of rows; the own class is left out."""
        block, split = tl.program_id(0), tl.program_id(1)
        n = block * BLOCK_N + tl.arange(0, BLOCK_N)
        label = tl.load(labels + n, mask=n < rows, other=-1)
        highest = tl.full([BLOCK_N], -3.0e38, tl.float32)
        sums = tl.zeros([BLOCK_N], tl.float32)
        tiles = tl.cdiv(classes, BLOCK_C)
        for tile in range(split, tiles, splits):
            c = tile * BLOCK_C + tl.arange(0, BLOCK_C)
            products = tl.zeros([BLOCK_N, BLOCK_C], tl.float32)
            for start in range(0, width, BLOCK_D):
                d = start + tl.arange(0, BLOCK_D)
                a = tl.load(x + n[:, None] * width + d[None, :], mask=(n[:, None] < rows) & (d[None, :] < width), other=0.0)
                b = tl.load(w + c[None, :] * width + d[:, None], mask=(c[None, :] < classes) & (d[:, None] < width), other=0.0)
                products = tl.dot(a, b, products, input_precision=PRECISION)
            counted = (c[None, :] < classes) & (c[None, :] != label[:, None])
            scores = tl.where(counted, products * scale, -3.0e38)
            higher = tl.maximum(highest, tl.max(scores, 1))
            sums = sums * tl.exp(highest - higher) + tl.sum(tl.where(counted, tl.exp(scores - higher[:, None]), 0.0), 1)
            highest = higher
        tl.store(best + split * rows + n, highest, mask=n < rows)
        tl.store(total + split * rows + n, sums, mask=n < rows)


def others_logsumexp(x, weights, labels, chunk):
    """log of the sum of exp(s cos) over all classes but a row's own; x and weights have length 1."""
    rows, width = x.shape
    classes = weights.shape[0]
    if triton is not None and x.is_cuda:
        splits = max(1, min(triton.cdiv(classes, 128), (4 * 132 * 64) // max(rows, 64)))
        best = torch.empty(splits, rows, device=x.device)
        total = torch.empty_like(best)
        precision = "tf32" if torch.backends.cuda.matmul.allow_tf32 else "ieee"
        partial_logsumexp[(triton.cdiv(rows, 64), splits)](
            x, weights, labels, best, total, rows, classes, S,
            width=width, splits=splits, PRECISION=precision, BLOCK_N=64, BLOCK_C=128, BLOCK_D=32, num_warps=4,
        )
        return torch.logsumexp(best + torch.log(total), 0)
    parts = []
    for first in range(0, classes, chunk):
        scores = (S * (x @ weights[first : first + chunk].T)).float()
        parts.append(torch.logsumexp(masked(scores, labels, first), 1))
    return torch.logsumexp(torch.stack(parts), 0)


def masked(scores, labels, first):
    """Scores of a chunk of classes with the rows' own classes taken out."""
    inside = (labels >= first) & (labels < first + scores.shape[1])
    rows = inside.nonzero()[:, 0]
    scores[rows, labels[rows] - first] = -3.0e38
    return scores


class ChunkedHead(torch.autograd.Function):
    """The loss of unit rows and unit class directions, without scores of all rows and classes at one time."""

    @staticmethod
    def forward(context, x, weights, labels, chunk):
        own = (x * weights[labels]).sum(1).float()
        target = S * target_of(own)
        lse = torch.logaddexp(others_logsumexp(x, weights, labels, chunk), target)
        context.save_for_backward(x, weights, labels, own, target, lse)
        context.chunk = chunk
        return (lse - target).mean()

    @staticmethod
    def backward(context, adjoint):
        x, weights, labels, own, target, lse = context.saved_tensors
        factor = adjoint / x.shape[0]
        dx = torch.zeros_like(x)
        dw = torch.empty_like(weights)
        for first in range(0, weights.shape[0], context.chunk):
            part = weights[first : first + context.chunk]
            scores = masked((S * (x @ part.T)).float(), labels, first)
            shares = (torch.exp(scores - lse[:, None]) * (S * factor)).to(x.dtype)
            dx += shares @ part
            dw[first : first + context.chunk] = shares.T @ x
        with torch.enable_grad():
            leaf = own.detach().requires_grad_()
            (slope,) = torch.autograd.grad(target_of(leaf).sum(), leaf)
        along = ((torch.exp(target - lse) - 1) * S * slope * factor).to(x.dtype)
        dx += along[:, None] * weights[labels]
        dw.index_add_(0, labels, along[:, None] * x)
        return dx, dw, None, None


def chunked_loss(x, weights, labels):
    rows = x.shape[0]
    chunk = max(1024, (64 * 2**20) // (4 * rows))
    return ChunkedHead.apply(F.normalize(x), F.normalize(weights), labels, chunk)


def measure(device, work, runs):
    """Median milliseconds and the most MiB held, after warm-ups."""
    for _ in range(3):
        work()
    cuda = device == "cuda"
    if cuda:
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
    times = []
    for _ in range(runs):
        if cuda:
            begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
            begin.record()
            work()
            end.record()
            torch.cuda.synchronize()
            times.append(begin.elapsed_time(end))
        else:
            start = time.perf_counter()
            work()
            times.append((time.perf_counter() - start) * 1000)
    peak = torch.cuda.max_memory_allocated() / 2**20 if cuda else None
    return statistics.median(times), peak


def head_rows(device, head, runs, notes):
    rows, width, classes = head["N"], head["D"], head["C"]
    ways = {"eager": eager_loss, "compiled": None, "chunked": chunked_loss}
    if device == "cpu":
        del ways["compiled"]
    for precision in ["f32"] if device == "cpu" else ["f32", "tf32", "f16"]:
        torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
        torch.backends.cudnn.allow_tf32 = precision == "tf32"
        for name, loss_of in ways.items():
            if device == "cuda":
                torch.cuda.empty_cache()
            try:
                yield one_head(device, rows, width, classes, precision, name, loss_of or torch.compile(eager_loss), runs)
            except torch.cuda.OutOfMemoryError as error:
                notes.append(f"PyTorch {name} {precision}, N = {rows}, C = {classes}: {str(error).splitlines()[0]}")
            except Exception as error:  # a compiler or kernel that does not work here is told, the others go on
                notes.append(f"PyTorch {name} {precision} fails: {type(error).__name__}: {str(error).splitlines()[0][:200]}")


def one_head(device, rows, width, classes, precision, name, loss_of, runs):
    generator = torch.Generator(device=device).manual_seed(1)
    x = torch.randn(rows, width, device=device, generator=generator)
    labels = torch.randint(classes, (rows,), device=device, generator=generator)
    bias = torch.zeros(width, device=device, requires_grad=True)
    weights = torch.randn(classes, width, device=device, generator=generator).mul_(0.01).requires_grad_()
    half = precision == "f16"

    def loss():
        with torch.autocast(device, dtype=torch.float16) if half else contextlib.nullcontext():
            if half and name == "chunked":
                return chunked_half(x + bias, weights, labels)
            return loss_of(x + bias, weights, labels)

    def forward():
        with torch.no_grad():
            loss()

    def step():
        loss().backward()
        with torch.no_grad():
            for parameter in (bias, weights):
                parameter.sub_(parameter.grad, alpha=RATE)
                parameter.grad = None

    forward_ms, _ = measure(device, forward, runs)
    step_ms, peak = measure(device, step, runs)
    row = {"N": rows, "D": width, "C": classes, "how": f"PyTorch {name}", "precision": precision}
    row |= {"forward ms": forward_ms, "step ms": step_ms, "backward ms": step_ms - forward_ms}
    return row if peak is None else row | {"peak MiB": peak}


def chunked_half(x, weights, labels):
    chunk = max(1024, (64 * 2**20) // (4 * x.shape[0]))
    return ChunkedHead.apply(F.normalize(x).half(), F.normalize(weights).half(), labels, chunk)


def paper_network():
    """The network of examples/mnist/paper.margo."""

    def block(inputs, filters):
        return [
            torch.nn.Conv2d(inputs, filters, 3, padding=1),
            torch.nn.BatchNorm2d(filters, momentum=0.1),
            torch.nn.ReLU(),
        ]

    pool = torch.nn.MaxPool2d(2)
    return torch.nn.Sequential(
        *block(1, 64), *block(64, 64), *block(64, 64), *block(64, 64), pool,
        *block(64, 128), *block(128, 128), *block(128, 128), pool,
        *block(128, 256), *block(256, 256), *block(256, 256), pool,
        torch.nn.Flatten(), torch.nn.Linear(9 * 256, 512), torch.nn.BatchNorm1d(512),
    )  # fmt: skip


def network_rows(device, batch, runs, notes):
    for precision in ["f32"] if device == "cpu" else ["f32", "tf32"]:
        torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
        torch.backends.cudnn.allow_tf32 = precision == "tf32"
        for name in ["eager"] if device == "cpu" else ["eager", "compiled"]:
            torch.manual_seed(1)
            network = paper_network().to(device)
            head = torch.randn(10, 512, device=device).mul_(0.01).requires_grad_()
            images = torch.randn(batch, 1, 28, 28, device=device)
            labels = torch.randint(10, (batch,), device=device)
            optimizer = torch.optim.SGD([*network.parameters(), head], lr=0.01, momentum=0.9, weight_decay=5e-4)
            run = torch.compile(network) if name == "compiled" else network

            def step():
                optimizer.zero_grad(set_to_none=True)
                F.cross_entropy(run(images) @ head.T, labels).backward()
                optimizer.step()

            try:
                step_ms, peak = measure(device, step, runs)
            except Exception as error:
                notes.append(f"PyTorch {name} network fails: {type(error).__name__}: {str(error).splitlines()[0][:200]}")
                continue
            row = {"program": "the paper's network", "batch": batch, "how": f"PyTorch {name}", "precision": precision, "step ms": step_ms}
            yield row if peak is None else row | {"peak MiB": peak}


def check(device):
    """The chunked head gives the loss and the gradients of the eager one."""
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.manual_seed(2)
    x = torch.randn(33, 48, device=device, requires_grad=True)
    weights = torch.randn(3001, 48, device=device, requires_grad=True)
    labels = torch.randint(3001, (33,), device=device)
    outcomes = []
    for loss_of in (eager_loss, chunked_loss):
        loss = loss_of(x, weights, labels)
        outcomes.append([loss, *torch.autograd.grad(loss, (x, weights))])
    worst = max(((a - b).abs().max() / a.abs().max()).item() for a, b in zip(*outcomes))
    if worst > 1e-4:
        raise SystemExit(f"the chunked head is not the eager one: they differ by {worst}")
    return worst


def main():
    wanted = json.loads(sys.argv[1])
    device = wanted["device"]
    if device == "cuda" and not torch.cuda.is_available():
        print(json.dumps({"missing": "torch finds no CUDA here"}))
        return
    notes = [f"The chunked head differs from the eager one by {check(device):.1e}."]
    name = torch.cuda.get_device_name() if device == "cuda" else "the processor"
    heads = [row for head in wanted["heads"] for row in head_rows(device, head, wanted["runs"], notes)]
    networks = list(network_rows(device, wanted["batch"], wanted["runs"], notes)) if wanted["batch"] > 0 else []
    print(json.dumps({"device": name, "torch": torch.__version__, "heads": heads, "networks": networks, "notes": notes}))


main()

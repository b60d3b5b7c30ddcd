"""Clauses per second of other runtimes and of fineprint: same weights, same clauses, one run.

python benches/peers/encoder.py MODEL_DIR CLAUSES.jsonl [--threads 2] [--rounds 5]

MODEL_DIR is a fineprint model folder (models/default), CLAUSES.jsonl has {"text": ...} lines.
The peers get the clauses tokenised and sorted by length; fineprint is timed with tokenisation and
decision (examples/throughput.rs). The runtimes take turns, round by round, and the median counts.
"""

import argparse
import json
import os
import subprocess
import tempfile
import time

parser = argparse.ArgumentParser()
parser.add_argument("model")
parser.add_argument("clauses")
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--rounds", type=int, default=5)
parser.add_argument("--batch", type=int, default=32)
parser.add_argument("--fineprint", default="target/release/examples/throughput")
args = parser.parse_args()
os.environ["OMP_NUM_THREADS"] = str(args.threads)

import numpy as np
import onnx
import onnxruntime
import openvino
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from transformers import AutoModelForSequenceClassification, AutoTokenizer

torch.set_num_threads(args.threads)
tokenizer = AutoTokenizer.from_pretrained(args.model)
model = AutoModelForSequenceClassification.from_pretrained(args.model, dtype=torch.float32).eval()
with open(args.clauses) as lines:
    texts = [json.loads(line)["text"] for line in lines]
rows = sorted((tokenizer(text, truncation=True, max_length=256)["input_ids"] for text in texts), key=len)
print(f"{len(rows)} clauses, {sum(map(len, rows)) / len(rows):.1f} tokens on average, {args.threads} threads")


def batches(size):
    for first in range(0, len(rows), size):
        part = rows[first : first + size]
        width = max(map(len, part))
        ids = np.zeros((len(part), width), dtype=np.int64)
        mask = np.zeros_like(ids)
        for i, row in enumerate(part):
            ids[i, : len(row)] = row
            mask[i, : len(row)] = 1
        yield {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}


padded = list(batches(args.batch))
small = list(batches(16))
folder = tempfile.mkdtemp()
full, quantised = f"{folder}/model.onnx", f"{folder}/int8.onnx"


class Logits(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.model = model

    def forward(self, input_ids, attention_mask, token_type_ids):
        return self.model(input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids).logits


example = {k: torch.from_numpy(v) for k, v in padded[len(padded) // 2].items()}
batch, width = torch.export.Dim("batch", min=1, max=4096), torch.export.Dim("width", min=2, max=512)
torch.onnx.export(
    Logits(), tuple(example.values()), full, input_names=list(example), output_names=["logits"],
    dynamic_shapes=[{0: batch, 1: width}] * 3, dynamo=True, external_data=False,
)
# The exporter's notes on shapes contradict those that the quantiser infers.
graph = onnx.load(full)
del graph.graph.value_info[:]
onnx.save(graph, full)
quantize_dynamic(full, quantised, weight_type=QuantType.QInt8)


def torch_runner(dtype):
    net = model if dtype is torch.float32 else AutoModelForSequenceClassification.from_pretrained(args.model, dtype=dtype).eval()
    inputs = [{k: torch.from_numpy(v) for k, v in part.items()} for part in padded]

    def run():
        with torch.inference_mode():
            for part in inputs:
                net(**part).logits

    return run


def onnx_runner(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = args.threads
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def run():
        for part in padded:
            session.run(None, part)

    return run


def openvino_runner(precision):
    core = openvino.Core()
    config = {
        "INFERENCE_PRECISION_HINT": precision, "INFERENCE_NUM_THREADS": args.threads,
        "NUM_STREAMS": args.threads,
    }
    compiled = core.compile_model(full, "CPU", config)
    queue = openvino.AsyncInferQueue(compiled, args.threads)

    def run():
        for part in small:
            queue.start_async(part)
        queue.wait_all()

    return run


runners = {
    "PyTorch f32": torch_runner(torch.float32),
    "PyTorch bf16": torch_runner(torch.bfloat16),
    "ONNX Runtime f32": onnx_runner(full),
    "ONNX Runtime int8": onnx_runner(quantised),
    "OpenVINO f32": openvino_runner("f32"),
    "OpenVINO bf16": openvino_runner("bf16"),
}
rates = {name: [] for name in runners}


def fineprint(kernel):
    command = [args.fineprint, args.clauses, "--model", args.model, "--threads", str(args.threads),
               "--kernel", kernel, "--seconds", "1"]
    done = subprocess.run(command, capture_output=True, text=True)
    return json.loads(done.stdout)["median"] if done.returncode == 0 else float("nan")


for run in runners.values():
    run()
for _ in range(args.rounds):
    for name, run in runners.items():
        clock = time.perf_counter()
        run()
        rates[name].append(len(rows) / (time.perf_counter() - clock))
    for kernel in ("portable", "amx"):
        rates.setdefault(f"fineprint {kernel}", []).append(fineprint(kernel))

median = {name: float(np.median(values)) for name, values in rates.items()}
print(f"{'runtime':<20}{'clauses/s':>10}{'  of fineprint amx':>20}")
for name, rate in sorted(median.items(), key=lambda pair: pair[1]):
    print(f"{name:<20}{rate:>10.0f}{rate / median['fineprint amx']:>20.2f}")

"""Clauses per second of other runtimes and of fineprint: same weights, same clauses, one run.

python benches/peers/encoder.py MODEL_DIR CLAUSES.jsonl [--threads 2] [--rounds 5]
python benches/peers/encoder.py MODEL_DIR CLAUSES.jsonl --lengths 10,25,64,128,256 --threads 1,2

MODEL_DIR is a fineprint model folder (models/default), CLAUSES.jsonl has {"text": ...} lines. With
--lengths, clauses of about so many tokens are made of their words, 4,000 tokens of each length.
The peers get the clauses tokenised and sorted by length; fineprint is timed with tokenisation and
decision (examples/throughput.rs). The runtimes take turns, round by round, and the median counts.
"""

import argparse
import itertools
import json
import os
import subprocess
import tempfile
import time


def numbers(text):
    return [int(part) for part in text.split(",")]


parser = argparse.ArgumentParser()
parser.add_argument("model")
parser.add_argument("clauses")
parser.add_argument("--threads", type=numbers, default=[2])
parser.add_argument("--lengths", type=numbers)
parser.add_argument("--rounds", type=int, default=5)
parser.add_argument("--batch", type=int, default=32)
parser.add_argument("--fineprint", default="target/release/examples/throughput")
args = parser.parse_args()
os.environ["OMP_NUM_THREADS"] = str(max(args.threads))

import numpy as np
import onnx
import onnxruntime
import openvino
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from transformers import AutoModelForSequenceClassification, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained(args.model)
models = {
    dtype: AutoModelForSequenceClassification.from_pretrained(args.model, dtype=dtype).eval()
    for dtype in (torch.float32, torch.bfloat16)
}
folder = tempfile.mkdtemp()
full, quantised = f"{folder}/model.onnx", f"{folder}/int8.onnx"


def tokens(text):
    return tokenizer(text, truncation=True, max_length=256)["input_ids"]


def batches(rows, size):
    for first in range(0, len(rows), size):
        part = rows[first : first + size]
        width = max(map(len, part))
        ids = np.zeros((len(part), width), dtype=np.int64)
        mask = np.zeros_like(ids)
        for i, row in enumerate(part):
            ids[i, : len(row)] = row
            mask[i, : len(row)] = 1
        yield {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}


class Logits(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.model = models[torch.float32]

    def forward(self, input_ids, attention_mask, token_type_ids):
        return self.model(input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids).logits


def export():
    (part,) = batches([list(range(1000, 1020))] * 4, 4)
    example = {k: torch.from_numpy(v) for k, v in part.items()}
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


def torch_runner(dtype, rows, threads):
    inputs = [{k: torch.from_numpy(v) for k, v in part.items()} for part in batches(rows, args.batch)]

    def run():
        torch.set_num_threads(threads)
        with torch.inference_mode():
            for part in inputs:
                models[dtype](**part).logits

    return run


def onnx_runner(path, rows, threads):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    inputs = list(batches(rows, args.batch))

    def run():
        for part in inputs:
            session.run(None, part)

    return run


def openvino_runner(precision, rows, threads):
    config = {
        "INFERENCE_PRECISION_HINT": precision, "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": threads,
    }
    queue = openvino.AsyncInferQueue(openvino.Core().compile_model(full, "CPU", config), threads)
    inputs = list(batches(rows, 16))

    def run():
        for part in inputs:
            queue.start_async(part)
        queue.wait_all()

    return run


def peers(rows, threads):
    return {
        "PyTorch f32": torch_runner(torch.float32, rows, threads),
        "PyTorch bf16": torch_runner(torch.bfloat16, rows, threads),
        "ONNX Runtime f32": onnx_runner(full, rows, threads),
        "ONNX Runtime int8": onnx_runner(quantised, rows, threads),
        "OpenVINO f32": openvino_runner("f32", rows, threads),
        "OpenVINO bf16": openvino_runner("bf16", rows, threads),
    }


def fineprint(kernel, path, threads):
    command = [args.fineprint, path, "--model", args.model, "--threads", str(threads),
               "--kernel", kernel, "--seconds", "1"]
    done = subprocess.run(command, capture_output=True, text=True)
    return json.loads(done.stdout)["median"] if done.returncode == 0 else float("nan")


def measure(texts, threads):
    """Median clauses per second by runtime."""
    path = f"{folder}/clauses.jsonl"
    with open(path, "w") as lines:
        lines.writelines(json.dumps({"text": text}) + "\n" for text in texts)
    rows = sorted(map(tokens, texts), key=len)
    average = sum(map(len, rows)) / len(rows)
    print(f"{len(rows)} clauses, {average:.1f} tokens on average, {threads} threads", flush=True)
    runners = peers(rows, threads)
    rates = {name: [] for name in runners}
    for run in runners.values():
        run()
    for _ in range(args.rounds):
        for name, run in runners.items():
            clock = time.perf_counter()
            run()
            rates[name].append(len(rows) / (time.perf_counter() - clock))
        for kernel in ("portable", "amx"):
            rates.setdefault(f"fineprint {kernel}", []).append(fineprint(kernel, path, threads))
    return {name: float(np.median(values)) for name, values in rates.items()}


def of_length(texts, length):
    """Clauses of about so many tokens, cut out of the texts one after the other."""
    words = itertools.cycle([word for text in texts for word in text.split()])
    for _ in range(max(16, 4000 // length)):
        clause = [next(words)]
        while len(tokens(" ".join(clause))) < length:
            clause.append(next(words))
        yield " ".join(clause)


def table(columns):
    """Clauses per second and shares of fineprint's, a pair of columns for each measurement."""
    print(f"{'runtime':<20}" + "".join(f"{head:>18}" for head in columns))
    for name in sorted(next(iter(columns.values())), key=next(iter(columns.values())).get):
        cells = (f"{rates[name]:>10.0f} ({rates[name] / rates['fineprint amx']:>5.2f})" for rates in columns.values())
        print(f"{name:<20}" + "".join(f"{cell:>18}" for cell in cells))


with open(args.clauses) as lines:
    texts = [json.loads(line)["text"] for line in lines]
export()
print("clauses/s (of fineprint on AMX)")
for threads in args.threads:
    if args.lengths is None:
        table({f"{threads} threads": measure(texts, threads)})
        continue
    table({f"{length} tokens": measure(list(of_length(texts, length)), threads) for length in args.lengths})

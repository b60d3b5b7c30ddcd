//! The pieces of the encoder, on every kernel this CPU has: `cargo bench --bench kernels`.

use std::hint::black_box;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use fineprint::encoder::attention::Heads;
use fineprint::encoder::kernel::{Kernel, Packed, Portable, Rows};

const HIDDEN: usize = 384;
const HEADS: Heads = Heads { count: 12, width: 32 };

fn values(n: usize) -> Vec<f32> {
    (0..n).map(|i| ((i * 7919) % 1009) as f32 / 504.5 - 1.0).collect()
}

/// `tokens x inner x cols` products of a chunk.
fn products<K: Kernel>(group: &mut BenchmarkGroup<WallTime>, kernel: K) {
    for (tokens, inner, cols) in
        [(256, HIDDEN, 3 * HIDDEN), (256, HIDDEN, 4 * HIDDEN), (256, 4 * HIDDEN, HIDDEN)]
    {
        let a = Rows::<K::Value>::from_f32(&values(tokens * inner), tokens, inner);
        let weight = Rows::<K::Value>::from_f32(&values(cols * inner), cols, inner);
        let mut packed = Packed::new();
        kernel.pack_columns(&weight, &mut packed);
        group.throughput(Throughput::Elements((2 * tokens * inner * cols) as u64));
        group.bench_function(format!("{}/{tokens}x{inner}x{cols}", kernel.name()), |bencher| {
            bencher.iter(|| {
                kernel.product(&a, &packed, &mut |block| {
                    black_box(block.values[0]);
                });
            });
        });
    }
}

/// The feed-forward part of a layer, sums added to those that are there.
fn feed_forward<K: Kernel>(group: &mut BenchmarkGroup<WallTime>, kernel: K) {
    let (tokens, inner) = (256, 4 * HIDDEN);
    let x = Rows::<K::Value>::from_f32(&values(tokens * HIDDEN), tokens, HIDDEN);
    let (mut up, mut down) = (Packed::new(), Packed::new());
    kernel.pack_columns(&Rows::from_f32(&values(inner * HIDDEN), inner, HIDDEN), &mut up);
    kernel.pack_columns(&Rows::from_f32(&values(inner * HIDDEN), HIDDEN, inner), &mut down);
    let (bias, mut wide, mut sum) = (values(inner), Rows::new(), vec![0.0; tokens * HIDDEN]);
    group.throughput(Throughput::Elements((4 * tokens * inner * HIDDEN) as u64));
    group.bench_function(kernel.name(), |bencher| {
        bencher.iter(|| kernel.feed_forward(&x, (&up, &bias), &down, &mut wide, &mut sum));
    });
}

/// Attention of 256 tokens in sequences of one length.
fn attentions<K: Kernel>(group: &mut BenchmarkGroup<WallTime>, kernel: K) {
    for len in [16, 32, 64, 256] {
        let lengths = vec![len; 256 / len];
        let qkv = Rows::<K::Value>::from_f32(&values(256 * 3 * HIDDEN), 256, 3 * HIDDEN);
        let mut out = Rows::new();
        group.throughput(Throughput::Elements(256));
        group.bench_function(format!("{}/length {len}", kernel.name()), |bencher| {
            bencher.iter(|| kernel.attention(&qkv, &lengths, HEADS, &mut out));
        });
    }
}

fn gelus<K: Kernel>(group: &mut BenchmarkGroup<WallTime>, kernel: K) {
    let x = values(256 * HIDDEN);
    group.throughput(Throughput::Elements(x.len() as u64));
    group.bench_function(kernel.name(), |bencher| {
        bencher.iter_batched_ref(
            || x.clone(),
            |x| kernel.gelu(x),
            criterion::BatchSize::LargeInput,
        );
    });
}

fn kernels(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("product");
    products(&mut group, Portable);
    #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
    if let Some(amx) = fineprint::encoder::kernel::Amx::detect() {
        products(&mut group, amx);
    }
    group.finish();
    let mut group = criterion.benchmark_group("feed forward");
    feed_forward(&mut group, Portable);
    #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
    if let Some(amx) = fineprint::encoder::kernel::Amx::detect() {
        feed_forward(&mut group, amx);
    }
    group.finish();
    let mut group = criterion.benchmark_group("attention");
    attentions(&mut group, Portable);
    #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
    if let Some(amx) = fineprint::encoder::kernel::Amx::detect() {
        attentions(&mut group, amx);
    }
    group.finish();
    let mut group = criterion.benchmark_group("gelu");
    gelus(&mut group, Portable);
    #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
    if let Some(amx) = fineprint::encoder::kernel::Amx::detect() {
        gelus(&mut group, amx);
    }
    group.finish();
}

criterion_group!(benches, kernels);
criterion_main!(benches);

//! Every kernel against the definitions, in f64 and in safe code.

use proptest::prelude::*;

use super::*;
use crate::encoder::attention::{attention, attention_backward};

/// Values in [-1, 1) that look random, the same each time.
fn values(n: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    };
    (0..n).map(|_| next()).collect()
}

/// The definition of a product; `b` by rows, or by columns.
fn reference(a: &[f32], b: &[f32], (m, k, n): (usize, usize, usize), by_column: bool) -> Vec<f32> {
    let value = |i: usize, j: usize| if by_column { b[j * k + i] } else { b[i * n + j] };
    let sum = |i: usize, j: usize| {
        (0..k).map(|l| f64::from(a[i * k + l]) * f64::from(value(l, j))).sum::<f64>() as f32
    };
    (0..m * n).map(|at| sum(at / n, at % n)).collect()
}

fn product<K: Kernel>(kernel: K, a: &Rows<K::Value>, b: &Packed<K::Value>) -> Vec<f32> {
    let mut c = vec![f32::NAN; a.rows() * b.cols()];
    kernel.product(a, b, &mut |block| block.copy_to(&mut c, b.cols()));
    c
}

/// Products of one shape, both ways of packing, and a turned left factor.
fn agrees<K: Kernel>(kernel: K, (m, k, n): (usize, usize, usize), tolerance: f32) {
    let (a, b) = (values(m * k, 1), values(k * n, 2));
    let scale = tolerance * (k as f32).sqrt().max(1.0);
    let mut packed = Packed::new();
    let check = |left: &Rows<K::Value>, packed: &Packed<K::Value>, by_column| {
        let truth = reference(&a, &b, (m, k, n), by_column);
        for (found, truth) in product(kernel, left, packed).iter().zip(truth) {
            assert!((found - truth).abs() <= scale, "{m} x {k} x {n}: {found} {truth}");
        }
    };
    let left = Rows::from_f32(&a, m, k);
    kernel.pack_rows(&Rows::from_f32(&b, k, n), &mut packed);
    check(&left, &packed, false);
    let (mut turned, mut back) = (Rows::new(), Rows::new());
    kernel.turn(&left, &mut turned);
    assert_eq!((turned.rows(), turned.cols()), (k, m));
    kernel.turn(&turned, &mut back);
    check(&back, &packed, false);
    kernel.pack_columns(&Rows::from_f32(&b, n, k), &mut packed);
    check(&left, &packed, true);
}

/// The fused products of a layer against their definitions, in memory that was used before.
fn fuses<K: Kernel>(kernel: K, (rows, hidden, inner): (usize, usize, usize), tolerance: f32) {
    let x = values(rows * hidden, 8);
    let (up, down) = (values(inner * hidden, 9), values(hidden * inner, 10));
    let (bias, start) = (values(inner, 11), values(rows * hidden, 12));
    let (mut packed_up, mut packed_down) = (Packed::new(), Packed::new());
    kernel.pack_columns(&Rows::from_f32(&up, inner, hidden), &mut packed_up);
    kernel.pack_columns(&Rows::from_f32(&down, hidden, inner), &mut packed_down);
    let close = |found: &[f32], truth: &[f32], tolerance: f32| {
        for (found, truth) in found.iter().zip(truth) {
            assert!((found - truth).abs() <= tolerance, "{rows} {hidden} {inner}: {found} {truth}");
        }
    };
    let mut wide = reference(&x, &up, (rows, hidden, inner), true);
    for row in wide.chunks_exact_mut(inner) {
        math::add(row, &bias);
    }
    let mut out = Rows::from_f32(&values(300 * 96, 13), 300, 96);
    let x = Rows::from_f32(&x, rows, hidden);
    kernel.project(&x, (&packed_up, &bias), &mut out);
    let once = tolerance * (hidden as f32).sqrt();
    close(&out.to_f32(), &wide, once);

    math::gelu(&mut wide);
    let truth = |wide: &[f32]| {
        let mut truth = reference(wide, &down, (rows, inner, hidden), true);
        math::add(&mut truth, &start);
        truth
    };
    let mut sum = vec![7.0; rows.next_multiple_of(STRIP) * hidden];
    sum[..start.len()].copy_from_slice(&start);
    kernel.feed_forward(&x, (&packed_up, &bias), &packed_down, &mut out, &mut sum);
    close(&sum, &truth(&wide), once * (inner as f32).sqrt());

    sum[..start.len()].copy_from_slice(&start);
    kernel.add_product(&Rows::from_f32(&wide, rows, inner), &packed_down, &mut sum);
    close(&sum, &truth(&wide), once * (inner as f32).sqrt());
}

/// Rows are normalised, and their next bias is added to what was normalised.
fn normalises<K: Kernel>(kernel: K, tolerance: f32) {
    for width in [8, 16, 32, 40, 100, 384] {
        let (x, gamma, beta) = (values(5 * width, 14), values(width, 15), values(width, 16));
        let bias = values(width, 17);
        let mut truth = vec![0.0; x.len()];
        math::layer_norm(&x, &gamma, &beta, 1e-12, &mut truth);
        let mut out = Rows::<K::Value>::from_f32(&values(900, 18), 30, 30);
        let mut sums = x.clone();
        let between = math::Between { gamma: &gamma, beta: &beta, eps: 1e-12, bias: &bias };
        kernel.normalise(&mut sums, between, &mut out);
        for (i, truth) in truth.iter().enumerate() {
            assert!((out.to_f32()[i] - truth).abs() <= tolerance * truth.abs());
            assert!((sums[i] - truth - bias[i % width]).abs() < 1e-6);
        }
    }
}

/// The first rows of a product must not depend on how many rows follow.
fn rows_are_independent<K: Kernel>(kernel: K) {
    let (k, n) = (384, 40);
    let (a, b) = (values(300 * k, 3), values(n * k, 4));
    let mut packed = Packed::new();
    kernel.pack_columns(&Rows::from_f32(&b, n, k), &mut packed);
    let all = product(kernel, &Rows::from_f32(&a, 300, k), &packed);
    for (first, rows) in [(0, 1), (5, 3), (90, 100), (299, 1), (17, 96)] {
        let some = Rows::from_f32(&a[first * k..(first + rows) * k], rows, k);
        let some = product(kernel, &some, &packed);
        assert_eq!(some, all[first * n..(first + rows) * n], "rows {first}+{rows}");
    }
    let inner = 70;
    let (up, bias, down) = (values(inner * k, 20), values(inner, 21), values(inner * 64, 22));
    let mut packed_down = Packed::new();
    kernel.pack_columns(&Rows::from_f32(&up, inner, k), &mut packed);
    kernel.pack_columns(&Rows::from_f32(&down, 64, inner), &mut packed_down);
    let feed = |first: usize, rows: usize| {
        let x = Rows::from_f32(&a[first * k..(first + rows) * k], rows, k);
        let mut sum = vec![0.5; rows.next_multiple_of(STRIP) * 64];
        kernel.feed_forward(&x, (&packed, &bias), &packed_down, &mut Rows::new(), &mut sum);
        sum.truncate(rows * 64);
        sum
    };
    let all = feed(0, 300);
    for (first, rows) in [(0, 1), (5, 3), (90, 100), (17, 96)] {
        assert_eq!(feed(first, rows), all[first * 64..(first + rows) * 64], "rows {first}+{rows}");
    }
}

/// Attention and its gradient against the f32 code, in one matrix that was used before.
fn attends<K: Kernel>(kernel: K, lengths: &[usize], heads: Heads, tolerance: f32) {
    let (tokens, hidden) = (lengths.iter().sum::<usize>(), heads.hidden());
    let qkv = Rows::<K::Value>::from_f32(&values(tokens * 3 * hidden, 5), tokens, 3 * hidden);
    let d_out = Rows::<K::Value>::from_f32(&values(tokens * hidden, 6), tokens, hidden);
    let exact = (qkv.to_f32(), d_out.to_f32());
    let (mut out, mut d_qkv) = (vec![0.0; tokens * hidden], vec![0.0; tokens * 3 * hidden]);
    attention(&exact.0, lengths, heads, &mut out);
    attention_backward(&exact.0, lengths, heads, &exact.1, &mut d_qkv);
    let (mut found, mut gradient) = (Rows::new(), Rows::new());
    kernel.attention(&qkv, lengths, heads, &mut found);
    kernel.attention_backward(&qkv, lengths, heads, &d_out, &mut gradient);
    let close = |found: Vec<f32>, truth: Vec<f32>| {
        assert_eq!(found.len(), truth.len());
        for (found, truth) in found.iter().zip(truth) {
            assert!((found - truth).abs() <= tolerance, "{lengths:?}: {found} {truth}");
        }
    };
    close(found.to_f32(), out);
    close(gradient.to_f32(), d_qkv);
    assert_eq!(of_first(kernel, &exact.0, lengths, heads), first_rows(&found, lengths));
}

/// The attention of first tokens, given the queries, keys and values of all.
fn of_first<K: Kernel>(kernel: K, qkv: &[f32], lengths: &[usize], heads: Heads) -> Vec<f32> {
    let hidden = heads.hidden();
    let (mut queries, mut keys_values) = (Vec::new(), Vec::new());
    for row in qkv.chunks_exact(3 * hidden) {
        queries.extend_from_slice(&row[..hidden]);
        keys_values.extend_from_slice(&row[hidden..]);
    }
    let tokens = lengths.iter().sum();
    let queries = first_rows(&Rows::<f32>::from_f32(&queries, tokens, hidden), lengths);
    let queries = Rows::from_f32(&queries, lengths.len(), hidden);
    let keys_values = Rows::from_f32(&keys_values, tokens, 2 * hidden);
    let mut out = Rows::new();
    kernel.attention_of_first(&queries, &keys_values, lengths, heads, &mut out);
    out.to_f32()
}

/// The rows of the first tokens.
fn first_rows<V: Value>(rows: &Rows<V>, lengths: &[usize]) -> Vec<f32> {
    let values = rows.to_f32();
    let starts = lengths.iter().scan(0, |at, len| Some(std::mem::replace(at, *at + len)));
    starts.flat_map(|at| values[at * rows.cols()..(at + 1) * rows.cols()].to_vec()).collect()
}

/// A sequence's result must not depend on its neighbours, bit for bit.
fn sequences_are_independent<K: Kernel>(kernel: K, heads: Heads) {
    let width = 3 * heads.hidden();
    let all = values(111 * width, 7);
    let run = |first: usize, lengths: &[usize]| {
        let tokens: usize = lengths.iter().sum();
        let rows = &all[first * width..(first + tokens) * width];
        let mut out = Rows::new();
        kernel.attention(&Rows::from_f32(rows, tokens, width), lengths, heads, &mut out);
        out.to_f32()
    };
    let both = run(0, &[60, 51]);
    assert_eq!(run(60, &[51]), both[60 * heads.hidden()..]);
    assert_eq!(run(0, &[60]), both[..60 * heads.hidden()]);
}

const SHAPES: [(usize, usize, usize); 6] =
    [(1, 1, 1), (1, 384, 12), (7, 33, 5), (31, 64, 32), (97, 40, 17), (200, 96, 48)];
const HEADS: [Heads; 3] =
    [Heads { count: 2, width: 32 }, Heads { count: 1, width: 64 }, Heads { count: 3, width: 8 }];

#[test]
fn portable_agrees_with_the_definitions() {
    for shape in SHAPES {
        agrees(Portable, shape, 1e-6);
        fuses(Portable, shape, 1e-6);
    }
    fuses(Portable, (100, 64, 420), 1e-6);
    normalises(Portable, 0.0);
    rows_are_independent(Portable);
    for heads in HEADS {
        attends(Portable, &[1, 17, 40], heads, 0.0);
        sequences_are_independent(Portable, heads);
    }
}

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
#[test]
fn amx_agrees_with_the_definitions() {
    let Some(amx) = Amx::detect() else { return };
    for shape in SHAPES {
        // bf16 keeps 8 bits: half a unit of the last place of each factor.
        agrees(amx, shape, 8e-3);
        fuses(amx, shape, 8e-3);
    }
    fuses(amx, (100, 64, 420), 8e-3);
    normalises(amx, 4e-3);
    rows_are_independent(amx);
    for heads in HEADS {
        attends(amx, &[1, 16, 17, 32, 45, 100], heads, 3e-2);
        sequences_are_independent(amx, heads);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_shape_will_do(m in 0usize..140, k in 1usize..140, n in 1usize..140) {
        agrees(Portable, (m, k, n), 1e-6);
        fuses(Portable, (m, k, n), 1e-6);
        #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
        if let Some(amx) = Amx::detect() {
            agrees(amx, (m, k, n), 8e-3);
            fuses(amx, (m, k, n), 8e-3);
        }
    }
}

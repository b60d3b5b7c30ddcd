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
    }
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
    }
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
        #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
        if let Some(amx) = Amx::detect() {
            agrees(amx, (m, k, n), 8e-3);
        }
    }
}

//! GELU and its derivative, exact and fast.

use multiversion::multiversion;
use multiversion::target::target_cfg_f;

use super::exp;

/// Standard normal distribution function and density at x.
///
/// Abramowitz and Stegun 7.1.26; absolute error of the distribution below 2e-7.
#[inline(always)]
fn normal(x: f32) -> (f32, f32) {
    let z = x.abs() * std::f32::consts::FRAC_1_SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * z);
    let mut p = 1.061_405_4;
    p = p * t - 1.453_152_1;
    p = p * t + 1.421_413_8;
    p = p * t - 0.284_496_72;
    p = p * t + 0.254_829_6;
    let e = exp(-z * z);
    let tail = 0.5 * p * t * e;
    let cdf = if x >= 0.0 { 1.0 - tail } else { tail };
    (cdf, e * 0.398_942_3)
}

/// Where the fit of [`CDF`] ends.
const END: f32 = 5.5;

/// Minimax fit of `(Φ(x) − 0.5) / x`, weighted by x², over `2 x² / 5.5² − 1`.
const CDF: [f32; 15] = [
    0.128_551_95,
    -0.064_172_37,
    0.047_736_716,
    -0.038_790_815,
    0.032_088_082,
    -0.026_077_699,
    0.020_236_183,
    -0.014_814_596,
    0.010_661_272,
    -0.007_392_391,
    0.003_880_495_7,
    -0.001_492_883_2,
    0.001_341_664_9,
    -0.001_275_310_9,
    0.000_428_804_98,
];

/// `x · Φ(x)` to an absolute error of 1e-6; `FUSED` where the CPU multiplies and adds in one step.
#[inline(always)]
fn gelu_of<const FUSED: bool>(x: f32) -> f32 {
    let add = |a: f32, b: f32, c: f32| if FUSED { a.mul_add(b, c) } else { a * b + c };
    let cut = x.clamp(-END, END);
    let t = add(cut * cut, 2.0 / (END * END), -1.0);
    let mut sum = CDF[14];
    for factor in CDF[..14].iter().rev() {
        sum = add(sum, t, *factor);
    }
    x * add(cut, sum, 0.5)
}

/// `x · Φ(x)` in place, the GELU of BERT.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+fma", "x86_64+avx2+fma"))]
pub fn gelu(x: &mut [f32]) {
    if target_cfg_f!(any(target_feature = "fma", target_arch = "aarch64")) {
        x.iter_mut().for_each(|x| *x = gelu_of::<true>(*x));
    } else {
        x.iter_mut().for_each(|x| *x = gelu_of::<false>(*x));
    }
}

/// Multiplies `dy` by the derivative of [`gelu`] at `x`: `Φ(x) + x φ(x)`.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+fma", "x86_64+avx2+fma"))]
pub fn gelu_backward(x: &[f32], dy: &mut [f32]) {
    for (dy, &x) in dy.iter_mut().zip(x) {
        let (cdf, density) = normal(x);
        *dy *= cdf + x * density;
    }
}

/// Where the fits below end.
pub const GELU_END: f32 = 4.5;

/// `0.5 + x P(x²)` for x cut off at ±4.5: the shape of Φ and of the derivative of GELU.
#[inline(always)]
fn half_plus_odd(x: f32, p: &[f32; 9]) -> f32 {
    let x = x.clamp(-GELU_END, GELU_END);
    let square = x * x;
    let mut sum = p[8];
    for factor in p[..8].iter().rev() {
        sum = sum * square + factor;
    }
    0.5 + x * sum
}

/// Minimax fit of `(Φ(x) − 0.5) / x` over x², weighted by x².
pub const GELU_CDF: [f32; 9] = [
    0.398_712_6,
    -0.065_984_66,
    0.009_585_205,
    -0.001_037_591_7,
    8.142_523_4e-5,
    -4.451_735_5e-6,
    1.591e-7,
    -3.314_668_8e-9,
    3.036_428_4e-11,
];

/// Minimax fit of `(Φ(x) + x φ(x) − 0.5) / x` over x², weighted by x.
const SLOPE: [f32; 9] = [
    0.796_904_1,
    -0.262_672_93,
    0.056_569_874,
    -0.007_983_109,
    7.574_112_4e-4,
    -4.766_846e-5,
    1.897_214_1e-6,
    -4.302_1e-8,
    4.220_202e-10,
];

/// [`gelu`] to an absolute error below 6e-5, for results that are rounded to bf16.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+fma", "x86_64+avx2+fma"))]
pub fn fast_gelu(x: &mut [f32]) {
    for x in x {
        *x *= half_plus_odd(*x, &GELU_CDF);
    }
}

/// [`gelu_backward`] to an absolute error of the derivative below 4e-4.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+fma", "x86_64+avx2+fma"))]
pub fn fast_gelu_backward(x: &[f32], dy: &mut [f32]) {
    for (dy, &x) in dy.iter_mut().zip(x) {
        *dy *= half_plus_odd(x, &SLOPE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Φ(x) from the series erf(z) = 2/√π Σ (-1)^n z^(2n+1) / (n! (2n+1)), in f64.
    fn reference_cdf(x: f64) -> f64 {
        let z = x / std::f64::consts::SQRT_2;
        let (mut term, mut sum) = (z, z);
        for n in 1..200 {
            term *= -z * z / f64::from(n);
            sum += term / f64::from(2 * n + 1);
        }
        0.5 * (1.0 + sum * 2.0 / std::f64::consts::PI.sqrt())
    }

    #[test]
    fn gelu_is_close() {
        let x: Vec<f32> = (-500..=500).map(|i| i as f32 / 100.0).collect();
        let (mut y, mut fast) = (x.clone(), x.clone());
        gelu(&mut y);
        fast_gelu(&mut fast);
        for ((x, y), fast) in x.iter().zip(&y).zip(&fast) {
            let truth = f64::from(*x) * reference_cdf(f64::from(*x));
            assert!((f64::from(*y) - truth).abs() < 1e-6, "{x}: {y} {truth}");
            assert!((f64::from(*fast) - truth).abs() < 6e-5, "{x}: {fast} {truth}");
        }
    }

    #[test]
    fn the_slopes_of_gelu_are_close() {
        let x: Vec<f32> = (-700..=700).map(|i| i as f32 / 100.0).collect();
        let (mut exact, mut fast) = (vec![1.0; x.len()], vec![1.0; x.len()]);
        gelu_backward(&x, &mut exact);
        fast_gelu_backward(&x, &mut fast);
        for ((x, exact), fast) in x.iter().zip(&exact).zip(&fast) {
            let x = f64::from(*x);
            let density = (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
            let truth = reference_cdf(x) + x * density;
            assert!((f64::from(*exact) - truth).abs() < 2e-6, "{x}: {exact} {truth}");
            assert!((f64::from(*fast) - truth).abs() < 4e-4, "{x}: {fast} {truth}");
        }
    }
}

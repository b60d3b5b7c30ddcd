//! Layer normalisation, forward and backward.

use multiversion::multiversion;

use super::sum;

/// Normalises every row of `x` to mean 0 and variance 1, then scales and shifts it.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+fma", "x86_64+avx2+fma"))]
pub fn layer_norm(x: &[f32], gamma: &[f32], beta: &[f32], eps: f32, out: &mut [f32]) {
    let width = gamma.len();
    for (x, out) in x.chunks_exact(width).zip(out.chunks_exact_mut(width)) {
        let (mean, scale) = moments(x, eps);
        for (((out, x), gamma), beta) in out.iter_mut().zip(x).zip(gamma).zip(beta) {
            *out = (x - mean) * scale * gamma + beta;
        }
    }
}

/// Mean of a row, and one over its standard deviation.
#[inline(always)]
fn moments(x: &[f32], eps: f32) -> (f32, f32) {
    let n = x.len() as f32;
    let mean = sum(x, |_, x| x) / n;
    let variance = sum(x, |_, x| (x - mean) * (x - mean)) / n;
    (mean, 1.0 / (variance + eps).sqrt())
}

/// What stands between two products: a norm, and the bias of the product after the next.
#[derive(Clone, Copy)]
pub struct Between<'a> {
    pub gamma: &'a [f32],
    pub beta: &'a [f32],
    pub eps: f32,
    pub bias: &'a [f32],
}

/// Normalises every row: to `out`, and with `bias` added in place.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+fma", "x86_64+avx2+fma"))]
pub fn normalise(rows: &mut [f32], between: Between, out: &mut [f32]) {
    let Between { gamma, beta, eps, bias } = between;
    let width = gamma.len();
    for (row, out) in rows.chunks_exact_mut(width).zip(out.chunks_exact_mut(width)) {
        let (mean, scale) = moments(row, eps);
        let rows = row.iter_mut().zip(out).zip(gamma).zip(beta).zip(bias);
        for ((((x, out), gamma), beta), bias) in rows {
            *out = (*x - mean) * scale * gamma + beta;
            *x = *out + bias;
        }
    }
}

/// Gradients of [`layer_norm`]. `dgamma` and `dbeta` are overwritten.
///
/// With x̂ the normalised row and g = dy · γ: dx = scale · (g − mean(g) − x̂ · mean(g · x̂)).
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+fma", "x86_64+avx2+fma"))]
pub fn layer_norm_backward(
    x: &[f32],
    gamma: &[f32],
    eps: f32,
    dy: &[f32],
    dx: &mut [f32],
    (dgamma, dbeta): (&mut [f32], &mut [f32]),
) {
    let width = gamma.len();
    let n = width as f32;
    dgamma.fill(0.0);
    dbeta.fill(0.0);
    let mut normed = vec![0f32; width];
    let mut scaled = vec![0f32; width];
    for ((x, dy), dx) in
        x.chunks_exact(width).zip(dy.chunks_exact(width)).zip(dx.chunks_exact_mut(width))
    {
        let (mean, scale) = moments(x, eps);
        for (normed, x) in normed.iter_mut().zip(x) {
            *normed = (x - mean) * scale;
        }
        for ((scaled, dy), gamma) in scaled.iter_mut().zip(dy).zip(gamma) {
            *scaled = dy * gamma;
        }
        for ((dgamma, dy), normed) in dgamma.iter_mut().zip(dy).zip(&normed) {
            *dgamma += dy * normed;
        }
        for (dbeta, dy) in dbeta.iter_mut().zip(dy) {
            *dbeta += dy;
        }
        let mean_g = sum(&scaled, |_, g| g) / n;
        let mean_gx = sum(&scaled, |i, g| g * normed[i]) / n;
        for ((dx, g), x) in dx.iter_mut().zip(&scaled).zip(&normed) {
            *dx = scale * (g - mean_g - x * mean_gx);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layer_norm_has_mean_beta_and_variance_gamma() {
        let x: Vec<f32> = (0..3 * 40).map(|i| ((i * 37 % 101) as f32) * 0.3 - 7.0).collect();
        let mut y = vec![0.0; x.len()];
        layer_norm(&x, &[2.0; 40], &[0.5; 40], 1e-12, &mut y);
        for row in y.chunks(40) {
            let mean = row.iter().sum::<f32>() / 40.0;
            let variance = row.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / 40.0;
            assert!((mean - 0.5).abs() < 1e-5 && (variance - 4.0).abs() < 1e-4);
        }
    }
}

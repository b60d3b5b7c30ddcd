//! How far an interval from few policies must reach.

use super::binomial::incomplete_beta;

/// Share of the draws to leave out at each side, so that an interval of level `1 - 2 * tail` is
/// as wide as Student's t asks for: draws from n policies spread too little by √((n-1)/n), and
/// their own spread is only estimated (the expanded percentile interval of Hesterberg, "What
/// Teachers Should Know About the Bootstrap", The American Statistician 2015).
pub fn expanded_tail(tail: f64, policies: usize) -> f64 {
    let n = policies.max(2) as f64;
    normal_tail((n / (n - 1.0)).sqrt() * quantile(tail, n - 1.0))
}

/// The t above which lies `tail` of Student's distribution.
pub fn quantile(tail: f64, freedom: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1e3);
    for _ in 0..80 {
        let middle = (low + high) / 2.0;
        let above =
            0.5 * incomplete_beta(freedom / 2.0, 0.5, freedom / (freedom + middle * middle));
        if above > tail { low = middle } else { high = middle }
    }
    low
}

/// P(Z > z) for z ≥ 0, to 7 decimals (Abramowitz and Stegun 26.2.17).
fn normal_tail(z: f64) -> f64 {
    const TERMS: [f64; 5] =
        [0.319_381_530, -0.356_563_782, 1.781_477_937, -1.821_255_978, 1.330_274_429];
    let t = 1.0 / (1.0 + 0.231_641_9 * z);
    let sum = TERMS.iter().rev().fold(0.0, |sum, term| (sum + term) * t);
    (-z * z / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt() * sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_scipys() {
        for (freedom, expected) in
            [(1.0, 12.706204736174694), (9.0, 2.262157162798205), (59.0, 2.0009953780882674)]
        {
            let found = quantile(0.025, freedom);
            assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
        }
        assert!((normal_tail(1.959963984540054) - 0.025).abs() < 1e-7);
        assert!((normal_tail(0.0) - 0.5).abs() < 1e-7);
    }

    #[test]
    fn few_policies_reach_further() {
        assert!((expanded_tail(0.025, 100_000) - 0.025).abs() < 1e-5);
        let found: Vec<f64> = [60, 10, 2].map(|n| expanded_tail(0.025, n)).to_vec();
        assert!((found[0] - 0.0218).abs() < 2e-4, "{found:?}");
        assert!((found[1] - 0.0086).abs() < 2e-4, "{found:?}");
        assert!(found[2] < 1e-9, "{found:?}");
    }
}

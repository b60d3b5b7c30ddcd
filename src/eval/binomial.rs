//! Tails of the binomial distribution, exact, and the interval and test that rest on them.

/// P(X ≥ hits) for X binomial over `trials` of chance `p`. Fractions are allowed, as they come
/// from an effective sample size: the tail is the incomplete beta function, which has them.
pub fn at_least(hits: f64, trials: f64, p: f64) -> f64 {
    if hits <= 0.0 {
        return 1.0;
    }
    incomplete_beta(hits, trials - hits + 1.0, p)
}

/// Lower bound of a chance at confidence `1 - alpha`, one-sided (Clopper and Pearson 1934).
pub fn lower_bound(hits: f64, trials: f64, alpha: f64) -> f64 {
    if hits <= 0.0 {
        return 0.0;
    }
    let (mut low, mut high) = (0.0, 1.0);
    // Halved sixty times, the bracket is narrower than a double can tell.
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        if at_least(hits, trials, middle) < alpha { low = middle } else { high = middle }
    }
    low
}

/// Two-sided p of McNemar's test, exact: of the clauses where only one of two is right, either
/// is it as often as the other.
pub fn mcnemar(only_first: u64, only_second: u64) -> f64 {
    let trials = only_first + only_second;
    let more = only_first.max(only_second);
    (2.0 * at_least(more as f64, trials as f64, 0.5)).min(1.0)
}

/// The regularised incomplete beta function I_x(a, b), by its continued fraction (Lentz's
/// method; Press et al., Numerical Recipes, 6.4).
pub fn incomplete_beta(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    let front = (a * x.ln() + b * (-x).ln_1p() + ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b)).exp();
    // The fraction converges quickly on one side of the mean; the other is its complement.
    if x < (a + 1.0) / (a + b + 2.0) {
        front * fraction(a, b, x) / a
    } else {
        1.0 - front * fraction(b, a, 1.0 - x) / b
    }
}

fn fraction(a: f64, b: f64, x: f64) -> f64 {
    /// Keeps divisors away from zero.
    const TINY: f64 = 1e-300;
    let safe = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / safe(1.0 - (a + b) * x / (a + 1.0));
    let mut value = d;
    for step in 1..=10_000 {
        let m = f64::from(step);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / safe(1.0 + even * d);
        c = safe(1.0 + even / c);
        value *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / safe(1.0 + odd * d);
        c = safe(1.0 + odd / c);
        value *= d * c;
        if (d * c - 1.0).abs() < 1e-15 {
            break;
        }
    }
    value
}

/// The logarithm of the gamma function for positive numbers (Lanczos, g = 7, nine terms).
fn ln_gamma(x: f64) -> f64 {
    const TERMS: [f64; 8] = [
        676.520_368_121_885_1,
        -1_259.139_216_722_402_8,
        771.323_428_777_653_1,
        -176.615_029_162_140_6,
        12.507_343_278_686_905,
        -0.138_571_095_265_720_12,
        9.984_369_578_019_572e-6,
        1.505_632_735_149_311_6e-7,
    ];
    let x = x - 1.0;
    let sum = TERMS
        .iter()
        .enumerate()
        .fold(0.999_999_999_999_809_9, |sum, (i, term)| sum + term / (x + i as f64 + 1.0));
    let t = x + 7.5;
    0.5 * (2.0 * std::f64::consts::PI).ln() + (x + 0.5) * t.ln() - t + sum.ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-10, "{found} is not {expected}");
    }

    #[test]
    fn figures_are_scipys() {
        close(at_least(3.0, 7.0, 0.4), 0.5800960000000001);
        close(at_least(95.0, 100.0, 0.9), 0.05757688648703389);
        close(at_least(990.0, 1000.0, 0.98), 0.010236548159763346);
        close(at_least(7000.0, 7200.0, 0.97), 0.14171320091185083);
        close(at_least(1.0, 3.0, 0.01), 0.029701);
        close(at_least(88.4, 93.7, 0.9), 0.10349084192640838);
        close(lower_bound(97.0, 100.0, 0.05), 0.92428920625017);
        close(lower_bound(480.0, 500.0, 0.01), 0.9346620036367226);
        close(lower_bound(1.0, 20.0, 0.05), 0.0025613787765302806);
        close(mcnemar(5, 15), 0.04138946533203125);
        close(mcnemar(0, 6), 0.03125);
        close(mcnemar(120, 90), 0.045114087864840696);
    }

    #[test]
    fn sums_of_terms_agree() {
        // P(X ≥ 3) of 5 at 0.3: 10 · 0.3³ · 0.7² + 5 · 0.3⁴ · 0.7 + 0.3⁵.
        close(at_least(3.0, 5.0, 0.3), 0.1323 + 0.02835 + 0.00243);
        close(at_least(0.0, 5.0, 0.3), 1.0);
        close(at_least(5.0, 5.0, 1.0), 1.0);
    }

    #[test]
    fn without_an_error_it_takes_59_for_95_of_100() {
        assert!(lower_bound(58.0, 58.0, 0.05) < 0.95);
        assert!(lower_bound(59.0, 59.0, 0.05) > 0.95);
        assert_eq!(lower_bound(0.0, 10.0, 0.05), 0.0);
        close(lower_bound(10.0, 10.0, 0.05), 0.05_f64.powf(0.1));
    }

    #[test]
    fn nothing_to_compare_is_no_difference() {
        assert_eq!(mcnemar(0, 0), 1.0);
        assert_eq!(mcnemar(3, 3), 1.0);
        assert_eq!(mcnemar(2, 9), mcnemar(9, 2));
    }
}

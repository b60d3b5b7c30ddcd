//! Coordinates of a page.

/// `[a b c d e f]` as the format writes it: a point `(x, y)` becomes `(ax + cy + e, bx + dy + f)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Matrix(pub [f64; 6]);

impl Matrix {
    pub const IDENTITY: Self = Self([1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);

    pub fn shift(x: f64, y: f64) -> Self {
        Self([1.0, 0.0, 0.0, 1.0, x, y])
    }

    /// Turned clockwise by so many right angles.
    pub fn turned(quarters: i64) -> Self {
        let (sin, cos) = match quarters.rem_euclid(4) {
            0 => (0.0, 1.0),
            1 => (-1.0, 0.0),
            2 => (0.0, -1.0),
            _ => (1.0, 0.0),
        };
        Self([cos, sin, -sin, cos, 0.0, 0.0])
    }

    /// This one first, then the other one.
    pub fn then(self, other: Self) -> Self {
        let [a, b, c, d, e, f] = self.0;
        let (x, y) = (other.apply(e, f), other.0);
        Self([
            a * y[0] + b * y[2],
            a * y[1] + b * y[3],
            c * y[0] + d * y[2],
            c * y[1] + d * y[3],
            x.0,
            x.1,
        ])
    }

    pub fn apply(self, x: f64, y: f64) -> (f64, f64) {
        let [a, b, c, d, e, f] = self.0;
        (a * x + c * y + e, b * x + d * y + f)
    }

    /// How tall something of height 1 becomes.
    pub fn height(self) -> f64 {
        self.0[2].hypot(self.0[3])
    }

    /// In how many right angles, counted clockwise, the baseline runs; none when it is oblique.
    pub fn quarter(self) -> Option<u8> {
        let [a, b, ..] = self.0;
        // A slope up to some six degrees is a scan that lies askew.
        let (along, across) = (a.abs().max(b.abs()), a.abs().min(b.abs()));
        if across * 10.0 > along || along == 0.0 || !along.is_finite() {
            return None;
        }
        Some(match (a.abs() >= b.abs(), a > 0.0, b > 0.0) {
            (true, true, _) => 0,
            (true, false, _) => 2,
            (false, _, true) => 3,
            (false, _, false) => 1,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_after_the_other() {
        let moved = Matrix([2.0, 0.0, 0.0, 2.0, 1.0, 1.0]).then(Matrix::shift(10.0, 0.0));
        assert_eq!(moved.apply(1.0, 2.0), (13.0, 5.0));
        assert_eq!(Matrix::turned(1).then(Matrix::turned(-1)), Matrix::IDENTITY);
        assert_eq!(moved.height(), 2.0);
    }

    #[test]
    fn directions() {
        let quarters: Vec<_> = (0..4).map(|n| Matrix::turned(n).quarter()).collect();
        assert_eq!(quarters, [Some(0), Some(1), Some(2), Some(3)]);
        assert_eq!(Matrix([1.0, 1.0, -1.0, 1.0, 0.0, 0.0]).quarter(), None);
        assert_eq!(Matrix([f64::NAN; 6]).quarter(), None);
    }
}

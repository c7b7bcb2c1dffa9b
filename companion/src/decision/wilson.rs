//! Wilson's bounds of a share.
//!
//! Only the four operations and the square root are used, which IEEE 754 rounds the same everywhere, so a replay
//! on another machine gives the same digits.

/// The bound of a share that was seen in `n` samples, `z` standard errors below (negative `z`) or above it.
///
/// `share` is 0..=1; the result is too. Without samples nothing is known: 0 below and 1 above.
pub(super) fn bound(share: f64, n: f64, z: f64) -> f64 {
    if n <= 0.0 {
        return if z < 0.0 { 0.0 } else { 1.0 };
    }
    let zz = z * z;
    let middle = share + zz / (2.0 * n);
    let width = z * (share * (1.0 - share) / n + zz / (4.0 * n * n)).sqrt();
    let bound = (middle + width) / (1.0 + zz / n);
    // Rounding must not put a bound on the other side of its share.
    if z < 0.0 { bound.clamp(0.0, share) } else { bound.clamp(share, 1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_bounds() {
        // Smallest numbers of errors whose 95 % interval lies above 2 %.
        for (errors, n) in [(5.0, 100.0), (8.0, 200.0), (17.0, 500.0)] {
            assert!(bound(errors / n, n, -1.96) > 0.02, "{errors} of {n}");
            assert!(bound((errors - 1.0) / n, n, -1.96) < 0.02, "{errors} - 1 of {n}");
        }
        assert_eq!((bound(0.5, 0.0, -3.0), bound(0.5, 0.0, 3.0)), (0.0, 1.0));
        assert_eq!((bound(0.0, 10.0, -3.0), bound(1.0, 10.0, 3.0)), (0.0, 1.0));
    }

    #[test]
    fn rises_with_the_share_and_closes_with_samples() {
        for n in [1.0, 100.0, 1e6] {
            for percent in 1..=100 {
                let share = f64::from(percent) / 100.0;
                assert!(bound(share, n, -3.0) >= bound(share - 0.01, n, -3.0));
                assert!(bound(share, n, -3.0) <= share && share <= bound(share, n, 3.0));
                assert!(bound(share, n, -3.0) <= bound(share, n * 2.0, -3.0));
            }
        }
    }
}

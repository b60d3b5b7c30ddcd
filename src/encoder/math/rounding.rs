//! f32 to bf16 and back.

use half::bf16;
use multiversion::multiversion;

/// bf16 bits of a finite value, to nearest, ties to even.
#[inline(always)]
pub(super) fn bf16_bits(value: f32) -> u16 {
    let bits = value.to_bits();
    ((bits.wrapping_add(0x7FFF + ((bits >> 16) & 1))) >> 16) as u16
}

/// Rounds to bf16.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+fma", "x86_64+avx2+fma"))]
pub fn to_bf16(from: &[f32], to: &mut [bf16]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = bf16::from_bits(bf16_bits(*from));
    }
}

/// Rounds rows to bf16; rows begin `stride` values apart, the rounded ones `to_stride`.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+fma", "x86_64+avx2+fma"))]
pub fn rows_to_bf16(
    from: &[f32],
    stride: usize,
    to: &mut [bf16],
    to_stride: usize,
    (rows, cols): (usize, usize),
) {
    for (from, to) in from.chunks(stride).zip(to.chunks_mut(to_stride)).take(rows) {
        let pair = (from.first_chunk::<32>(), to.first_chunk_mut::<32>());
        if let (32, (Some(from), Some(to))) = (cols, pair) {
            for (to, from) in to.iter_mut().zip(from) {
                *to = bf16::from_bits(bf16_bits(*from));
            }
            continue;
        }
        for (to, from) in to[..cols].iter_mut().zip(&from[..cols]) {
            *to = bf16::from_bits(bf16_bits(*from));
        }
    }
}

/// bf16 as f32, exactly.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+fma", "x86_64+avx2+fma"))]
pub fn from_bf16(from: &[bf16], to: &mut [f32]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = f32::from_bits(u32::from(from.to_bits()) << 16);
    }
}

/// `sums += values`.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+fma", "x86_64+avx2+fma"))]
pub fn add_bf16(sums: &mut [f32], values: &[bf16]) {
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum += f32::from_bits(u32::from(value.to_bits()) << 16);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bf16_rounds_to_nearest_even() {
        let values = [0.0, 1.0, -1.5, 3.140_625, 1.003_906_2, 1.011_718_8, 1e-30, -65504.0];
        let mut rounded = [bf16::ZERO; 8];
        to_bf16(&values, &mut rounded);
        assert_eq!(rounded, values.map(bf16::from_f32));
        let mut back = [0.0; 8];
        from_bf16(&rounded, &mut back);
        assert_eq!(back, rounded.map(bf16::to_f32));
        add_bf16(&mut back, &rounded);
        assert_eq!(back, rounded.map(|value| 2.0 * value.to_f32()));
    }
}

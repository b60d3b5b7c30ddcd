//! bf16 products with f32 sums on the AMX units of x86-64 (Intel, Sapphire Rapids and later).
//!
//! Both factors are rounded to bf16 and packed as the tiles want them: `a` by rows, `b` in
//! blocks of 16 columns whose rows hold two consecutive values of the inner dimension side by
//! side (Intel Architecture Instruction Set Extensions, chapter AMX, `TDPBF16PS`).

use std::arch::asm;
use std::cell::RefCell;
use std::sync::OnceLock;

use super::{Kernel, Matrix, check_shapes};

/// Rows of a tile, and columns of an f32 tile.
const TILE: usize = 16;
/// Inner values of a tile: 16 pairs of bf16.
const DEPTH: usize = 32;
/// A step of the micro-kernel is 2 x 2 tiles.
const STEP: usize = 2 * TILE;

/// Products on AMX. A value of this type proves that the CPU and the kernel allow it.
#[derive(Debug, Clone, Copy)]
pub struct Amx(());

impl Amx {
    /// The kernel, when the CPU has AMX-BF16 and the operating system grants its tiles.
    pub fn detect() -> Option<Self> {
        static GRANTED: OnceLock<bool> = OnceLock::new();
        GRANTED.get_or_init(|| cpu_has_amx() && request_tiles()).then_some(Self(()))
    }
}

/// CPUID leaf 7: EDX bit 22 (AMX-BF16) and bit 24 (AMX-TILE).
fn cpu_has_amx() -> bool {
    use std::arch::x86_64::__cpuid_count;
    if !is_x86_feature_detected!("avx512bw") {
        return false;
    }
    let edx = __cpuid_count(7, 0).edx;
    edx & (1 << 22) != 0 && edx & (1 << 24) != 0
}

/// Asks Linux for the tile data of this process: `arch_prctl(ARCH_REQ_XCOMP_PERM, XTILEDATA)`.
fn request_tiles() -> bool {
    let mut result: i64 = 158; // SYS_arch_prctl
    // SAFETY: the call reads its two registers only; the kernel clobbers rcx and r11.
    unsafe {
        asm!("syscall", inlateout("rax") result, in("rdi") 0x1023, in("rsi") 18,
            out("rcx") _, out("r11") _, options(nostack));
    }
    result == 0
}

/// Buffers of one thread for packed factors, kept from call to call.
#[derive(Default)]
struct Packed {
    a: Vec<u32>,
    b: Vec<u32>,
}

thread_local! {
    static PACKED: RefCell<Packed> = RefCell::default();
}

impl Kernel for Amx {
    fn name(&self) -> &'static str {
        "amx"
    }

    fn product(&self, a: Matrix, b: Matrix, c: &mut [f32]) {
        check_shapes(&a, &b, c);
        if c.is_empty() {
            return;
        }
        PACKED.with_borrow_mut(|packed| {
            // SAFETY: `detect` made sure of AVX-512.
            unsafe {
                pack_rows(&a, &mut packed.a);
                pack_columns(&b, &mut packed.b);
            }
            multiply(&packed.a, &packed.b, Shape { m: a.rows, k: a.cols, n: b.cols }, c);
        });
    }
}

#[derive(Clone, Copy)]
struct Shape {
    m: usize,
    k: usize,
    n: usize,
}

/// Rounds to bf16 (to nearest, ties to even) and keeps the 16 bits in a u32.
#[inline(always)]
fn bf16(value: f32) -> u32 {
    let bits = value.to_bits();
    (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16
}

#[inline(always)]
fn pair(low: f32, high: f32) -> u32 {
    bf16(low) | (bf16(high) << 16)
}

/// Pairs (i, i+1) of `row`, a missing last one filled with zero.
#[inline(always)]
fn pair_along(row: &[f32], out: &mut [u32]) {
    let (pairs, rest) = row.as_chunks::<2>();
    for (out, [low, high]) in out.iter_mut().zip(pairs) {
        *out = pair(*low, *high);
    }
    if let [last] = rest {
        out[pairs.len()] = pair(*last, 0.0);
    }
}

/// `a` as rows of pairs along the inner dimension, rows and columns filled up with zeros.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq")]
fn pack_rows(a: &Matrix, out: &mut Vec<u32>) {
    let width = a.cols.next_multiple_of(DEPTH) / 2;
    out.clear();
    out.resize(a.rows.next_multiple_of(STEP) * width, 0);
    if !a.transposed {
        for (row, out) in a.data.chunks_exact(a.cols).zip(out.chunks_exact_mut(width)) {
            pair_along(row, out);
        }
        return;
    }
    // Stored by inner index: pair two stored rows, then turn 16 x 16 blocks of pairs.
    let mut strip = vec![0u32; TILE * a.rows];
    for first in (0..width).step_by(TILE) {
        pair_across(a.data, a.rows, a.cols, 2 * first, &mut strip);
        for left in (0..a.rows).step_by(TILE) {
            let columns = TILE.min(a.rows - left);
            for j in 0..columns {
                let target = &mut out[(left + j) * width + first..][..TILE];
                for (i, value) in target.iter_mut().enumerate() {
                    *value = strip[i * a.rows + left + j];
                }
            }
        }
    }
}

/// Sixteen rows of pairs: row i holds (stored[first + 2i][j], stored[first + 2i + 1][j]).
#[inline(always)]
fn pair_across(data: &[f32], cols: usize, rows: usize, first: usize, strip: &mut [u32]) {
    for (i, out) in strip.chunks_exact_mut(cols).enumerate() {
        let at = first + 2 * i;
        let row = |r: usize| &data[r * cols..(r + 1) * cols];
        if at + 1 < rows {
            for ((out, low), high) in out.iter_mut().zip(row(at)).zip(row(at + 1)) {
                *out = pair(*low, *high);
            }
        } else if at < rows {
            for (out, low) in out.iter_mut().zip(row(at)) {
                *out = pair(*low, 0.0);
            }
        } else {
            out.fill(0);
        }
    }
}

/// `b` as blocks of 16 columns, each a run of 16 x 16 tiles of pairs down the inner dimension.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq")]
fn pack_columns(b: &Matrix, out: &mut Vec<u32>) {
    let height = b.rows.next_multiple_of(DEPTH) / 2;
    let block = height * TILE;
    out.clear();
    out.resize(b.cols.next_multiple_of(STEP) / TILE * block, 0);
    if b.transposed {
        // Stored by column: pair along each, then turn.
        let mut strip = vec![0u32; TILE * height];
        for (columns, out) in b.data.chunks(TILE * b.rows).zip(out.chunks_exact_mut(block)) {
            strip.fill(0);
            for (row, strip) in columns.chunks_exact(b.rows).zip(strip.chunks_exact_mut(height)) {
                pair_along(row, strip);
            }
            for (i, out) in out.as_chunks_mut::<TILE>().0.iter_mut().enumerate() {
                for (j, value) in out.iter_mut().enumerate() {
                    *value = strip[j * height + i];
                }
            }
        }
        return;
    }
    let mut strip = vec![0u32; TILE * b.cols];
    for first in (0..height).step_by(TILE) {
        pair_across(b.data, b.cols, b.rows, 2 * first, &mut strip);
        for (j, out) in out.chunks_exact_mut(block).enumerate() {
            let left = j * TILE;
            let width = TILE.min(b.cols.saturating_sub(left));
            for i in 0..TILE {
                let source = &strip[i * b.cols + left.min(b.cols)..][..width];
                out[(first + i) * TILE..][..width].copy_from_slice(source);
            }
        }
    }
}

/// Walks the 32 x 32 blocks of `c`.
fn multiply(a: &[u32], b: &[u32], shape: Shape, c: &mut [f32]) {
    let width = shape.k.next_multiple_of(DEPTH) / 2;
    let block = width * TILE;
    assert!(a.len() >= shape.m.next_multiple_of(STEP) * width);
    assert!(b.len() >= shape.n.next_multiple_of(STEP) / TILE * block);
    assert!(c.len() >= shape.m * shape.n);
    let tiles = TileConfig::all();
    let mut edge = [0f32; STEP * STEP];
    // SAFETY: only an `Amx` gets here, so the tiles may be used; the configuration holds for
    // this thread until the release below, and nothing between them can panic.
    unsafe { asm!("ldtilecfg [{}]", in(reg) &tiles, options(nostack, readonly)) };
    for i in (0..shape.m).step_by(STEP) {
        for j in (0..shape.n).step_by(STEP) {
            let rows = STEP.min(shape.m - i);
            let cols = STEP.min(shape.n - j);
            let inside = rows == STEP && cols == STEP;
            let left = a[i * width..].as_ptr();
            let right = b[j / TILE * block..].as_ptr();
            let (target, stride) = if inside {
                (c[i * shape.n + j..].as_mut_ptr(), shape.n)
            } else {
                (edge.as_mut_ptr(), STEP)
            };
            // SAFETY: the asserts above hold 32 packed rows and two packed column blocks from
            // here on; the target has 32 rows of 32 values at its stride.
            unsafe { step(left, right, width, target, stride) };
            if !inside {
                for r in 0..rows {
                    let from = &edge[r * STEP..][..cols];
                    c[(i + r) * shape.n + j..][..cols].copy_from_slice(from);
                }
            }
        }
    }
    // SAFETY: gives the tile state of this thread back.
    unsafe { asm!("tilerelease", options(nostack, nomem)) };
}

/// One 32 x 32 block of the result.
///
/// # Safety
/// Tiles are configured; `a` holds 32 rows of `width` pairs (a multiple of 16, not zero), `b`
/// two column blocks of `width` x 16 pairs, `c` 32 rows of 32 values, `stride` values apart.
#[inline(always)]
unsafe fn step(a: *const u32, b: *const u32, width: usize, c: *mut f32, stride: usize) {
    let (a_bytes, c_bytes) = (width * 4, stride * 4);
    // SAFETY: see above.
    unsafe {
        asm!(
            "tilezero tmm0",
            "tilezero tmm1",
            "tilezero tmm2",
            "tilezero tmm3",
            "2:",
            "tileloadd tmm4, [{a0} + {sa} * 1]",
            "tileloadd tmm6, [{b0} + {sb} * 1]",
            "tileloadd tmm7, [{b1} + {sb} * 1]",
            "tdpbf16ps tmm0, tmm4, tmm6",
            "tileloadd tmm5, [{a1} + {sa} * 1]",
            "tdpbf16ps tmm1, tmm4, tmm7",
            "tdpbf16ps tmm2, tmm5, tmm6",
            "tdpbf16ps tmm3, tmm5, tmm7",
            "add {a0}, 64",
            "add {a1}, 64",
            "add {b0}, 1024",
            "add {b1}, 1024",
            "dec {n}",
            "jnz 2b",
            "tilestored [{c0} + {sc} * 1], tmm0",
            "tilestored [{c0} + {sc} * 1 + 64], tmm1",
            "tilestored [{c1} + {sc} * 1], tmm2",
            "tilestored [{c1} + {sc} * 1 + 64], tmm3",
            a0 = inout(reg) a => _,
            a1 = inout(reg) a.add(TILE * width) => _,
            b0 = inout(reg) b => _,
            b1 = inout(reg) b.add(TILE * width) => _,
            n = inout(reg) width / TILE => _,
            c0 = in(reg) c,
            c1 = in(reg) c.add(TILE * stride),
            sa = in(reg) a_bytes,
            sb = in(reg) 64usize,
            sc = in(reg) c_bytes,
            out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
            out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
            options(nostack)
        );
    }
}

/// Memory image of `LDTILECFG`: all eight tiles 16 rows of 64 bytes.
#[repr(C, align(64))]
struct TileConfig {
    palette: u8,
    start_row: u8,
    reserved: [u8; 14],
    bytes: [u16; 16],
    rows: [u8; 16],
}

impl TileConfig {
    fn all() -> Self {
        let mut config =
            Self { palette: 1, start_row: 0, reserved: [0; 14], bytes: [0; 16], rows: [0; 16] };
        config.bytes[..8].fill(64);
        config.rows[..8].fill(TILE as u8);
        config
    }
}

#[cfg(test)]
mod tests {
    use super::super::portable::tests::{agrees, rows_are_independent};
    use super::*;

    #[test]
    fn amx_agrees_with_the_definition() {
        if let Some(kernel) = Amx::detect() {
            // bf16 keeps 8 bits: half a unit of the last place of each factor.
            agrees(&kernel, 4e-3);
        }
    }

    #[test]
    fn amx_rows_are_independent() {
        if let Some(kernel) = Amx::detect() {
            rows_are_independent(&kernel);
        }
    }

    #[test]
    fn bf16_rounds_to_nearest_even() {
        for value in [0.0, 1.0, -1.5, 3.140_625, 1.003_906_2, 1.011_718_8, 1e-30, -65504.0] {
            assert_eq!(bf16(value) as u16, half::bf16::from_f32(value).to_bits(), "{value}");
        }
    }
}

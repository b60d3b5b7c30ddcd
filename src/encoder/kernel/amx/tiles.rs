//! The tile instructions, as inline assembly (their intrinsics are not stable).

use std::arch::asm;

use half::bf16;

/// Rows of a tile, and columns of an f32 tile.
pub const TILE: usize = 16;
/// Inner values of a tile: 16 pairs of bf16.
pub const DEPTH: usize = 32;
/// Rows and columns of the block that one step computes: 2 x 2 tiles.
pub const STEP: usize = 2 * TILE;
/// Values of a packed tile.
pub const TILE_VALUES: usize = TILE * DEPTH;

/// CPUID leaf 7: EDX bit 22 (AMX-BF16) and bit 24 (AMX-TILE).
pub fn cpu_has_amx() -> bool {
    let avx = is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512bf16");
    let edx = std::arch::x86_64::__cpuid_count(7, 0).edx;
    avx && edx & (1 << 22) != 0 && edx & (1 << 24) != 0
}

/// Asks Linux for the tile data of this process: `arch_prctl(ARCH_REQ_XCOMP_PERM, XTILEDATA)`.
pub fn request_tiles() -> bool {
    let mut result: i64 = 158; // SYS_arch_prctl
    // SAFETY: the call reads its two registers only; the kernel clobbers rcx and r11.
    unsafe {
        asm!("syscall", inlateout("rax") result, in("rdi") 0x1023, in("rsi") 18,
            out("rcx") _, out("r11") _, options(nostack));
    }
    result == 0
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

/// The tiles of this thread are configured as long as this lives.
pub struct Configured(());

impl Configured {
    /// # Safety
    /// The CPU has AMX and the operating system has granted its tiles.
    pub unsafe fn new() -> Self {
        let mut config = TileConfig {
            palette: 1,
            start_row: 0,
            reserved: [0; 14],
            bytes: [0; 16],
            rows: [0; 16],
        };
        config.bytes[..8].fill(64);
        config.rows[..8].fill(TILE as u8);
        // SAFETY: the caller's promise.
        unsafe { asm!("ldtilecfg [{}]", in(reg) &config, options(nostack, readonly)) };
        Self(())
    }
}

impl Drop for Configured {
    fn drop(&mut self) {
        // SAFETY: gives the tile state of this thread back.
        unsafe { asm!("tilerelease", options(nostack, nomem)) };
    }
}

/// A block of 32 x 32 sums: where its factors and its sums lie.
#[derive(Clone, Copy)]
pub struct Step {
    /// 32 rows (16 for half a step) of `32 * steps` values, `a_stride` values apart.
    pub a: *const bf16,
    pub a_stride: usize,
    /// `steps` pairs of packed tiles.
    pub b: *const bf16,
    /// At least 1.
    pub steps: usize,
    /// 32 rows (16 for half a step) of 32 sums, `c_stride` values apart.
    pub c: *mut f32,
    pub c_stride: usize,
    /// Adds to the sums that are there.
    pub add: bool,
    /// Memory that will be read soon, 256 bytes a step; need not exist.
    pub ahead: *const bf16,
}

/// `c` = `a · b`, or `c += a · b`. The next pair of tiles of `b` is fetched meanwhile: tiles are
/// loaded far faster from the nearest cache, and rows of `a` are there already.
///
/// # Safety
/// Tiles are [`Configured`], and the pointers of the step keep their promises.
#[inline(always)]
pub unsafe fn step(step: Step) {
    let Step { a, a_stride, b, steps, c, c_stride, add, ahead } = step;
    // SAFETY: see above; fetching ahead reads nothing and cannot fail.
    unsafe {
        asm!(
            "test {add:e}, {add:e}",
            "jz 2f",
            "tileloadd tmm0, [{c0} + {sc} * 1]",
            "tileloadd tmm1, [{c0} + {sc} * 1 + 64]",
            "tileloadd tmm2, [{c1} + {sc} * 1]",
            "tileloadd tmm3, [{c1} + {sc} * 1 + 64]",
            "jmp 3f",
            "2:",
            "tilezero tmm0",
            "tilezero tmm1",
            "tilezero tmm2",
            "tilezero tmm3",
            "3:",
            "tileloadd tmm4, [{a0} + {sa} * 1]",
            "tileloadd tmm6, [{b} + {sb} * 1]",
            "prefetcht1 [{ahead}]",
            "prefetcht1 [{ahead} + 64]",
            ".irp at,2048,2112,2176,2240,2304,2368,2432,2496,2560,2624,2688",
            "prefetcht0 [{b} + \\at]",
            ".endr",
            "tileloadd tmm7, [{b} + {sb} * 1 + 1024]",
            "tdpbf16ps tmm0, tmm4, tmm6",
            "tileloadd tmm5, [{a1} + {sa} * 1]",
            "tdpbf16ps tmm1, tmm4, tmm7",
            "prefetcht1 [{ahead} + 128]",
            "prefetcht1 [{ahead} + 192]",
            ".irp at,2752,2816,2880,2944,3008,3072,3136,3200,3264,3328,3392",
            "prefetcht0 [{b} + \\at]",
            ".endr",
            "tdpbf16ps tmm2, tmm5, tmm6",
            ".irp at,3456,3520,3584,3648,3712,3776,3840,3904,3968,4032",
            "prefetcht0 [{b} + \\at]",
            ".endr",
            "tdpbf16ps tmm3, tmm5, tmm7",
            "add {a0}, 64",
            "add {a1}, 64",
            "add {b}, 2048",
            "add {ahead}, 256",
            "dec {n}",
            "jnz 3b",
            "tilestored [{c0} + {sc} * 1], tmm0",
            "tilestored [{c0} + {sc} * 1 + 64], tmm1",
            "tilestored [{c1} + {sc} * 1], tmm2",
            "tilestored [{c1} + {sc} * 1 + 64], tmm3",
            add = in(reg) u32::from(add),
            a0 = inout(reg) a => _,
            a1 = inout(reg) a.add(TILE * a_stride) => _,
            b = inout(reg) b => _,
            n = inout(reg) steps => _,
            ahead = inout(reg) ahead => _,
            c0 = in(reg) c,
            c1 = in(reg) c.add(TILE * c_stride),
            sa = in(reg) a_stride * 2,
            sb = in(reg) 64usize,
            sc = in(reg) c_stride * 4,
            out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
            out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
            options(nostack)
        );
    }
}

/// As [`step`] for half a step: 16 rows of `a` and of `c`; fetches nothing ahead.
///
/// # Safety
/// As [`step`].
#[inline(always)]
pub unsafe fn half_step(step: Step) {
    let Step { a, a_stride, b, steps, c, c_stride, add, .. } = step;
    // SAFETY: see above.
    unsafe {
        asm!(
            "test {add:e}, {add:e}",
            "jz 2f",
            "tileloadd tmm0, [{c} + {sc} * 1]",
            "tileloadd tmm1, [{c} + {sc} * 1 + 64]",
            "jmp 3f",
            "2:",
            "tilezero tmm0",
            "tilezero tmm1",
            "3:",
            "tileloadd tmm4, [{a} + {sa} * 1]",
            "tileloadd tmm6, [{b} + {sb} * 1]",
            "tdpbf16ps tmm0, tmm4, tmm6",
            "tileloadd tmm7, [{b} + {sb} * 1 + 1024]",
            "tdpbf16ps tmm1, tmm4, tmm7",
            "add {a}, 64",
            "add {b}, 2048",
            "dec {n}",
            "jnz 3b",
            "tilestored [{c} + {sc} * 1], tmm0",
            "tilestored [{c} + {sc} * 1 + 64], tmm1",
            add = in(reg) u32::from(add),
            a = inout(reg) a => _,
            b = inout(reg) b => _,
            n = inout(reg) steps => _,
            c = in(reg) c,
            sa = in(reg) a_stride * 2,
            sb = in(reg) 64usize,
            sc = in(reg) c_stride * 4,
            out("tmm0") _, out("tmm1") _, out("tmm4") _, out("tmm6") _, out("tmm7") _,
            options(nostack)
        );
    }
}

//! Memory that begins at a cache line.

/// Bytes of a cache line: a vector or a row of a tile that crosses its end costs twice.
const LINE: usize = 64;

/// A vector whose values begin at a cache line.
#[derive(Debug)]
pub struct Aligned<V> {
    data: Vec<V>,
    start: usize,
    len: usize,
}

impl<V> Default for Aligned<V> {
    fn default() -> Self {
        Self { data: Vec::new(), start: 0, len: 0 }
    }
}

impl<V: Copy + Default> Aligned<V> {
    /// `len` default values.
    pub fn new(len: usize) -> Self {
        let mut memory = Self::default();
        memory.reserve(len);
        memory
    }

    /// Room for at least `len` values; what was there is kept only if there was room before.
    pub fn reserve(&mut self, len: usize) {
        if len > self.len {
            let slack = LINE / size_of::<V>().max(1);
            self.data = vec![V::default(); len + slack];
            self.start = self.data.as_ptr().align_offset(LINE).min(slack);
            self.len = len;
        }
    }

    /// All values there is room for.
    pub fn values(&self) -> &[V] {
        &self.data[self.start..self.start + self.len]
    }

    /// All values there is room for.
    pub fn values_mut(&mut self) -> &mut [V] {
        &mut self.data[self.start..self.start + self.len]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_begin_at_a_cache_line() {
        for len in [1, 7, 64, 1000] {
            let mut memory = Aligned::<u16>::new(len);
            assert_eq!(memory.values().as_ptr().addr() % LINE, 0);
            assert_eq!(memory.values_mut().len(), len);
            memory.reserve(len / 2);
            assert_eq!(memory.values().len(), len);
        }
    }
}

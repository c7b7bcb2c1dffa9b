//! A bit for each cell of a grid: questions about whole neighbourhoods, 64 cells at a time.

/// Rows of bits, each from the start of a word; those beyond a row's last cell are 0.
#[derive(Clone)]
pub(super) struct Bits {
    width: usize,
    words: usize,
    rows: Vec<u64>,
}

impl Bits {
    /// None, for a grid of `width` x `height`.
    pub(super) fn new(width: usize, height: usize) -> Self {
        let words = width.div_ceil(64);
        Self { width, words, rows: vec![0; words * height] }
    }

    /// The words of row `y`.
    pub(super) fn row(&self, y: usize) -> &[u64] {
        &self.rows[y * self.words..][..self.words]
    }

    /// The words of row `y`.
    pub(super) fn row_mut(&mut self, y: usize) -> &mut [u64] {
        &mut self.rows[y * self.words..][..self.words]
    }

    /// All cells within `radius` rows and columns of one.
    pub(super) fn spread(&self, radius: usize) -> Self {
        let mut across = self.clone();
        let within = u64::MAX >> (self.words * 64 - self.width);
        for row in across.rows.chunks_exact_mut(self.words) {
            for _ in 0..radius {
                let mut before = 0;
                for i in 0..row.len() {
                    let (here, after) = (row[i], row.get(i + 1).copied().unwrap_or(0));
                    row[i] = here | here << 1 | here >> 1 | before >> 63 | after << 63;
                    before = here;
                }
            }
            row[self.words - 1] &= within;
        }
        let mut down = across.clone();
        for by in (1..=radius).map(|rows| rows * self.words).take_while(|&by| by < across.rows.len()) {
            down.rows[by..].iter_mut().zip(&across.rows).for_each(|(to, from)| *to |= from);
            down.rows.iter_mut().zip(&across.rows[by..]).for_each(|(to, from)| *to |= from);
        }
        down
    }

    /// The cells of both.
    pub(super) fn and(mut self, other: &Self) -> Self {
        self.rows.iter_mut().zip(&other.rows).for_each(|(to, from)| *to &= from);
        self
    }

    /// The fours of row `y` that have any cell.
    pub(super) fn fours(&self, y: usize) -> impl Iterator<Item = usize> {
        self.row(y).iter().enumerate().flat_map(|(i, &word)| {
            let pairs = word | word >> 1;
            places((pairs | pairs >> 2) & 0x1111_1111_1111_1111).map(move |at| i * 16 + at / 4)
        })
    }
}

/// Where a word has bits, from the lowest up.
pub(super) fn places(mut word: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let at = word.trailing_zeros() as usize;
        let more = word != 0;
        word &= word.wrapping_sub(1);
        more.then_some(at)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spreads_like_a_square_and_stays_within() {
        for (width, height) in [(130, 9), (64, 5), (3, 1), (66, 2)] {
            let set = |x: usize, y: usize| (x * 7 + y * 13).is_multiple_of(41) || x == 63;
            let mut bits = Bits::new(width, height);
            for (x, y) in
                (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).filter(|&(x, y)| set(x, y))
            {
                bits.row_mut(y)[x / 64] |= 1 << (x % 64);
            }
            for radius in 0..3 {
                let wide = bits.spread(radius);
                for y in 0..height {
                    let near = |x: usize, y: usize| {
                        (y.saturating_sub(radius)..(y + radius + 1).min(height)).any(|iy| {
                            (x.saturating_sub(radius)..(x + radius + 1).min(width)).any(|ix| set(ix, iy))
                        })
                    };
                    let want: Vec<usize> = (0..width).filter(|&x| near(x, y)).collect();
                    let words = wide.row(y).iter().enumerate();
                    let got: Vec<usize> =
                        words.flat_map(|(i, &word)| places(word).map(move |at| i * 64 + at)).collect();
                    assert_eq!(got, want, "{width}x{height}, radius {radius}, row {y}");
                    let mut fours: Vec<usize> = want.iter().map(|x| x / 4).collect();
                    fours.dedup();
                    assert_eq!(wide.fours(y).collect::<Vec<_>>(), fours);
                }
            }
        }
    }
}

//! Plain arrays, for targets without a file of their own.

/// Four `f32`.
#[derive(Clone, Copy)]
pub(crate) struct F32x4([f32; 4]);

impl F32x4 {
    fn each(self, other: Self, f: impl Fn(f32, f32) -> f32) -> Self {
        Self(std::array::from_fn(|i| f(self.0[i], other.0[i])))
    }

    pub(crate) fn splat(value: f32) -> Self {
        Self([value; 4])
    }

    pub(crate) fn load(from: &[f32; 4]) -> Self {
        Self(*from)
    }

    pub(crate) fn store(self, to: &mut [f32; 4]) {
        *to = self.0;
    }

    /// Four pixels of four bytes each: red, green, blue, and 255 whatever their alpha is.
    pub(crate) fn pixels(from: &[u8; 16]) -> [Self; 4] {
        std::array::from_fn(|i| Self([from[4 * i], from[4 * i + 1], from[4 * i + 2], 255].map(f32::from)))
    }

    /// The first, the second and the third bytes of four pixels.
    pub(crate) fn planes(from: &[u8; 16]) -> [Self; 3] {
        std::array::from_fn(|c| Self(std::array::from_fn(|i| f32::from(from[4 * i + c]))))
    }

    /// The sum of the lanes of each vector.
    pub(crate) fn sums(of: [Self; 4]) -> Self {
        Self(of.map(|v| v.0.iter().sum()))
    }

    /// The first two lanes of both, and the last two of both.
    pub(crate) fn halves(self, other: Self) -> [Self; 2] {
        let ([a, b, c, d], [e, f, g, h]) = (self.0, other.0);
        [Self([a, b, e, f]), Self([c, d, g, h])]
    }

    pub(crate) fn add(self, other: Self) -> Self {
        self.each(other, |a, b| a + b)
    }

    pub(crate) fn sub(self, other: Self) -> Self {
        self.each(other, |a, b| a - b)
    }

    pub(crate) fn mul(self, other: Self) -> Self {
        self.each(other, |a, b| a * b)
    }

    pub(crate) fn div(self, other: Self) -> Self {
        self.each(other, |a, b| a / b)
    }

    pub(crate) fn sqrt(self) -> Self {
        Self(self.0.map(f32::sqrt))
    }

    /// A bit for each lane, from the lowest up: whether it is more than `other`'s.
    pub(crate) fn above(self, other: Self) -> u8 {
        (0..4).fold(0, |bits, i| bits | u8::from(self.0[i] > other.0[i]) << i)
    }

    /// The smaller one; which one a NaN gives is not said.
    pub(crate) fn min(self, other: Self) -> Self {
        self.each(other, f32::min)
    }

    /// The larger one; which one a NaN gives is not said.
    pub(crate) fn max(self, other: Self) -> Self {
        self.each(other, f32::max)
    }

    /// `self * b + c`, rounded twice.
    pub(crate) fn mul_add(self, b: Self, c: Self) -> Self {
        self.mul(b).add(c)
    }

    /// The nearest whole numbers, halves to even.
    pub(crate) fn nearest(self) -> Self {
        Self(self.0.map(f32::round_ties_even))
    }

    /// 2 to the power of whole numbers from -126 to 127.
    pub(crate) fn exp2_whole(self) -> Self {
        Self(self.0.map(|v| f32::from_bits(((v as i32 + 127) as u32) << 23)))
    }
}

/// Four `i32`.
#[derive(Clone, Copy)]
pub(crate) struct I32x4([i32; 4]);

impl I32x4 {
    pub(crate) fn zero() -> Self {
        Self([0; 4])
    }

    pub(crate) fn add(self, other: Self) -> Self {
        Self(std::array::from_fn(|i| self.0[i].wrapping_add(other.0[i])))
    }

    pub(crate) fn to_f32(self) -> F32x4 {
        F32x4(self.0.map(|v| v as f32))
    }

    pub(crate) fn splat(value: i32) -> Self {
        Self([value; 4])
    }

    pub(crate) fn and(self, other: Self) -> Self {
        Self(std::array::from_fn(|i| self.0[i] & other.0[i]))
    }

    /// Divided by two to the power of `bits`, rounded down.
    pub(crate) fn shr(self, bits: u32) -> Self {
        Self(self.0.map(|v| v >> bits))
    }
}

/// Eight `i16`.
#[derive(Clone, Copy)]
pub(crate) struct I16x8([i16; 8]);

impl I16x8 {
    pub(crate) fn load(from: &[i16; 8]) -> Self {
        Self(*from)
    }

    pub(crate) fn store(self, to: &mut [i16; 8]) {
        *to = self.0;
    }

    /// Eight bytes as they are.
    pub(crate) fn from_bytes(from: &[u8; 8]) -> Self {
        Self(from.map(i16::from))
    }

    /// Sixteen bytes as they are.
    pub(crate) fn widen(from: &[u8; 16]) -> [Self; 2] {
        std::array::from_fn(|half| Self(std::array::from_fn(|i| i16::from(from[8 * half + i]))))
    }

    pub(crate) fn add(self, other: Self) -> Self {
        Self(std::array::from_fn(|i| self.0[i].wrapping_add(other.0[i])))
    }

    pub(crate) fn min(self, other: Self) -> Self {
        Self(std::array::from_fn(|i| self.0[i].min(other.0[i])))
    }

    pub(crate) fn to_f32(self) -> [F32x4; 2] {
        std::array::from_fn(|half| F32x4(std::array::from_fn(|i| f32::from(self.0[4 * half + i]))))
    }

    /// The lowest 16 bits of each product.
    pub(crate) fn mul(self, other: Self) -> Self {
        Self(std::array::from_fn(|i| self.0[i].wrapping_mul(other.0[i])))
    }

    /// All bits of the places where both are the same.
    pub(crate) fn equals(self, other: Self) -> Self {
        Self(std::array::from_fn(|i| -i16::from(self.0[i] == other.0[i])))
    }

    pub(crate) fn and(self, other: Self) -> Self {
        Self(std::array::from_fn(|i| self.0[i] & other.0[i]))
    }

    /// What `other` has no bits of.
    pub(crate) fn without(self, other: Self) -> Self {
        Self(std::array::from_fn(|i| self.0[i] & !other.0[i]))
    }

    /// Whether any is less than `limit`.
    pub(crate) fn any_below(self, limit: i16) -> bool {
        self.0.iter().any(|&value| value < limit)
    }

    /// The eight values as bytes; what does not fit becomes the nearest that does.
    pub(crate) fn narrow(self, to: &mut [u8; 8]) {
        *to = self.0.map(|v| v.clamp(0, 255) as u8);
    }

    /// These and eight more as bytes; what does not fit becomes the nearest that does.
    pub(crate) fn narrow_both(self, high: Self, to: &mut [u8; 16]) {
        *to = std::array::from_fn(|i| if i < 8 { self.0[i] } else { high.0[i - 8] }.clamp(0, 255) as u8);
    }

    /// Eight numbers as they are; what does not fit becomes the nearest that does.
    pub(crate) fn narrowed(low: I32x4, high: I32x4) -> Self {
        let value = |i: usize| if i < 4 { low.0[i] } else { high.0[i - 4] };
        Self(std::array::from_fn(|i| value(i).clamp(-32768, 32767) as i16))
    }

    /// Places of the two in turns: of their first halves, and of their second.
    pub(crate) fn interleave(self, other: Self) -> [Self; 2] {
        let both = [self.0, other.0];
        std::array::from_fn(|half| Self(std::array::from_fn(|i| both[i % 2][4 * half + i / 2])))
    }

    /// The sum of the two halves of each.
    pub(crate) fn add_halves(self, other: Self) -> Self {
        let both = [self.0, other.0];
        Self(std::array::from_fn(|i| both[i / 4][i % 4].wrapping_add(both[i / 4][i % 4 + 4])))
    }

    /// The two values four times.
    pub(crate) fn splat_pair(from: &[i16; 2]) -> Self {
        Self(std::array::from_fn(|i| from[i % 2]))
    }

    /// Products of equal places, added in pairs.
    pub(crate) fn dot(self, other: Self) -> I32x4 {
        let product = |i: usize| i32::from(self.0[i]).wrapping_mul(i32::from(other.0[i]));
        I32x4(std::array::from_fn(|i| product(2 * i).wrapping_add(product(2 * i + 1))))
    }

    /// The nearest whole numbers, halves to even; what does not fit becomes the nearest that does.
    pub(crate) fn round(low: F32x4, high: F32x4) -> Self {
        Self(std::array::from_fn(|i| {
            let value = if i < 4 { low.0[i] } else { high.0[i - 4] };
            value.round_ties_even() as i16
        }))
    }
}

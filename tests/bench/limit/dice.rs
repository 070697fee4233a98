//! Numbers from a fixed seed (splitmix64), so that every run measures the same inputs.

/// A generator of numbers.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number from 0 to `n` - 1.
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    /// True in `percent` of 100 cases.
    pub(crate) fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of several.
    pub(crate) fn pick<'a, T: ?Sized>(&mut self, all: &[&'a T]) -> &'a T {
        all[self.below(all.len() as u64) as usize]
    }

    /// A number below `n`, small ones more often: as users, hosts and sizes are in real logs.
    pub(crate) fn skewed(&mut self, n: u64) -> u64 {
        let bound = self.below(n) + 1;
        self.below(bound)
    }

    /// A public address of IPv4; never a private one.
    pub(crate) fn address(&mut self) -> String {
        let first = self.pick(&[&31, &46, &78, &93, &147, &185, &195, &203]);
        format!("{first}.{}.{}.{}", self.below(256), self.below(256), self.below(256))
    }
}

//! Optimisation fuel: each rewrite takes one unit, and when there is none left no pass changes anything more. The order of
//! rewrites does not depend on the fuel, so that the ones made with less are among the ones made with more, and halving the fuel
//! finds a rewrite that breaks a program. After any number of rewrites the IR is valid and means the same.
//!
//! (D. Whalley, "Automatic isolation of compiler errors", 1994.)

/// How many rewrites may still be made.
#[derive(Clone, Debug)]
pub struct Fuel {
    left: usize,
    taken: usize,
}

impl Fuel {
    /// For as many rewrites as there are.
    pub fn unlimited() -> Fuel {
        Fuel::new(usize::MAX)
    }

    /// For so many rewrites.
    pub fn new(rewrites: usize) -> Fuel {
        Fuel { left: rewrites, taken: 0 }
    }

    /// Whether one more rewrite may be made; then it has to be.
    pub fn take(&mut self) -> bool {
        self.take_up_to(1) == 1
    }

    /// How many of these rewrites may be made.
    pub fn take_up_to(&mut self, wanted: usize) -> usize {
        let granted = wanted.min(self.left);
        self.left -= granted;
        self.taken += granted;
        granted
    }

    /// Whether nothing may be changed any more.
    pub fn is_exhausted(&self) -> bool {
        self.left == 0
    }

    /// How many rewrites have been made.
    pub fn taken(&self) -> usize {
        self.taken
    }
}

//! How much the compiler works, counted in steps: turns of the loops whose number could grow faster than the program. Tests assert
//! by it, and not by the clock, that no stage is quadratic. Counted only where debug assertions are on.

#[cfg(debug_assertions)]
thread_local! {
    static STEPS: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

/// Counts steps of this thread.
#[inline(always)]
pub fn spend(steps: usize) {
    #[cfg(debug_assertions)]
    STEPS.set(STEPS.get() + steps as u64);
    #[cfg(not(debug_assertions))]
    let _ = steps;
}

/// The steps of this thread so far; 0 without debug assertions.
pub fn spent() -> u64 {
    #[cfg(debug_assertions)]
    return STEPS.get();
    #[cfg(not(debug_assertions))]
    0
}

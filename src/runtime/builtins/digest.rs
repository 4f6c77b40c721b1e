//! Message digests in hexadecimal: SHA-256 (FIPS 180-4) and MD5 (RFC 1321). Both pad a message to blocks of 64 bytes and fold
//! each block into their state, so a file is read in pieces and never in memory as a whole.

use super::Args;
use super::{file, read};
use crate::runtime::error::RuntimeError;
use crate::runtime::host::Host;
use crate::runtime::value::Value;
use std::fmt::Write;
use std::sync::LazyLock;

type Outcome = Result<Value, RuntimeError>;

/// Bytes of a block.
const BLOCK: usize = 64;

/// A digest under way.
struct Digest {
    fold: fn(&mut [u32; 8], &[u8; BLOCK]),
    /// How the length of the message and the state are written.
    big_endian: bool,
    /// Words of the state that are shown.
    words: usize,
    state: [u32; 8],
    /// The start of the next block.
    partial: [u8; BLOCK],
    /// Bytes taken so far.
    len: u64,
}

impl Digest {
    fn sha256() -> Digest {
        let state = constants(f64::sqrt);
        Digest { fold: fold_sha256, big_endian: true, words: 8, state, partial: [0; BLOCK], len: 0 }
    }

    fn md5() -> Digest {
        let state = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0, 0, 0, 0];
        Digest { fold: fold_md5, big_endian: false, words: 4, state, partial: [0; BLOCK], len: 0 }
    }

    /// Takes the next bytes of the message.
    fn update(&mut self, mut bytes: &[u8]) {
        let filled = (self.len % BLOCK as u64) as usize;
        self.len += bytes.len() as u64;
        if filled > 0 {
            let (first, rest) = bytes.split_at(bytes.len().min(BLOCK - filled));
            self.partial[filled..filled + first.len()].copy_from_slice(first);
            if filled + first.len() < BLOCK {
                return;
            }
            (self.fold)(&mut self.state, &self.partial);
            bytes = rest;
        }
        let (blocks, rest) = bytes.as_chunks();
        for block in blocks {
            (self.fold)(&mut self.state, block);
        }
        self.partial[..rest.len()].copy_from_slice(rest);
    }

    /// The digest: after a one bit, zeros up to the end of a block but eight bytes, and the length in bits.
    fn finish(mut self) -> String {
        let bits = self.len * 8;
        self.update(&[0x80]);
        while self.len % BLOCK as u64 != (BLOCK - 8) as u64 {
            self.update(&[0]);
        }
        self.update(&if self.big_endian { bits.to_be_bytes() } else { bits.to_le_bytes() });
        let mut out = String::new();
        for word in &self.state[..self.words] {
            let word = if self.big_endian { *word } else { word.swap_bytes() };
            let _ = write!(out, "{word:08x}");
        }
        out
    }
}

/// The first 32 bits of the fractional parts of a root of the first `N` primes.
fn constants<const N: usize>(root: fn(f64) -> f64) -> [u32; N] {
    let mut primes = (2u32..).filter(|&n| (2..n).take_while(|d| d * d <= n).all(|d| n % d != 0));
    std::array::from_fn(|_| {
        let root = root(primes.next().unwrap_or(2) as f64);
        (root.fract() * 4_294_967_296.0) as u32
    })
}

fn fold_sha256(state: &mut [u32; 8], block: &[u8; BLOCK]) {
    static ROUNDS: LazyLock<[u32; 64]> = LazyLock::new(|| constants(f64::cbrt));
    let rounds = &*ROUNDS;
    let mut w = [0u32; 64];
    for (word, bytes) in w.iter_mut().zip(block.chunks_exact(4)) {
        *word = u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    }
    for i in 16..64 {
        let (x, y) = (w[i - 15], w[i - 2]);
        let s0 = x.rotate_right(7) ^ x.rotate_right(18) ^ x >> 3;
        let s1 = y.rotate_right(17) ^ y.rotate_right(19) ^ y >> 10;
        w[i] = w[i - 16].wrapping_add(s0).wrapping_add(w[i - 7]).wrapping_add(s1);
    }
    let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = *state;
    for i in 0..64 {
        let s1 = e.rotate_right(6) ^ e.rotate_right(11) ^ e.rotate_right(25);
        let choice = e & f ^ !e & g;
        let t1 = h.wrapping_add(s1).wrapping_add(choice).wrapping_add(rounds[i]).wrapping_add(w[i]);
        let s0 = a.rotate_right(2) ^ a.rotate_right(13) ^ a.rotate_right(22);
        let t2 = s0.wrapping_add(a & b ^ a & c ^ b & c);
        (h, g, f, e, d, c, b, a) = (g, f, e, d.wrapping_add(t1), c, b, a, t1.wrapping_add(t2));
    }
    for (word, add) in state.iter_mut().zip([a, b, c, d, e, f, g, h]) {
        *word = word.wrapping_add(add);
    }
}

const MD5_SHIFTS: [[u32; 4]; 4] = [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]];

fn fold_md5(state: &mut [u32; 8], block: &[u8; BLOCK]) {
    static CONSTANTS: LazyLock<[u32; 64]> =
        LazyLock::new(|| std::array::from_fn(|i| (((i + 1) as f64).sin().abs() * 4_294_967_296.0) as u32));
    let constants = &*CONSTANTS;
    let word = |i: usize| u32::from_le_bytes([block[4 * i], block[4 * i + 1], block[4 * i + 2], block[4 * i + 3]]);
    let [mut a, mut b, mut c, mut d, ..] = *state;
    for i in 0..64 {
        let (mix, index) = match i / 16 {
            0 => (b & c | !b & d, i),
            1 => (d & b | !d & c, (5 * i + 1) % 16),
            2 => (b ^ c ^ d, (3 * i + 5) % 16),
            _ => (c ^ (b | !d), 7 * i % 16),
        };
        let sum = a.wrapping_add(mix).wrapping_add(constants[i]).wrapping_add(word(index));
        (a, d, c, b) = (d, c, b, b.wrapping_add(sum.rotate_left(MD5_SHIFTS[i / 16][i % 4])));
    }
    for (word, add) in state.iter_mut().zip([a, b, c, d]) {
        *word = word.wrapping_add(add);
    }
}

fn of_text(args: &Args<'_>, mut digest: Digest) -> Outcome {
    match (args.text(0), args.get(0).as_bytes()) {
        (Some(text), _) => digest.update(text.as_bytes()),
        (_, Some(bytes)) => digest.update(bytes),
        _ => return Err(RuntimeError::message(format!("{} requires a string argument", args.name()))),
    }
    Ok(Value::string(&digest.finish()))
}

fn of_file(host: &Host, args: &Args<'_>, mut digest: Digest) -> Outcome {
    read::pieces(&file::reading(host, args)?, file::path(args, 0)?, &mut |piece| {
        digest.update(piece);
        Ok(())
    })?;
    Ok(Value::string(&digest.finish()))
}

pub(super) fn sha256_text(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    of_text(args, Digest::sha256())
}

pub(super) fn md5_text(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    of_text(args, Digest::md5())
}

pub(super) fn sha256_file(host: &mut Host, args: &mut Args<'_>) -> Outcome {
    of_file(host, args, Digest::sha256())
}

pub(super) fn md5_file(host: &mut Host, args: &mut Args<'_>) -> Outcome {
    of_file(host, args, Digest::md5())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The digest of a message that comes in pieces of one length.
    fn digest(mut digest: Digest, message: &[u8], length: usize) -> String {
        message.chunks(length).for_each(|piece| digest.update(piece));
        digest.finish()
    }

    fn sha256(message: &[u8]) -> String {
        digest(Digest::sha256(), message, 1 << 20)
    }

    fn md5(message: &[u8]) -> String {
        digest(Digest::md5(), message, 1 << 20)
    }

    #[test]
    fn published_digests() {
        assert_eq!(sha256(b""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        let text = b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
        assert_eq!(sha256(text), "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
        assert_eq!(md5(b""), "d41d8cd98f00b204e9800998ecf8427e");
        let text = b"12345678901234567890123456789012345678901234567890123456789012345678901234567890";
        assert_eq!(md5(text), "57edf4a22be3c955ac49da2e2107b67a");
    }

    /// The standards' test of a million letters, and all lengths around the ends of blocks.
    #[test]
    fn pieces_make_no_difference() {
        let million = vec![b'a'; 1_000_000];
        let expected = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";
        assert_eq!(digest(Digest::sha256(), &million, 999), expected);
        assert_eq!(digest(Digest::md5(), &million, 4097), "7707d6ae4e027c70eea2a935c2296f21");
        for length in 0..200 {
            let message: Vec<u8> = (0..length).map(|at| at as u8).collect();
            for piece in [1, 3, 63, 64, 65] {
                assert_eq!(digest(Digest::sha256(), &message, piece), sha256(&message), "{length} by {piece}");
                assert_eq!(digest(Digest::md5(), &message, piece), md5(&message), "{length} by {piece}");
            }
        }
    }
}

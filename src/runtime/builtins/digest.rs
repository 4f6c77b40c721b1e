//! Message digests in hexadecimal: SHA-256 (FIPS 180-4) and MD5 (RFC 1321). Both pad a message to blocks of 64 bytes and fold
//! each block into their state.

use super::Args;
use crate::runtime::error::RuntimeError;
use crate::runtime::host::Host;
use crate::runtime::value::Value;
use std::fmt::Write;

type Outcome = Result<Value, RuntimeError>;

/// The message with a one bit, zeros and its length in bits, which `length` writes.
fn padded(message: &[u8], length: fn(u64) -> [u8; 8]) -> Vec<u8> {
    let mut out = message.to_vec();
    out.push(0x80);
    out.resize((out.len() + 8).next_multiple_of(64) - 8, 0);
    out.extend_from_slice(&length(message.len() as u64 * 8));
    out
}

/// The first 32 bits of the fractional parts of a root of the first `N` primes.
fn constants<const N: usize>(root: fn(f64) -> f64) -> [u32; N] {
    let mut primes = (2u32..).filter(|&n| (2..n).take_while(|d| d * d <= n).all(|d| n % d != 0));
    std::array::from_fn(|_| {
        let root = root(primes.next().unwrap_or(2) as f64);
        (root.fract() * 4_294_967_296.0) as u32
    })
}

fn sha256(message: &[u8]) -> String {
    let rounds: [u32; 64] = constants(f64::cbrt);
    let mut state: [u32; 8] = constants(f64::sqrt);
    for block in padded(message, u64::to_be_bytes).chunks_exact(64) {
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
        let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = state;
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
    hex(state.iter().flat_map(|word| word.to_be_bytes()))
}

const MD5_SHIFTS: [[u32; 4]; 4] = [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]];

fn md5(message: &[u8]) -> String {
    let mut state = [0x6745_2301u32, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];
    for block in padded(message, u64::to_le_bytes).chunks_exact(64) {
        let word = |i: usize| u32::from_le_bytes([block[4 * i], block[4 * i + 1], block[4 * i + 2], block[4 * i + 3]]);
        let [mut a, mut b, mut c, mut d] = state;
        for i in 0..64 {
            let (mix, index) = match i / 16 {
                0 => (b & c | !b & d, i),
                1 => (d & b | !d & c, (5 * i + 1) % 16),
                2 => (b ^ c ^ d, (3 * i + 5) % 16),
                _ => (c ^ (b | !d), 7 * i % 16),
            };
            let constant = (((i + 1) as f64).sin().abs() * 4_294_967_296.0) as u32;
            let sum = a.wrapping_add(mix).wrapping_add(constant).wrapping_add(word(index));
            (a, d, c, b) = (d, c, b, b.wrapping_add(sum.rotate_left(MD5_SHIFTS[i / 16][i % 4])));
        }
        for (word, add) in state.iter_mut().zip([a, b, c, d]) {
            *word = word.wrapping_add(add);
        }
    }
    hex(state.iter().flat_map(|word| word.to_le_bytes()))
}

fn hex(bytes: impl Iterator<Item = u8>) -> String {
    bytes.fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

fn of_text(args: &Args<'_>, digest: fn(&[u8]) -> String) -> Outcome {
    match (args.text(0), args.get(0).as_bytes()) {
        (Some(text), _) => Ok(Value::string(&digest(text.as_bytes()))),
        (_, Some(bytes)) => Ok(Value::string(&digest(bytes))),
        _ => Err(RuntimeError::message(format!("{} requires a string argument", args.name()))),
    }
}

fn of_file(args: &Args<'_>, digest: fn(&[u8]) -> String) -> Outcome {
    let name = args.name();
    let path = args.text(0).ok_or_else(|| RuntimeError::message(format!("{name} requires a string argument")))?;
    match std::fs::read(path) {
        Ok(content) => Ok(Value::string(&digest(&content))),
        Err(error) => Err(RuntimeError::message(format!("Cannot read file '{path}': {error}"))),
    }
}

pub(super) fn sha256_text(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    of_text(args, sha256)
}

pub(super) fn md5_text(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    of_text(args, md5)
}

pub(super) fn sha256_file(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    of_file(args, sha256)
}

pub(super) fn md5_file(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    of_file(args, md5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_digests() {
        assert_eq!(sha256(b""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        let text = b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
        assert_eq!(sha256(text), "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
        assert_eq!(md5(b""), "d41d8cd98f00b204e9800998ecf8427e");
        let text = b"12345678901234567890123456789012345678901234567890123456789012345678901234567890";
        assert_eq!(md5(text), "57edf4a22be3c955ac49da2e2107b67a");
    }

    #[test]
    fn every_length_is_padded_to_whole_blocks() {
        for length in 0..200 {
            let out = padded(&vec![7; length], u64::to_be_bytes);
            assert!(out.len().is_multiple_of(64) && out.len() >= length + 9 && out.len() < length + 9 + 64, "{length}");
        }
    }
}

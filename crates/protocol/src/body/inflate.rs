//! Decompression with a cap: a bomb costs its compressed size and at most the cap.

use std::io::Read;

use flate2::{Decompress, FlushDecompress, Status};
use ruzstd::decoding::StreamingDecoder;

use super::BodyError;

/// Whether gzip data begins here: magic and the one method there is.
pub fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x1f, 0x8b, 0x08])
}

/// Undoes gzip: one or more members, checksums checked. Bytes behind the last member are ignored, as `gzip` does.
pub fn gunzip(mut input: &[u8], max: usize) -> Result<Vec<u8>, BodyError> {
    // The last four bytes say how long the last member is, modulo 2^32; they are data from outside, so only a hint within reason.
    let hint = input.last_chunk::<4>().map_or(0, |tail| u32::from_le_bytes(*tail) as usize);
    let mut out = Vec::with_capacity(hint.min(input.len().saturating_mul(16)).min(max) + 64);
    loop {
        let read = run(&mut Decompress::new_gzip(15), input, &mut out, max)?;
        input = input.get(read..).unwrap_or_default();
        if !is_gzip(input) {
            return Ok(out);
        }
    }
}

/// Undoes `deflate`: zlib as the standard says, or raw as some clients send.
pub fn deflate(input: &[u8], max: usize) -> Result<Vec<u8>, BodyError> {
    let is_zlib = matches!(input, [a, b, ..] if a & 0x0f == 8 && (u16::from(*a) << 8 | u16::from(*b)) % 31 == 0);
    let mut out = Vec::with_capacity(input.len().saturating_mul(4).min(max) + 64);
    run(&mut Decompress::new(is_zlib), input, &mut out, max)?;
    Ok(out)
}

/// The largest window that a frame may ask for, which is memory before a byte has come out. Source: RFC 8878 §3.1.1.1.2 asks
/// decoders for at least 8 MB; the levels that SDKs use need 2.
const ZSTD_WINDOW_BYTES_MAX: u64 = 8 << 20;

/// Undoes zstd: one or more frames. What is no frame behind the first is ignored.
pub fn zstd(mut input: &[u8], max: usize) -> Result<Vec<u8>, BodyError> {
    let mut out = Vec::with_capacity(input.len().saturating_mul(4).min(max) + 64);
    loop {
        let mut frame = StreamingDecoder::new_with_max_window_size(&mut input, ZSTD_WINDOW_BYTES_MAX)
            .map_err(|_| BodyError::Damaged)?;
        // One byte past the cap is enough to know that it is over.
        let room = (max - out.len()) as u64 + 1;
        (&mut frame).take(room).read_to_end(&mut out).map_err(|_| BodyError::Damaged)?;
        if out.len() > max {
            return Err(BodyError::TooLarge { max });
        }
        if !input.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
            return Ok(out);
        }
    }
}

/// Runs to the end of one stream; returns the bytes read.
fn run(stream: &mut Decompress, input: &[u8], out: &mut Vec<u8>, max: usize) -> Result<usize, BodyError> {
    loop {
        let read = usize::try_from(stream.total_in()).map_err(|_| BodyError::Damaged)?;
        let rest = input.get(read..).unwrap_or_default();
        let (before_in, before_out) = (stream.total_in(), stream.total_out());
        let status = stream.decompress_vec(rest, out, FlushDecompress::None).map_err(|_| BodyError::Damaged)?;
        if out.len() > max {
            return Err(BodyError::TooLarge { max });
        }
        if status == Status::StreamEnd {
            return usize::try_from(stream.total_in()).map_err(|_| BodyError::Damaged);
        }
        if out.len() == out.capacity() {
            // One byte past the cap is enough to know that it is over.
            out.reserve(out.len().max(4_096).min(max.saturating_sub(out.len()) + 1));
        } else if (before_in, before_out) == (stream.total_in(), stream.total_out()) || rest.is_empty() {
            // Room to write, nothing more to read, and no end: cut short.
            return Err(BodyError::Damaged);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
    use std::io::Write;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).expect("to memory");
        encoder.finish().expect("to memory")
    }

    #[test]
    fn gzip_members_follow_each_other() {
        let text = b"[1,2,3]".repeat(5_000);
        let mut two = gzip(&text);
        two.extend_from_slice(&gzip(b"[4]"));
        assert_eq!(gunzip(&two, 1 << 20), Ok([text, b"[4]".to_vec()].concat()));
    }

    #[test]
    fn deflate_is_zlib_or_raw() {
        let text = b"{\"event\":\"a\"}".repeat(100);
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
        zlib.write_all(&text).expect("to memory");
        assert_eq!(deflate(&zlib.finish().expect("to memory"), 1 << 20), Ok(text.clone()));
        let mut raw = DeflateEncoder::new(Vec::new(), Compression::default());
        raw.write_all(&text).expect("to memory");
        assert_eq!(deflate(&raw.finish().expect("to memory"), 1 << 20), Ok(text));
    }

    fn zstd_frame(bytes: &[u8]) -> Vec<u8> {
        ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
    }

    #[test]
    fn zstd_frames_follow_each_other() {
        let text = b"{\"event\":\"a\"},".repeat(5_000);
        let two = [zstd_frame(&text), zstd_frame(b"[4]")].concat();
        assert_eq!(zstd(&two, 1 << 20), Ok([text, b"[4]".to_vec()].concat()));
    }

    #[test]
    fn zstd_stops_at_the_cap_and_refuses_what_is_damaged() {
        let bomb = zstd_frame(&vec![b' '; 5_000_000]);
        assert!(bomb.len() < 60_000);
        assert_eq!(zstd(&bomb, 1_000_000), Err(BodyError::TooLarge { max: 1_000_000 }));
        assert_eq!(zstd(&zstd_frame(&[b' '; 10_000]), 10_000).map(|out| out.len()), Ok(10_000));
        assert_eq!(zstd(&zstd_frame(&[b' '; 10_001]), 10_000), Err(BodyError::TooLarge { max: 10_000 }));
        let whole = zstd_frame(b"[1,2,3]");
        for len in 0..whole.len() - 4 {
            assert_eq!(zstd(&whole[..len], 1 << 20), Err(BodyError::Damaged), "cut at {len}");
        }
        // A frame that asks for a window of 100 MB and more before anything has come.
        assert_eq!(zstd(&[0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x88, 0x01, 0, 0], 1 << 20), Err(BodyError::Damaged));
    }

    #[test]
    fn a_bomb_stops_at_the_cap() {
        let bomb = gzip(&vec![b' '; 50_000_000]);
        assert!(bomb.len() < 60_000);
        assert_eq!(gunzip(&bomb, 1_000_000), Err(BodyError::TooLarge { max: 1_000_000 }));
    }

    #[test]
    fn exactly_the_cap_is_allowed() {
        assert_eq!(gunzip(&gzip(&[b' '; 10_000]), 10_000).map(|out| out.len()), Ok(10_000));
        assert_eq!(gunzip(&gzip(&[b' '; 10_001]), 10_000), Err(BodyError::TooLarge { max: 10_000 }));
    }

    #[test]
    fn cut_or_flipped_data_is_damaged() {
        let whole = gzip(&b"[{\"event\":\"a\"}]".repeat(50));
        for len in 0..whole.len() {
            assert_eq!(gunzip(&whole[..len], 1 << 20), Err(BodyError::Damaged), "cut at {len}");
        }
        let mut flipped = whole;
        let checksum = flipped.len() - 6;
        flipped[checksum] ^= 1;
        assert_eq!(gunzip(&flipped, 1 << 20), Err(BodyError::Damaged));
    }
}

//! Files that commands read as they stream in: plain, gzip or zstd, told by their bytes and not by their names; folders and archives of
//! them.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Take};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::StreamingDecoder;
use weir_protocol::archive::is_archive;

use super::output::Progress;

/// Files of one run.
const FILES_MAX: usize = 100_000;
/// Folders below a folder.
const DEPTH_MAX: usize = 8;
/// Bytes of one input after decompression. What lies behind them is not read, and the report says so.
pub(super) const INPUT_BYTES_MAX: u64 = 1 << 40;
/// An entry of an archive unpacks to at most so many times its size, or to [`ENTRY_BYTES_FREE`]: deflate can do 1,032 times, and
/// again where a gzip file lies in it; lines of JSON seldom do 50.
const ENTRY_RATIO_MAX: u64 = 2_000;
const ENTRY_BYTES_FREE: u64 = 1 << 20;
/// The largest window that a zstd frame may ask for: what `zstd --long` writes, no more.
const ZSTD_WINDOW_BYTES_MAX: u64 = 128 << 20;
/// What is read at once.
const BUFFER_BYTES: usize = 1 << 16;

/// Why files cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReadingError {
    /// It cannot be opened, or reading fails.
    #[error("{} cannot be read", .0.display())]
    Read(PathBuf, #[source] io::Error),
    /// Too many files.
    #[error("there are more than {FILES_MAX} files, name fewer")]
    TooManyFiles,
    /// A folder without anything to read.
    #[error("{} holds no file whose name ends in {}", .0.display(), .1.join(", "))]
    Nothing(PathBuf, &'static [&'static str]),
}

/// An input under way, its first bytes in the buffer.
pub(super) type Input<'p> = BufReader<Take<Box<dyn Read + 'p>>>;

/// How a file is packed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Packing {
    None,
    Gzip,
    Zstd,
}

impl Packing {
    /// By the first bytes.
    pub(super) fn of(head: &[u8]) -> Packing {
        match head {
            [0x1f, 0x8b, ..] => Packing::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Packing::Zstd,
            _ => Packing::None,
        }
    }

    /// Undoes it as it streams in.
    pub(super) fn undo<'p>(self, input: impl BufRead + 'p) -> Box<dyn Read + 'p> {
        match self {
            Packing::None => Box::new(input),
            Packing::Gzip => Box::new(MultiGzDecoder::new(input)),
            Packing::Zstd => Box::new(Zstd(Frame::Between(input))),
        }
    }
}

/// The files that were named, and those of the folders that were named, in order of name so that two runs say the same. `ends` are the
/// ends of names that count in a folder. Links in folders are not followed.
pub(super) fn files(inputs: &[PathBuf], ends: &'static [&'static str]) -> Result<Vec<PathBuf>, ReadingError> {
    let mut files = Vec::new();
    for input in inputs {
        let before = files.len();
        if input.is_dir() {
            collect(input, 0, ends, &mut files)?;
        } else {
            files.push(input.clone());
        }
        if files.len() == before {
            return Err(ReadingError::Nothing(input.clone(), ends));
        }
    }
    Ok(files)
}

/// Progress over files by their size.
pub(super) fn progress(files: &[PathBuf]) -> Progress {
    Progress::new("reading", files.iter().map(|file| std::fs::metadata(file).map_or(0, |m| m.len())).sum())
}

fn collect(folder: &Path, depth: usize, ends: &[&str], files: &mut Vec<PathBuf>) -> Result<(), ReadingError> {
    let failed = |error| ReadingError::Read(folder.to_owned(), error);
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        entries.push(entry.map_err(failed)?);
    }
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let kind = entry.file_type().map_err(failed)?;
        let name = entry.file_name().to_string_lossy().to_ascii_lowercase();
        if kind.is_dir() && depth < DEPTH_MAX {
            collect(&entry.path(), depth + 1, ends, files)?;
        } else if kind.is_file() && ends.iter().any(|end| name.ends_with(end)) {
            files.push(entry.path());
            if files.len() > FILES_MAX {
                return Err(ReadingError::TooManyFiles);
            }
        }
    }
    Ok(())
}

/// Opens a file and undoes its packing.
pub(super) fn open<'p>(file: &Path, progress: &'p mut Progress) -> Result<Input<'p>, ReadingError> {
    let failed = |error| ReadingError::Read(file.to_owned(), error);
    let input = Counted { input: File::open(file).map_err(failed)?, progress };
    let mut input = BufReader::with_capacity(BUFFER_BYTES, input);
    let packing = Packing::of(input.fill_buf().map_err(failed)?);
    unpacked(packing.undo(input)).map_err(failed)
}

/// Opens a file if it is an archive, at its beginning.
pub(super) fn archive<'p>(
    file: &Path,
    progress: &'p mut Progress,
) -> Result<Option<impl Read + Seek + 'p>, ReadingError> {
    let failed = |error| ReadingError::Read(file.to_owned(), error);
    let mut input = File::open(file).map_err(failed)?;
    let mut head = Vec::new();
    input.by_ref().take(4).read_to_end(&mut head).map_err(failed)?;
    if !is_archive(&head) {
        return Ok(None);
    }
    input.rewind().map_err(failed)?;
    Ok(Some(Counted { input, progress }))
}

/// Behind a packing, the first bytes in the buffer.
pub(super) fn unpacked(input: Box<dyn Read + '_>) -> io::Result<Input<'_>> {
    unpacked_to(input, INPUT_BYTES_MAX)
}

/// An entry of an archive, which may be packed once more.
pub(super) fn unpacked_entry<'p>(input: impl Read + 'p, packed: u64) -> io::Result<Input<'p>> {
    let mut input = BufReader::with_capacity(BUFFER_BYTES, input);
    let packing = Packing::of(input.fill_buf()?);
    let most = packed.saturating_mul(ENTRY_RATIO_MAX).clamp(ENTRY_BYTES_FREE, INPUT_BYTES_MAX);
    unpacked_to(packing.undo(input), most)
}

fn unpacked_to(input: Box<dyn Read + '_>, most: u64) -> io::Result<Input<'_>> {
    let mut input = BufReader::with_capacity(BUFFER_BYTES, input.take(most));
    input.fill_buf()?;
    Ok(input)
}

struct Counted<'p, R> {
    input: R,
    progress: &'p mut Progress,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(buffer)?;
        self.progress.add(read as u64);
        Ok(read)
    }
}

impl<R: Seek> Seek for Counted<'_, R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.input.seek(to)
    }
}

/// Zstd of any number of frames, as `cat a.zst b.zst` makes it.
struct Zstd<R: BufRead>(Frame<R>);

enum Frame<R: BufRead> {
    Between(R),
    In(Box<StreamingDecoder<R, ruzstd::decoding::FrameDecoder>>),
    Broken,
}

impl<R: BufRead> Read for Zstd<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let damaged = || io::Error::new(io::ErrorKind::InvalidData, "the zstd data is damaged");
        loop {
            match std::mem::replace(&mut self.0, Frame::Broken) {
                Frame::Between(mut input) => {
                    if input.fill_buf()?.is_empty() {
                        self.0 = Frame::Between(input);
                        return Ok(0);
                    }
                    let frame = StreamingDecoder::new_with_max_window_size(input, ZSTD_WINDOW_BYTES_MAX);
                    self.0 = Frame::In(Box::new(frame.map_err(|_| damaged())?));
                }
                Frame::In(mut frame) => {
                    let read = frame.read(buffer)?;
                    if read > 0 || buffer.is_empty() {
                        self.0 = Frame::In(frame);
                        return Ok(read);
                    }
                    self.0 = Frame::Between(frame.into_inner());
                }
                Frame::Broken => return Err(damaged()),
            }
        }
    }
}

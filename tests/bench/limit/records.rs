//! Roads 7 to 9: one cog between the reading and the writing of CSV, against the loop that a programmer writes with the same crates
//! (`csv`, `aes`) and the collections of the standard library.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::net::Ipv4Addr;
use std::path::Path;
use std::time::{Duration, Instant};

use aes::Aes128;
use aes::cipher::{BlockCipherEncrypt, KeyInit};
use csv::{ByteRecord, QuoteStyle, Reader, ReaderBuilder, Terminator, Writer, WriterBuilder};

const BLOCK: usize = 256 << 10;

/// Hands each record to `take`, which may write one.
fn each_record(input: &Path, output: &Path, mut take: impl FnMut(&ByteRecord, &mut Writer<File>) -> io::Result<()>) -> io::Result<()> {
    let mut reader: Reader<File> = ReaderBuilder::new().has_headers(false).buffer_capacity(BLOCK).from_reader(File::open(input)?);
    let mut writer = WriterBuilder::new()
        .has_headers(false)
        .terminator(Terminator::Any(b'\n'))
        .quote_style(QuoteStyle::Necessary)
        .buffer_capacity(BLOCK)
        .from_writer(File::create(output)?);
    let mut record = ByteRecord::new();
    while reader.read_byte_record(&mut record).map_err(io::Error::other)? {
        take(&record, &mut writer)?;
    }
    writer.flush()
}

fn address(field: &[u8]) -> io::Result<Ipv4Addr> {
    std::str::from_utf8(field).map_err(io::Error::other)?.parse().map_err(io::Error::other)
}

/// Lines whose address lies in one of 2048 ranges.
pub(crate) fn addresses(input: &Path, output: &Path) -> io::Result<()> {
    let firsts = [31_u32, 46, 78, 93, 147, 185, 195, 203];
    let range = |first: u32, second: u32| (first << 24 | second << 16, first << 24 | second << 16 | 0x7fff);
    let mut ranges: Vec<(u32, u32)> = firsts.iter().flat_map(|first| (0..256).map(move |second| range(*first, second))).collect();
    ranges.sort_unstable();
    each_record(input, output, |record, writer| {
        let address = address(&record[0])?.to_bits();
        let below = ranges.partition_point(|(low, _)| *low <= address);
        if below > 0 && address <= ranges[below - 1].1 {
            writer.write_record([&record[0], &record[2], &record[3]]).map_err(io::Error::other)?;
        }
        Ok(())
    })
}

/// The key of Crypto-PAn's reference program.
const KEY: [u8; 32] = [
    0x15, 0x22, 0x17, 0x8d, 0x33, 0xa4, 0xcf, 0x80, 0x13, 0x0a, 0x5b, 0x16, 0x49, 0x90, 0x7d, 0x10, 0xd8, 0x98, 0x8f, 0x83, 0x79, 0x79,
    0x65, 0x27, 0x62, 0x57, 0x4c, 0x2d, 0x2a, 0x84, 0x22, 0x02,
];

/// Addresses by Crypto-PAn; those seen before from memory.
pub(crate) fn pseudonyms(input: &Path, output: &Path) -> io::Result<()> {
    let (first, second) = KEY.split_at(16);
    let aes = Aes128::new(first.try_into().map_err(io::Error::other)?);
    let mut pad = second.try_into().map_err(io::Error::other)?;
    aes.encrypt_block(&mut pad);
    let pad = u32::from_be_bytes([pad[0], pad[1], pad[2], pad[3]]);
    let rest: [u8; 16] = {
        let mut block = second.try_into().map_err(io::Error::other)?;
        aes.encrypt_block(&mut block);
        block.into()
    };
    let other = |address: u32| {
        let mut blocks = [aes::Block::default(); 32];
        for (bit, block) in (0_u32..).zip(&mut blocks) {
            let head = !u32::MAX.checked_shr(bit).unwrap_or(0);
            *block = rest.into();
            block[..4].copy_from_slice(&(address & head | pad & !head).to_be_bytes());
        }
        aes.encrypt_blocks(&mut blocks);
        address ^ blocks.iter().fold(0, |flips, block| flips << 1 | u32::from(block[0] >> 7))
    };
    let mut known: HashMap<u32, String> = HashMap::new();
    each_record(input, output, |record, writer| {
        let address = address(&record[0])?.to_bits();
        let other = known.entry(address).or_insert_with(|| Ipv4Addr::from_bits(other(address)).to_string());
        writer.write_record([other.as_bytes(), &record[1], &record[2]]).map_err(io::Error::other)
    })
}

/// The first line of each user and action in an hour.
pub(crate) fn repeats(input: &Path, output: &Path) -> io::Result<()> {
    let mut until: HashMap<(Vec<u8>, Vec<u8>), Instant> = HashMap::new();
    each_record(input, output, |record, writer| {
        let now = Instant::now();
        let last = until.entry((record[2].to_vec(), record[3].to_vec())).or_insert(now);
        if *last <= now {
            *last = now + Duration::from_secs(3600);
            writer.write_record([&record[0], &record[2], &record[3]]).map_err(io::Error::other)?;
        }
        Ok(())
    })
}

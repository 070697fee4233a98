//! Memory for reads, used again: a fresh block for each read would cost more in page faults than the reading.
//!
//! Blocks are shared by their lines, and nobody tells when the last one has gone. So the latest ones are remembered here, and
//! looked at when memory for another read is wanted.

use std::cell::RefCell;
use std::rc::Rc;

use crate::datum::Block;

/// Reads below this are not worth the trouble.
const LARGE: usize = 64 * 1024;
/// Blocks remembered at most: what one pipeline has under way.
const RECENT: usize = 4;

thread_local! {
    static BLOCKS: RefCell<Vec<Block>> = const { RefCell::new(Vec::new()) };
}

/// Makes room for `room` more bytes in `buffer`.
pub(super) fn reserve(buffer: &mut Vec<u8>, room: usize) {
    if room >= LARGE && buffer.capacity() - buffer.len() < room {
        // Not much more than is wanted either, as a read takes as much as there is room for.
        let wanted = buffer.len() + room..=2 * (buffer.len() + room);
        let unused = |block: &Block| Rc::strong_count(block) == 1 && Rc::weak_count(block) == 0 && wanted.contains(&block.capacity());
        let found = BLOCKS.with_borrow_mut(|blocks| blocks.iter().position(unused).map(|at| blocks.swap_remove(at)));
        if let Some(text) = found.and_then(|block| Rc::try_unwrap(block).ok()) {
            let mut memory = text.into_bytes();
            memory.clear();
            memory.extend_from_slice(buffer);
            *buffer = memory;
        }
    }
    buffer.reserve(room);
}

/// Shares what was read. A little text in much memory is moved into a little.
pub(super) fn share(mut text: String) -> Block {
    if text.capacity() > 2 * text.len() {
        let memory = std::mem::take(&mut text);
        text.push_str(&memory);
        remember(&Rc::new(memory));
    }
    let block = Rc::new(text);
    remember(&block);
    block
}

fn remember(block: &Block) {
    if block.capacity() < LARGE {
        return;
    }
    BLOCKS.with_borrow_mut(|blocks| {
        if blocks.len() == RECENT {
            blocks.remove(0);
        }
        blocks.push(Rc::clone(block));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_used_again_once_nobody_reads_it() {
        let mut buffer = Vec::new();
        reserve(&mut buffer, 2 * LARGE);
        buffer.resize(2 * LARGE, b'x');
        let memory = buffer.as_ptr();
        let block = share(String::from_utf8(buffer).unwrap());
        let mut next = b"begun".to_vec();
        reserve(&mut next, LARGE);
        assert_ne!(next.as_ptr(), memory);
        drop(block);
        let mut third = b"begun".to_vec();
        reserve(&mut third, LARGE);
        assert_eq!((third.as_ptr(), third.as_slice()), (memory, &b"begun"[..]));
    }

    #[test]
    fn a_read_is_not_given_much_more_than_it_wants() {
        let mut buffer = Vec::new();
        reserve(&mut buffer, 10 * LARGE);
        buffer.resize(10 * LARGE, b'x');
        drop(share(String::from_utf8(buffer).unwrap()));
        let mut next = Vec::new();
        reserve(&mut next, LARGE);
        assert!(next.capacity() <= 2 * LARGE, "{}", next.capacity());
    }

    #[test]
    fn a_little_text_does_not_keep_much_memory() {
        let mut buffer = Vec::with_capacity(LARGE);
        buffer.extend_from_slice(b"little");
        let memory = buffer.as_ptr();
        let block = share(String::from_utf8(buffer).unwrap());
        assert!(block.capacity() < LARGE);
        let mut next = Vec::new();
        reserve(&mut next, LARGE);
        assert_eq!(next.as_ptr(), memory);
    }
}

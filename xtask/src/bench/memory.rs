//! Memory that the machine really has: the host of a virtual machine takes back pages that lie free for some seconds, and
//! getting one again takes ten times as long as writing to it. Who runs first would pay for that, and not who runs next.

use std::hint::black_box;

/// Takes so many MiB of memory and gives them back at once, so that what is measured next finds them backed.
pub fn warm(mib: usize) {
    let blocks: Vec<_> = (0..mib).map(|_| vec![1_u8; 1 << 20]).collect();
    black_box(&blocks);
}

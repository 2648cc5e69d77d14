//! Segments: each partition's batches in files of its own, verbatim, in offset order.
//!
//! Only durable batches come here, by one thread, some time after the journal has them; so a segment is never waited for,
//! and what a crash leaves of it beyond the last checkpoint is written again, byte for byte, from the journal. What may not
//! happen here: deciding what is durable, and changing a byte of a batch.

mod folder;
mod index;
mod list;
mod open_files;
mod scan;

pub use folder::{file_name, folder_name, parse_file_name, parse_folder_name};
pub use index::Index;
pub use list::{Segment, SegmentList};
pub use open_files::OpenFiles;
pub use scan::{Step, Walk, batches_from, rebuild};

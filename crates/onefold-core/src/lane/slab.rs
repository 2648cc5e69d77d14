//! Places for values, reused without allocation.

/// Names one record in [`Lanes`](super::Lanes). A slot that was settled is never valid again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slot {
    pub(super) index: u32,
    generation: u32,
}

/// "No index".
pub(super) const NIL: u32 = u32::MAX;

#[derive(Clone, Debug)]
struct Entry<V> {
    generation: u32,
    value: Option<V>,
}

#[derive(Clone, Debug)]
pub(super) struct Slab<V> {
    entries: Vec<Entry<V>>,
    free: Vec<u32>,
}

impl<V> Default for Slab<V> {
    fn default() -> Self {
        Slab { entries: Vec::new(), free: Vec::new() }
    }
}

impl<V> Slab<V> {
    pub(super) fn insert(&mut self, value: V) -> Slot {
        if let Some(index) = self.free.pop() {
            let entry = &mut self.entries[index as usize];
            entry.value = Some(value);
            return Slot { index, generation: entry.generation };
        }
        let index = self.entries.len() as u32;
        self.entries.push(Entry { generation: 0, value: Some(value) });
        Slot { index, generation: 0 }
    }

    pub(super) fn remove(&mut self, index: u32) -> Option<V> {
        let entry = self.entries.get_mut(index as usize)?;
        let value = entry.value.take()?;
        entry.generation = entry.generation.wrapping_add(1);
        self.free.push(index);
        Some(value)
    }

    pub(super) fn slot(&self, index: u32) -> Slot {
        Slot { index, generation: self.entries[index as usize].generation }
    }

    pub(super) fn checked(&self, slot: Slot) -> Option<&V> {
        let entry = self.entries.get(slot.index as usize)?;
        entry.value.as_ref().filter(|_| entry.generation == slot.generation)
    }

    pub(super) fn checked_mut(&mut self, slot: Slot) -> Option<&mut V> {
        let entry = self.entries.get_mut(slot.index as usize)?;
        entry.value.as_mut().filter(|_| entry.generation == slot.generation)
    }

    pub(super) fn get(&self, index: u32) -> Option<&V> {
        self.entries.get(index as usize)?.value.as_ref()
    }

    pub(super) fn get_mut(&mut self, index: u32) -> Option<&mut V> {
        self.entries.get_mut(index as usize)?.value.as_mut()
    }

    /// Occupied indices, rising.
    pub(super) fn indices(&self) -> impl Iterator<Item = u32> {
        (0u32..).zip(&self.entries).filter(|(_, entry)| entry.value.is_some()).map(|(index, _)| index)
    }
}

//! Notes worth searching: plain words, some accents, quotes and a sign outside the basic plane.

use super::dice::Dice;

const WHAT: [&str; 16] = [
    "flat white",
    "croissant",
    "espresso",
    "oat milk",
    "rye bread",
    "lemon tart",
    "green tea",
    "granola",
    "café crème",
    "\"house\" blend",
    "apple strudel",
    "gift card",
    "Brötchen",
    "hot chocolate",
    "filter coffee",
    "cinnamon bun",
];
const WHERE: [&str; 8] = ["window seat", "to go", "counter", "terrace", "table nine", "delivery", "courtyard", "bar"];
const CHANGE: [&str; 8] = [
    "corrected",
    "split in two",
    "tip added",
    "voucher applied",
    "name fixed",
    "table moved",
    "re-printed ☕",
    "priced again",
];

pub fn first(dice: &mut Dice) -> String {
    let count = 1 + dice.below(4);
    format!("{count} x {}, {}", dice.pick(&WHAT), dice.pick(&WHERE))
}

pub fn changed(dice: &mut Dice, version: u64) -> String {
    format!("{} ({} v{version})", first(dice), dice.pick(&CHANGE))
}

//! Mistakes in a pipeline do not compile, and the compiler says what to do in the words of this crate. Each file of
//! `ui/` is one mistake, with the error beside it.

#[test]
fn mistakes_are_understood() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}

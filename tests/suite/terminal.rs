//! Terminal sessions: what people type, and every character they see.

#[test]
fn sessions() {
    trycmd::TestCases::new().case("tests/cmd/*.trycmd").case("README.md").case("docs/test.md");
}

//! Text of the language to a syntax tree, and a syntax tree to canonical text.

pub mod ast;

//! Every code of the language and the compiler, in order; lints own the codes below 100.
//!
//! 1xx: the text cannot be read. 2xx: it can be read but not understood. 3xx: it is understood
//! but cannot be compiled. 4xx: the project file. A code is never reused.

use super::Code;

macro_rules! codes {
    ($($(#[$doc:meta])* $constant:ident = $id:literal $name:literal;)*) => {
        $($(#[$doc])* pub const $constant: Code = Code { id: $id, name: $name };)*
        /// All of them, in the order of their ids.
        pub const ALL: &[Code] = &[$($constant),*];
    };
}

codes! {
    /// The grammar expected something else.
    SYNTAX = "FW101" "syntax";
}

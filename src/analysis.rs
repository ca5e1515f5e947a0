//! What follows from a policy as a whole: what a service may reach, whether an assertion holds, what a
//! change opens and closes.
pub mod addresses;
pub mod claims;
pub mod diff;
pub mod flows;
pub mod reach;
pub mod report;
pub mod rows;

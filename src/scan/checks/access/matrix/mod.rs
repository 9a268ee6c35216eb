//! Who may do what: every operation that only reads, asked as everybody, and compared with what is
//! expected. Asking (`ask`) is apart from judging (`judge`, `compare`), which is pure.

mod ask;
mod check;
mod compare;
mod judge;
mod operations;

pub(in crate::scan::checks) use check::Matrix;

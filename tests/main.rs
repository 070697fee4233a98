//! What the program promises, shown on the real binary. One file a behaviour; `rig` is what they stand on.

mod rig;

mod reports;

//! The server's black-box tests: one binary, because linking is slow. One module per surface.

mod it {
    mod client;
    mod process;
    mod protocol;
}

//! A fake. (later)

//! Is a binary static? Read from its program headers.
//!
//! Owns: just enough of ELF64 to answer. Must never run the binary.

use anyhow::{Context as _, Result, ensure};

/// The header that names a dynamic loader; a static binary has none.
const PT_INTERP: u32 = 3;
const EM_X86_64: u16 = 62;

/// Fails with the reason unless `bytes` are a linux-amd64 program that needs no loader.
pub fn ensure_static_amd64(bytes: &[u8]) -> Result<()> {
    ensure!(
        bytes.starts_with(b"\x7fELF\x02\x01"),
        "is no 64-bit little-endian ELF file"
    );
    let machine = u16::from_le_bytes(at(bytes, 18)?);
    ensure!(machine == EM_X86_64, "is for machine {machine}, not amd64");
    let table = usize::try_from(u64::from_le_bytes(at(bytes, 32)?))?;
    let entry_size = usize::from(u16::from_le_bytes(at(bytes, 54)?));
    let entries = usize::from(u16::from_le_bytes(at(bytes, 56)?));
    ensure!(entries > 0, "has no program headers");
    for index in 0..entries {
        let offset = table.checked_add(index * entry_size).context("is damaged")?;
        let kind = u32::from_le_bytes(at(bytes, offset)?);
        ensure!(
            kind != PT_INTERP,
            "needs a dynamic loader, which Grafana's Alpine image lacks: build it with -Ctarget-feature=+crt-static"
        );
    }
    Ok(())
}

fn at<const N: usize>(bytes: &[u8], offset: usize) -> Result<[u8; N]> {
    let end = offset.checked_add(N).context("is damaged")?;
    let slice = bytes.get(offset..end).context("is cut off")?;
    Ok(slice.try_into()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A header and one program header of the given kind.
    fn elf(machine: u16, kind: u32) -> Vec<u8> {
        let mut bytes = vec![0; 64 + 56];
        bytes[..6].copy_from_slice(b"\x7fELF\x02\x01");
        bytes[18..20].copy_from_slice(&machine.to_le_bytes());
        bytes[32..40].copy_from_slice(&64_u64.to_le_bytes());
        bytes[54..56].copy_from_slice(&56_u16.to_le_bytes());
        bytes[56..58].copy_from_slice(&1_u16.to_le_bytes());
        bytes[64..68].copy_from_slice(&kind.to_le_bytes());
        bytes
    }

    #[test]
    fn a_program_without_a_loader_is_static() {
        ensure_static_amd64(&elf(EM_X86_64, 1)).unwrap();
    }

    #[test]
    fn a_program_with_a_loader_is_refused_with_the_fix() {
        assert!(
            ensure_static_amd64(&elf(EM_X86_64, PT_INTERP))
                .unwrap_err()
                .to_string()
                .contains("crt-static")
        );
        // This test's own program is linked the ordinary way.
        let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        assert!(
            ensure_static_amd64(&own)
                .unwrap_err()
                .to_string()
                .contains("dynamic loader")
        );
    }

    #[test]
    fn another_machine_and_damaged_files_are_refused() {
        assert!(
            ensure_static_amd64(&elf(183, 1))
                .unwrap_err()
                .to_string()
                .contains("183")
        );
        assert!(ensure_static_amd64(b"#!/bin/sh").is_err());
        assert!(ensure_static_amd64(&elf(EM_X86_64, 1)[..60]).is_err());
    }
}

//! Writes twenty seeds that differ in nothing but their number, and compiles them as an app does.

use std::path::PathBuf;

fn main() -> std::io::Result<()> {
    let folder = PathBuf::from(std::env::var_os("OUT_DIR").unwrap_or_default()).join("seeds");
    std::fs::create_dir_all(&folder)?;
    for number in 1..=20 {
        let seed = include_str!("src/replica_seed.rs").replace("NUMBER", &number.to_string());
        let file = folder.join(format!("2026-01-{number:02}-count.rs"));
        // Written only where it differs, since a newer file makes Cargo build again.
        if std::fs::read_to_string(&file).ok().as_deref() != Some(&seed) {
            std::fs::write(file, seed)?;
        }
    }
    println!("cargo:rerun-if-changed=src/replica_seed.rs");
    println!("cargo:rerun-if-changed=build.rs");
    kumiko_seeds_build::compile(folder);
    Ok(())
}

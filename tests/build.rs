//! Writes twenty seeds that differ in nothing but their number, and compiles them as an app does.

use std::path::PathBuf;

fn main() -> std::io::Result<()> {
    let folder = PathBuf::from(std::env::var_os("OUT_DIR").unwrap_or_default()).join("seeds");
    std::fs::create_dir_all(&folder)?;
    let source = std::fs::metadata("src/replica_seed.rs")?.modified()?;
    for number in 1..=20 {
        let seed = include_str!("src/replica_seed.rs").replace("NUMBER", &number.to_string());
        let file = folder.join(format!("2026-01-{number:02}-count.rs"));
        std::fs::write(&file, seed)?;
        let file = std::fs::File::options().write(true).open(file)?;
        file.set_modified(source)?;
    }
    // What Cargo watches and finds newer than this run, it would take for changed, and build again.
    std::fs::File::open(&folder)?.set_modified(source)?;
    println!("cargo:rerun-if-changed=src/replica_seed.rs");
    println!("cargo:rerun-if-changed=build.rs");
    kumiko_seeds_build::compile(folder);
    Ok(())
}

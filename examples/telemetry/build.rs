//! Compiles the files in `seeds/` into the app.

fn main() {
    kumiko_seeds_build::compile("seeds");
}

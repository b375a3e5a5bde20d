//! Compiles the app's seeds into it.

fn main() {
    kumiko_seeds_build::compile("seeds");
}

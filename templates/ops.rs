//! The app's seeds from a command line, also in a container: `app-ops seed:status`.

fn main() -> std::process::ExitCode {
    kumiko_seeds_cli::main(app::seeds())
}

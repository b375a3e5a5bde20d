//! The same seeds from a command line, also in a container: `admin-roles-ops seed:status`.

fn main() -> std::process::ExitCode {
    kumiko_seeds_cli::main(admin_roles::seeds())
}

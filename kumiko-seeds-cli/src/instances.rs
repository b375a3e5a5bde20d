//! All commands, compiled with this crate for each database that the runtime is compiled for.
//!
//! In a build without optimizations the compiler takes an instance of generic code from a crate below, if it is there.
//! Without these the commands would be compiled with the app's ops binary, again whenever a seed has changed. A build with
//! optimizations takes none, so there they would be made for nobody. Nothing here is ever called.

kumiko_seeds::__if_postgres! {
    #[used]
    static ON_POSTGRES: fn(kumiko_seeds::postgres::SeedRunner) -> std::process::ExitCode = crate::main;
}

kumiko_seeds::__if_sqlite! {
    #[used]
    static ON_SQLITE: fn(kumiko_seeds::sqlite::SeedRunner) -> std::process::ExitCode = crate::main;
}

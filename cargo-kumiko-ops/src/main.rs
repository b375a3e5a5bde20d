//! `cargo kumiko-ops`: scaffold, inspect and apply the seeds of a package.

mod app_source;
mod arguments;
mod by_hand;
mod database;
mod events;
mod formatting;
mod in_ops_binary;
mod init;
mod ops_binary;
mod package;
mod projections;
mod run;
mod seed_apply;
mod seed_files;
mod seed_history;
mod seed_new;
mod seed_retire;
mod seed_show;
mod seed_status;
mod seed_verify;
mod seed_work;
mod shell_files;
mod shown;
mod steering;
mod streams;
mod text_file;

fn main() -> std::process::ExitCode {
    run::run(std::env::args_os())
}

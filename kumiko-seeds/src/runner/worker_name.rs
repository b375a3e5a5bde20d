//! By what people know the process that does a step.

use std::sync::OnceLock;

/// The program, its process id and the machine: `shop 4711 on web-3`.
pub(super) fn worker_name() -> String {
    static NAME: OnceLock<String> = OnceLock::new();
    NAME.get_or_init(|| {
        let program = std::env::current_exe().ok();
        let program = program.as_deref().and_then(std::path::Path::file_name);
        let program = program.map_or_else(|| "a program".into(), |name| name.to_string_lossy());
        let process = std::process::id();
        match machine() {
            Some(machine) => format!("{program} {process} on {machine}"),
            None => format!("{program} {process}"),
        }
    })
    .clone()
}

/// The machine's name, where the system says it without being asked through C.
fn machine() -> Option<String> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname")
        .or_else(|_| std::env::var("HOSTNAME"))
        .or_else(|_| std::env::var("COMPUTERNAME"));
    let name = name.ok()?.trim().to_owned();
    (!name.is_empty()).then_some(name)
}

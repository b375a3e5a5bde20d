//! Names of crates as Rust code writes them. Pure.

use kumiko_seeds_cli::Failure;

/// Names that a path cannot begin with, not even as `r#self`.
const NEVER_RAW: [&str; 5] = ["self", "super", "crate", "Self", "_"];

/// What the macros and the test harness of every program take for Rust's own.
const RUSTS_OWN: [&str; 3] = ["std", "core", "test"];

/// The name of a library as code writes it, `r#type` for the package `type`; none if code that names it
/// would not compile.
pub(crate) fn crate_name(library: &str) -> Option<String> {
    let name = library.replace('-', "_");
    if NEVER_RAW.contains(&name.as_str()) || RUSTS_OWN.contains(&name.as_str()) {
        return None;
    }
    // The parser knows the keywords of all editions but this one.
    let is_keyword = syn::parse_str::<syn::Ident>(&name).is_err() || name == "gen";
    Some(if is_keyword {
        format!("r#{name}")
    } else {
        name
    })
}

/// Why seeds cannot be shared by a library of this name, and what to do.
pub(crate) fn unnameable(package: &str, library: &str) -> Failure {
    Failure::new(format!(
        "no binary of package {package} can name its library, because in Rust code {library} means something else"
    ))
    .help(format!(
        "give the library another name, in Cargo.toml, and use it in your code:\n    \
         [lib]\n    name = \"{library}_app\""
    ))
}

#[cfg(test)]
mod tests {
    use super::crate_name;

    #[test]
    fn a_keyword_is_written_raw_and_what_cannot_be_raw_has_no_name() {
        for (library, name) in [
            ("shop", Some("shop")),
            ("my-shop", Some("my_shop")),
            ("type", Some("r#type")),
            ("async", Some("r#async")),
            ("gen", Some("r#gen")),
            ("try", Some("r#try")),
            ("union", Some("union")),
            ("alloc", Some("alloc")),
            ("seeds", Some("seeds")),
            ("self", None),
            ("Self", None),
            ("super", None),
            ("crate", None),
            ("std", None),
            ("core", None),
            ("test", None),
            ("_", None),
        ] {
            assert_eq!(crate_name(library).as_deref(), name, "{library}");
        }
    }
}

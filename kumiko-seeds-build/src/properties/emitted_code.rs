//! The generated code, for everything that is accepted.

use std::path::{Path, PathBuf};

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::subsequence;
use syn::{Item, LitStr};

use super::sources::{read_in_time, source};
use super::writing::{id, text};
use crate::generate::generate;
use crate::seed_file::Declared;
use crate::source::Code;
use crate::source_folder::SourceFolder;
use crate::{HandlerCall, SeedFile};

/// A seed with nothing in it that was not chosen by an enemy. Of the source's own text only the calls get
/// into the code.
fn seed_file() -> impl Strategy<Value = SeedFile> {
    let call = (text(), option::of(vec(text(), 0..3)), any::<usize>());
    let call = call.prop_map(|(handler, roles, line)| HandlerCall {
        handler,
        roles,
        line,
    });
    let declared = [
        Declared::Skippable,
        Declared::Background,
        Declared::After,
        Declared::Environments,
        Declared::OutOfOrder,
        Declared::AfterMigration,
        Declared::Count,
    ];
    let declared = subsequence(declared.to_vec(), 0..=declared.len());
    let in_steps = any::<bool>();
    (id(), text(), vec(call, 0..3), declared, in_steps).prop_map(
        |(id, folder, handler_calls, declares, in_steps)| SeedFile {
            in_steps,
            handler_calls,
            source_hash: "tokens:0000000000000000".to_owned(),
            text_hash: "1111111111111111".to_owned(),
            declares,
            ..SeedFile::bare(&id, PathBuf::from(format!("/{folder}/{id}.rs")))
        },
    )
}

/// The strings in the call that stands for the one module: the path and the hash.
fn strings_of_module(file: &syn::File) -> Option<Vec<String>> {
    let [
        Item::Macro(_),
        Item::Macro(module),
        Item::Const(_),
        Item::Static(_),
    ] = file.items.as_slice()
    else {
        return None;
    };
    let tokens = module.mac.tokens.clone().into_iter();
    let literals = tokens.filter_map(|token| syn::parse2::<LitStr>(token.into()).ok());
    Some(literals.map(|literal| literal.value()).collect())
}

fn folder_of(seed: &SeedFile) -> SourceFolder {
    let folder = seed.path.parent().unwrap();
    SourceFolder::of(folder, Path::new("/app"), Path::new("/out"))
}

/// The strings in the one seed, in their order.
fn strings(file: &syn::File) -> Vec<String> {
    struct Strings(Vec<String>);
    impl<'ast> syn::visit::Visit<'ast> for Strings {
        fn visit_lit_str(&mut self, literal: &'ast LitStr) {
            self.0.push(literal.value());
        }
    }
    let mut strings = Strings(Vec::new());
    if let [_, _, Item::Const(seed), _] = file.items.as_slice() {
        syn::visit::visit_expr(&mut strings, &seed.expr);
    }
    strings.0
}

proptest! {
    #[test]
    fn every_text_gets_into_the_code_as_a_text(seed in seed_file()) {
        let code = generate("seeds", &folder_of(&seed), std::slice::from_ref(&seed)).unwrap();
        let parsed = syn::parse_str(&code).unwrap();
        let path = folder_of(&seed).path_of(&seed.id);
        prop_assert_eq!(Path::new(&path), seed.path.as_path());
        prop_assert_eq!(strings_of_module(&parsed), Some(vec![path, seed.text_hash.clone()]));
        let file = format!("seeds/{}.rs", seed.id);
        let mut expected = vec![seed.id, file, seed.skip_flag, seed.source_hash, seed.text_hash];
        for call in seed.handler_calls {
            expected.push(call.handler);
            expected.extend(call.roles.into_iter().flatten());
        }
        prop_assert_eq!(strings(&parsed), expected);
        // The compiler refuses characters that let code look different from what it is.
        let only_ascii = code.bytes().all(|byte| byte == b'\n' || (b' '..=b'~').contains(&byte));
        prop_assert!(only_ascii || !super::steers(&code.replace('\n', "")), "{code}");
    }

    #[test]
    fn the_name_of_the_folder_is_only_a_comment(folder in text()) {
        let source_folder = SourceFolder::of("/app".as_ref(), "/app".as_ref(), "/out".as_ref());
        let code = generate(&folder, &source_folder, &[]).unwrap();
        let file: syn::File = syn::parse_str(&code).unwrap();
        prop_assert_eq!(file.items.len(), 2);
        prop_assert!(!super::steers(&code.replace('\n', "")), "{code:?}");
    }

    #[test]
    fn what_is_accepted_gives_code_that_parses(source in source()) {
        let Ok(read) = read_in_time(&source) else {
            return Ok(());
        };
        let seed = SeedFile {
            description: read.description,
            skippable: read.skippable.unwrap_or(false),
            in_steps: read.code != Code::Whole,
            handler_calls: read.handler_calls,
            source_hash: "tokens:0000000000000000".to_owned(),
            text_hash: "1111111111111111".to_owned(),
            declares: vec![Declared::Count],
            ..SeedFile::bare("2026-05-20-x", PathBuf::from("/seeds/2026-05-20-x.rs"))
        };
        let code = generate("seeds", &folder_of(&seed), &[seed]).unwrap();
        prop_assert!(syn::parse_str::<syn::File>(&code).is_ok(), "{code}");
    }
}

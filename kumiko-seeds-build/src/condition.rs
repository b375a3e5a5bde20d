use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{Attribute, Meta, Token};

/// The attribute that leaves an item out of some builds, if it has one: `#[cfg(..)]`, `#[test]`, or a `#[cfg_attr(..)]`
/// that puts one of the two there.
pub(crate) fn condition(attributes: &[Attribute]) -> Option<&Attribute> {
    attributes
        .iter()
        .find(|attribute| is_condition(&attribute.meta))
}

fn is_condition(meta: &Meta) -> bool {
    if meta.path().is_ident("cfg") || meta.path().is_ident("test") {
        return true;
    }
    match meta {
        Meta::List(list) if list.path.is_ident("cfg_attr") => {
            let metas = Punctuated::<Meta, Token![,]>::parse_terminated.parse2(list.tokens.clone());
            // The first one says when, the others say what is put there.
            metas.is_ok_and(|metas| metas.iter().skip(1).any(is_condition))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use syn::parse::Parser;

    use super::*;

    #[test]
    fn an_attribute_is_a_condition_if_it_can_leave_something_out() {
        for (attribute, is_condition) in [
            ("#[cfg(any())]", true),
            ("#[test]", true),
            ("#[cfg_attr(all(), cfg(any()))]", true),
            ("#[cfg_attr(a, allow(b), cfg_attr(c, test))]", true),
            ("#[cfg_attr(test, allow(b))]", false),
            ("#[cfg_attr(cfg, path = \"a\")]", false),
            ("#[allow(cfg)]", false),
            ("/// cfg", false),
        ] {
            let attributes = Attribute::parse_outer.parse_str(attribute).unwrap();
            assert_eq!(
                condition(&attributes).is_some(),
                is_condition,
                "{attribute}"
            );
        }
    }
}

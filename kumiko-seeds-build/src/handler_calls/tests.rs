#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;

fn calls_in(body: &str) -> Vec<(String, Option<Vec<String>>)> {
    let file = syn::parse_str(&format!("async fn run() {{ {body} }}")).unwrap();
    handler_calls(&file)
        .into_iter()
        .map(|call| (call.handler, call.roles))
        .collect()
}

fn roles(body: &str) -> Option<Vec<String>> {
    let calls = calls_in(body);
    assert_eq!(calls.len(), 1, "{body}");
    calls[0].1.clone()
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

#[test]
fn roles_are_those_of_the_chain() {
    for (body, expected) in [
        (r#"c.system_write_as("h", p).await?;"#, Some(texts(&[]))),
        (
            r#"c.system_write_as("h", p).in_tenant(t).await?;"#,
            Some(texts(&[])),
        ),
        (r#"(c.system_write_as("h", p)).await?;"#, Some(texts(&[]))),
        (
            r#"c.system_write_as("h", p).with_roles(["A", "B"]).await?;"#,
            Some(texts(&["A", "B"])),
        ),
        (
            r#"c.system_write_as("h", p).with_roles(&["A"]).in_tenant(t).await.unwrap().x();"#,
            Some(texts(&["A"])),
        ),
        (
            r#"c.system_write_as("h", p).in_tenant(t).with_roles(vec!["A"]).await?;"#,
            Some(texts(&["A"])),
        ),
        (
            r#"c.system_write_as("h", p).with_roles(["A"]).with_roles(["B"]).await?;"#,
            Some(texts(&["A", "B"])),
        ),
        (
            r#"c.system_write_as("h", p).with_roles(["A"]).with_roles(roles).await?;"#,
            None,
        ),
        (
            r#"c.system_write_as("h", p).with_roles([]).await?;"#,
            Some(texts(&[])),
        ),
        (
            r#"c.system_write_as("h", p).with_roles(roles).await?;"#,
            None,
        ),
        (
            r#"c.system_write_as("h", p).with_roles(["A", b]).await?;"#,
            None,
        ),
        (r#"c.system_write_as("h", p).with_roles([A]).await?;"#, None),
    ] {
        assert_eq!(roles(body), expected, "{body}");
    }
}

#[test]
fn roles_that_may_come_from_elsewhere_are_unknown() {
    for body in [
        r#"let write = c.system_write_as("h", p); write.with_roles(["A"]).await?;"#,
        r#"finish(c.system_write_as("h", p)).await?;"#,
        r#"c.system_write_as("h", p).as_administrator().await?;"#,
        r#"(if a { c.system_write_as("h", p) } else { d }).with_roles(["A"]).await?;"#,
        r#"x(c.system_write_as("h", p)).with_roles(["A"]).await?;"#,
    ] {
        assert_eq!(roles(body), None, "{body}");
    }
}

#[test]
fn an_argument_is_not_part_of_the_chain_around_it() {
    let calls = calls_in(
        r#"c.system_write_as("outer", c.system_write_as("inner", p).await?).with_roles(["A"]).await?;"#,
    );
    assert_eq!(
        calls,
        [
            ("outer".to_owned(), Some(texts(&["A"]))),
            ("inner".to_owned(), Some(texts(&[])))
        ]
    );
}

#[test]
fn looks_into_closures_and_macros_and_not_at_other_names() {
    let names =
        |body: &str| -> Vec<String> { calls_in(body).into_iter().map(|(name, _)| name).collect() };
    assert_eq!(
        names(r#"async { c.system_write_as("a", p).await }; x(|| c.system_write_as("b", p));"#),
        ["a", "b"]
    );
    assert_eq!(
        names(r#"assert!(c.system_write_as("a", p).await.is_ok(), "why");"#),
        ["a"]
    );
    assert_eq!(
        names(r#"println!("{x}", x = 1); json!({ "a": c.system_write_as("a", p) });"#),
        [""; 0]
    );
    assert_eq!(
        names(
            r#"// c.system_write_as("a", p)
            let text = "c.system_write_as(\"a\", p)";
            c.system_write_as(NAME, p).await?; c.system_write_as(); c.other("a", p);"#
        ),
        [""; 0]
    );
    assert_eq!(names(r##"c.system_write_as(r#"a"b"#, p);"##), ["a\"b"]);
}

#[test]
fn what_may_not_be_compiled_is_left_out() {
    let file = syn::parse_str(
        r#"
        #[cfg(test)]
        mod tests { async fn a() { c.system_write_as("a", p).await; } }
        #[cfg(feature = "x")]
        async fn b() { c.system_write_as("b", p).await; }
        async fn c() { #[cfg(debug_assertions)] { c.system_write_as("c", p).await; } }
        async fn d() { c.system_write_as("d", p).await; }
        "#,
    )
    .unwrap();
    let calls = handler_calls(&file);
    assert_eq!(calls.len(), 1);
    assert_eq!((calls[0].handler.as_str(), calls[0].line), ("d", 7));
}

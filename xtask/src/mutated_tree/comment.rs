//! Makes code of the comments that are deliberate bugs.
//!
//! A comment has lines of its own: `//~ mutant NAME: STATEMENT`, and what does not fit goes on in lines that begin
//! with `//~` and two spaces at least. By its first words a statement is
//!
//! * `let PATTERN = VALUE;`, a name or a tuple of names that is known already: it is bound anew,
//!   `let PATTERN = if on { VALUE } else { PATTERN };`;
//! * an arm of a match, `PATTERN => VALUE,` or `PATTERN if GUARD => VALUE,`: its guard asks first,
//!   `PATTERN if on && (GUARD) => VALUE,`;
//! * anything else that ends with `;` or `}`: `if on { STATEMENT }`.
//!
//! `on` is `::mutants::on("NAME")`.

const START: &str = "//~";
/// How a line begins that goes on with the comment above.
const GOES_ON: &str = "//~  ";

/// A source in which the comments are code.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Rewritten {
    /// With as many lines as before.
    pub(super) text: String,
    /// The mutations in it, with their lines.
    pub(super) names: Vec<(usize, String)>,
    /// What cannot be made code, and why, with its line.
    pub(super) wrong: Vec<(usize, String)>,
}

/// Makes code of all comments in a source.
pub(super) fn rewrite(source: &str) -> Rewritten {
    let mut rewritten = Rewritten::default();
    let mut lines = source.split_inclusive('\n').zip(1..).peekable();
    while let Some((line, number)) = lines.next() {
        let code = line.trim_start();
        if !code.starts_with(START) {
            if code.contains(START) {
                let why = "a mutation has a line of its own";
                rewritten.wrong.push((number, why.to_owned()));
            }
            rewritten.text += line;
            continue;
        }
        let mut comment = code[START.len()..].trim().to_owned();
        let mut more = 0;
        while let Some((next, _)) =
            lines.next_if(|(next, _)| next.trim_start().starts_with(GOES_ON))
        {
            comment += " ";
            comment += next.trim_start()[START.len()..].trim();
            more += 1;
        }
        match parse(&comment) {
            Ok((name, code)) => {
                let indent = &line[..line.len() - line.trim_start().len()];
                rewritten.text += &format!("{indent}{code}\n{}", "\n".repeat(more));
                rewritten.names.push((number, name));
            }
            Err(why) => rewritten.wrong.push((number, why)),
        }
    }
    rewritten
}

/// The name in a comment, and the code that it becomes.
fn parse(comment: &str) -> Result<(String, String), String> {
    let form = || format!("`{START} {comment}`: it must be `{START} mutant NAME: STATEMENT`");
    let mutant = comment.strip_prefix("mutant ").ok_or_else(form)?;
    let (name, statement) = mutant.split_once(": ").ok_or_else(form)?;
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if name.is_empty() || !name.chars().all(is_word) {
        return Err(form());
    }
    let on = format!("::mutants::on(\"{name}\")");
    let code = code(&on, statement.trim()).map_err(|why| format!("`{statement}`: {why}"))?;
    Ok((name.to_owned(), code))
}

fn code(on: &str, statement: &str) -> Result<String, &'static str> {
    if let Some(binding) = statement.strip_prefix("let ") {
        return bind(on, binding);
    }
    if let Some(arrow) = outside_brackets(statement, "=>") {
        let (pattern, value) = statement.split_at(arrow);
        if !value.ends_with([',', '}']) {
            return Err("an arm of a match ends with `,`");
        }
        return Ok(match pattern.split_once(" if ") {
            Some((pattern, guard)) => format!("{pattern} if {on} && ({}) {value}", guard.trim()),
            None => format!("{} if {on} {value}", pattern.trim_end()),
        });
    }
    if statement.ends_with([';', '}']) {
        return Ok(format!("if {on} {{ {statement} }}"));
    }
    Err("a statement ends with `;`, an arm of a match with `,`")
}

fn bind(on: &str, binding: &str) -> Result<String, &'static str> {
    let parts = binding.split_once(" = ");
    let (pattern, value) = parts.ok_or("it must be `let PATTERN = VALUE;`")?;
    let end = outside_brackets(value, ";");
    if end.is_none_or(|end| end + 1 != value.len()) {
        return Err("after `let PATTERN = VALUE;` nothing may stand");
    }
    let value = &value[..value.len() - 1];
    let is_known = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_(), ".contains(c);
    if !pattern.chars().all(is_known) {
        return Err("it must bind a name, or a tuple of names, that is known already");
    }
    let known = pattern.replace("mut ", "");
    Ok(format!(
        "let {pattern} = if {on} {{ {value} }} else {{ {known} }};"
    ))
}

/// Where `wanted` stands first outside of brackets and strings.
fn outside_brackets(text: &str, wanted: &str) -> Option<usize> {
    let (mut depth, mut in_string) = (0_i32, false);
    for (at, letter) in text.char_indices() {
        match letter {
            '"' => in_string = !in_string,
            _ if in_string => {}
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            _ if depth == 0 && text[at..].starts_with(wanted) => return Some(at),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a comment becomes.
    fn made(comment: &str) -> String {
        let rewritten = rewrite(&format!("    {START} mutant s1_x: {comment}\n"));
        assert_eq!(rewritten.wrong, [], "{comment}");
        assert_eq!(rewritten.names, [(1, "s1_x".to_owned())]);
        let code = rewritten.text.replace("::mutants::on(\"s1_x\")", "on");
        code.strip_prefix("    ")
            .expect("an indent")
            .trim_end()
            .to_owned()
    }

    #[test]
    fn each_kind_of_statement_becomes_code() {
        assert_eq!(made("return Ok(());"), "if on { return Ok(()); }");
        assert_eq!(made("a.b(); return;"), "if on { a.b(); return; }");
        assert_eq!(
            made("if let A(b) = c { return b }"),
            "if on { if let A(b) = c { return b } }"
        );
        assert_eq!(
            made("let a = b + 1;"),
            "let a = if on { b + 1 } else { a };"
        );
        assert_eq!(
            made("let (a, mut b) = c(|d| { d; e });"),
            "let (a, mut b) = if on { c(|d| { d; e }) } else { (a, b) };"
        );
        assert_eq!(made("Some(_) => {}"), "Some(_) if on => {}");
        assert_eq!(
            made("A { b, .. } if b >= 1 || c => d(e),"),
            "A { b, .. } if on && (b >= 1 || c) => d(e),"
        );
        assert_eq!(
            made("match a { b => c, _ => return };"),
            "if on { match a { b => c, _ => return }; }"
        );
    }

    #[test]
    fn a_comment_goes_on_and_lines_keep_their_numbers() {
        let source =
            format!("a\n  {START} mutant s1_x: b(\n  {START}   c);\n  {START} mutant s1_y: d;\ne");
        let rewritten = rewrite(&source);
        let b = "  if ::mutants::on(\"s1_x\") { b( c); }\n\n";
        let d = "  if ::mutants::on(\"s1_y\") { d; }\n";
        assert_eq!(rewritten.text, format!("a\n{b}{d}e"));
        let names = [(2, "s1_x".to_owned()), (4, "s1_y".to_owned())];
        assert_eq!(rewritten.names, names);
    }

    #[test]
    fn what_cannot_be_made_code_is_named_by_its_line() {
        for wrong in [
            "s1_x: return;",
            "mutant s1_x return;",
            "mutant S1: return;",
            "mutant s1_x: return",
            "mutant s1_x: a => b",
            "mutant s1_x: let a;",
            "mutant s1_x: let a = 1; return;",
            "mutant s1_x: let Some(a) = b else { return };",
            "mutant s1_x: let a: u8 = 1;",
        ] {
            let rewritten = rewrite(&format!("a\n{START} {wrong}\n"));
            assert_eq!(rewritten.names, [], "{wrong}");
            let lines: Vec<_> = rewritten.wrong.iter().map(|(line, _)| *line).collect();
            assert_eq!(lines, [2], "{wrong}");
        }
        let behind_code = rewrite(&format!("a; {START} mutant s1_x: return;\n"));
        assert_eq!(behind_code.wrong.len(), 1);
    }
}

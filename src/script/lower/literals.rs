//! The literals of a `switch`: its tree keeps only their hashes, so that the literals behind it in the script are hashed
//! again, by the interpreter itself.

use std::collections::HashMap;

use rhai::{ASTNode, Position, Stmt, Token};

use super::expression::constant;
use crate::datum::Datum;
use crate::script::host::Host;

/// The literals of the texts, from that line on in one of them, by their hashes: until all that are `wanted` are found.
pub(super) fn after(host: &Host, position: Position, wanted: &[u64]) -> HashMap<u64, Datum> {
    let mut found = HashMap::new();
    let from = position.line().unwrap_or(1) - 1;
    let sources = [&host.main].into_iter().chain(host.libraries.iter().map(|(source, _)| source));
    for source in sources {
        let rest: String = source.text.lines().skip(from).collect::<Vec<_>>().join("\n");
        let mut minus = "";
        for (token, _) in host.engine.lex(&[&rest]).0 {
            let literal = match &token {
                Token::Minus | Token::UnaryMinus => {
                    minus = "-";
                    continue;
                }
                Token::IntegerConstant(value) => format!("{minus}{value}"),
                Token::StringConstant(value) => format!("{:?}", value.as_str()),
                Token::True | Token::False => token.to_string(),
                Token::Unit => "()".into(),
                Token::LexError(_) | Token::EOF => break,
                _ => String::new(),
            };
            minus = "";
            if !literal.is_empty() {
                hash(host, &literal, &mut found);
                if wanted.iter().all(|hash| found.contains_key(hash)) {
                    return found;
                }
            }
        }
    }
    found
}

/// Adds a literal with its hash, as a `switch` of its own has it.
fn hash(host: &Host, literal: &str, found: &mut HashMap<u64, Datum>) {
    let Ok(tree) = host.engine.compile(format!("switch 0 {{ {literal} => {literal} }}")) else { return };
    tree.walk(&mut |path: &[ASTNode<'_>]| {
        if let Some(ASTNode::Stmt(Stmt::Switch(parts, _))) = path.last()
            && let Some((hash, _)) = parts.1.cases.iter().next()
            && let Some(block) = parts.1.expressions.first()
            && let rhai::Expr::Stmt(block) = &block.rhs
            && let Some(value) = super::expression::only(block.statements()).and_then(constant)
        {
            found.insert(*hash, value);
        }
        true
    });
}

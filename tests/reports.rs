//! What `deadbeat check` tells of scripts that cannot run: the whole of it, held in snapshots.

use std::collections::BTreeSet;
use std::fs;

use crate::rig::{Rig, root};

/// The report of one script of `tests/reports`; files are named as seen from there.
fn report(name: &str) -> String {
    let dir = root().join("tests/reports");
    let dir = dir.to_str().expect("the repository's path is text");
    let script = format!("{name}.rhai");
    let outcome = Rig::new().command(["-C", dir, "check"]).args([&script]).run();
    format!("{}(status {})\n{}", outcome.stderr, outcome.status, outcome.stdout)
}

macro_rules! reports {
    ($($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                let name = stringify!($name);
                insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true, snapshot_path => "snapshots/reports" }, {
                    insta::assert_snapshot!(name, report(name));
                });
            }
        )*

        #[test]
        fn every_failing_script_has_its_snapshot() {
            let listed: BTreeSet<String> = [$(stringify!($name)),*].into_iter().map(|name| format!("{name}.rhai")).collect();
            let files = fs::read_dir(root().join("tests/reports")).expect("it is part of the repository");
            let names = files.map(|file| file.expect("it can be listed").file_name().to_string_lossy().into_owned());
            assert_eq!(names.filter(|name| name.ends_with(".rhai")).collect::<BTreeSet<_>>(), listed);
        }
    };
}

reports! {
    syntax_error unclosed_string reserved_word map_without_a_hash words_of_other_languages
    unknown_function unknown_variable function_does_not_see_variables wrong_number_of_arguments thrown missing_key_in_a_sum variable_called_as_a_function
    misspelt_option misspelt_option_in_a_variable misspelt_cog cog_in_another_module
    wrong_type options_that_are_no_map missing_option getter_with_two_parameters bad_regexp bad_template
    cycle fed_supply fed_supply_by_dead doubled_link empty_train forgotten_cog nothing_feeds never_run unreachable_statements no_cog_in_a_line
    swallowed this_in_a_nested_closure captured_in_a_loop captured_receiver changes_a_copy
    missing_import import_outside colliding_libraries broken_library
    several_errors configuration
}

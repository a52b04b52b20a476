//! What is made from the program itself: schemas, completions, manual pages.

use std::path::Path;

use clap_mangen::Man;

use super::args::{CompletionsArgs, ManArgs, SchemaArgs, SchemaOf};
use super::output::{Output, error};
use crate::exit::Exit;
use crate::schema;

pub(super) fn schema(args: &SchemaArgs, out: &mut Output) -> Exit {
    out.raw(&match args.of {
        SchemaOf::Scenario => schema::scenario(),
        SchemaOf::Trace => schema::trace(),
    });
    Exit::Success
}

pub(super) fn completions(args: &CompletionsArgs, out: &mut Output) -> Exit {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut super::command(), "oobe", &mut text);
    out.raw(&String::from_utf8_lossy(&text));
    Exit::Success
}

pub(super) fn man(args: &ManArgs, out: &mut Output) -> Exit {
    let pages = pages();
    let Some(folder) = &args.out else {
        let first = pages.into_iter().next().map(|(_, text)| text).unwrap_or_default();
        out.raw(&String::from_utf8_lossy(&first));
        return Exit::Success;
    };
    match write(folder, &pages) {
        Ok(()) => {
            out.print(&format!("{} pages in {}\n", pages.len(), folder.display()));
            Exit::Success
        }
        Err(e) => {
            error(format!("{}: {e}", folder.display()), None);
            Exit::Io
        }
    }
}

fn write(folder: &Path, pages: &[(String, Vec<u8>)]) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    pages.iter().try_for_each(|(name, text)| std::fs::write(folder.join(name), text))
}

/// File name and text of every page: the program first, then its commands.
fn pages() -> Vec<(String, Vec<u8>)> {
    let command = super::command();
    let commands = command.get_subcommands().map(|sub| {
        let name = format!("oobe-{}", sub.get_name());
        (format!("{name}.1"), sub.clone().name(name.clone()).display_name(name.replace('-', " ")))
    });
    std::iter::once(("oobe.1".to_owned(), command.clone()))
        .chain(commands)
        .map(|(name, command)| {
            let mut text = Vec::new();
            Man::new(command).render(&mut text).expect("writing to memory can't fail");
            (name, text)
        })
        .collect()
}

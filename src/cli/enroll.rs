//! `oobe enroll`

use std::io::BufRead;

use oobe_agent::io::{Note, NoteFault};
use oobe_wire::secret::Secret;

use super::args::{EnrollArgs, PersonalArg};
use super::output::{Output, error};
use crate::enroll::{self, EnrollError, EnrollOptions};
use crate::exit::Exit;
use crate::report::{Detail, Narrator, Tone, paint};
use crate::scenario::spec::Keys;
use crate::trace::{Mask, Record, TraceFile, What};
use crate::world::RunError;

pub(super) fn enroll(args: &EnrollArgs, out: &mut Output) -> Exit {
    let password = match password(args) {
        Ok(password) => password,
        Err(e) => {
            error(format!("the password can't be read from standard input: {e}"), None);
            return Exit::Io;
        }
    };
    if password.expose().is_empty() {
        error(
            "the password is empty",
            Some(
                "give it with --password, in OOBE_PASSWORD, or as the first line of standard input with --password-stdin",
            ),
        );
        return Exit::Usage;
    }
    let options = EnrollOptions {
        discovery_url: args.discovery_url.clone(),
        user: args.user.clone(),
        password,
        ca: args.ca.clone(),
        allow_remote: args.allow_remote.clone(),
        seed: args.seed,
        keys: Keys::from(args.keys).into(),
        hurry: args.hurry,
        limit: args.limit.0,
        as_of: args.as_of.map(Into::into),
    };
    let detail = match args.verbose {
        0 => Detail::Story,
        1 => Detail::More,
        _ => Detail::All,
    };
    let mut narrator = (!args.quiet).then(|| Narrator::new(out.width, detail, false));
    let mut records: Vec<Record> = Vec::new();
    let mask = Mask::of([&options.password]);
    let mask = match args.personal_data {
        PersonalArg::Show => mask,
        PersonalArg::Mask => mask.and_personal([options.user.as_str()]),
    };
    let result = enroll::run(&options, &mut |record| {
        let record = mask.record(record);
        if let Some(narrator) = &mut narrator {
            out.print(&narrator.hear(&record));
            out.flush();
        }
        records.push(record.into_owned());
    });
    if let Some(narrator) = &mut narrator {
        out.print(&narrator.finish());
    }
    let result = match result {
        Ok(result) => result,
        Err(failure) => {
            error(&failure, None);
            return match failure {
                EnrollError::Url { .. } | EnrollError::Remote { .. } => Exit::Usage,
                EnrollError::Run(RunError::Transport(_)) | EnrollError::Ca { .. } => Exit::Io,
                EnrollError::Run(_) => Exit::Internal,
            };
        }
    };
    let mut exit = judge(&records, result.ending.is_complete(), &result.ending.outcome);
    let (word, tone) = if exit == Exit::Success { ("PASS", Tone::Good) } else { ("FAIL", Tone::Bad) };
    // What went wrong last says more than how the world came to rest.
    let cause = records.iter().rev().find_map(|record| match &record.what {
        What::Note { note: Note::Failed { doing, code, detail, .. } } if exit != Exit::Success => {
            Some(format!("{doing}: {detail}{}", code.as_ref().map(|c| format!(" ({c})")).unwrap_or_default()))
        }
        _ => None,
    });
    out.print(&format!(
        "\n{} {} after {}: {}\n",
        paint(tone, word),
        result.ending.outcome,
        result.took,
        mask.text(cause.as_deref().unwrap_or(&result.ending.detail))
    ));
    if let Some(path) = &args.trace {
        let written = TraceFile::create(path).and_then(|mut file| {
            file.header(&result.header)?;
            records.iter().try_for_each(|record| file.record(record, &mask))?;
            file.finish()
        });
        if let Err(e) = written {
            error(format!("{}: the trace can't be written: {e}", path.display()), None);
            exit = exit.or_worse(Exit::Io);
        }
    }
    exit
}

fn password(args: &EnrollArgs) -> std::io::Result<Secret<String>> {
    if !args.password_stdin {
        return Ok(Secret::new(args.password.clone().unwrap_or_default()));
    }
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    Ok(Secret::new(line.trim_end_matches(['\r', '\n']).to_owned()))
}

/// At the desktop all is well. Otherwise it is the peer's doing, if the last thing that failed was.
fn judge(records: &[Record], complete: bool, outcome: &str) -> Exit {
    // A device whose sessions all fail reaches its desktop too, without management: that is no success of the server.
    let answered = records.iter().any(|record| {
        matches!(&record.what, What::Note { note: Note::Checked { check, failed: None } } if check == "syncml-answered")
    });
    if complete && outcome == "desktop" {
        return if answered { Exit::Success } else { Exit::Peer };
    }
    let last = records.iter().rev().find_map(|record| match &record.what {
        What::Note { note: Note::Failed { fault, .. } } => Some(*fault),
        _ => None,
    });
    match last {
        Some(NoteFault::PeerBrokeProtocol | NoteFault::PeerRefused | NoteFault::Network) => Exit::Peer,
        _ => Exit::Unfinished,
    }
}

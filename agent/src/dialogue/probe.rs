//! Is there internet? Windows asks a plain HTTP page for a fixed text (NCSI, NET-014).

use crate::cx::{Answer, Cx};
use crate::io::{HttpRequest, Slot};

/// What the page must say (reference: protocols, 0, row 1).
pub const EXPECTED: &[u8] = b"Microsoft Connect Test";

/// Asks.
pub fn begin(cx: &mut Cx<'_>) {
    let url = format!("{}/connecttest.txt", cx.setup.endpoints.connect_test);
    let request = HttpRequest::get(url).header("user-agent", "Microsoft NCSI");
    cx.send(Slot::Probe, request, "looking for internet");
}

/// Whether there is. Anything but the text (a captive portal's page, say) counts as no.
pub fn resume(cx: &mut Cx<'_>, answer: &Answer) -> bool {
    match answer {
        Answer::Http(Ok(reply)) => {
            let there = reply.status == 200 && reply.body == EXPECTED;
            cx.checked(
                "connect-test-text",
                (!there).then(|| format!("HTTP {} with another text", reply.status)),
            );
            there
        }
        _ => false,
    }
}

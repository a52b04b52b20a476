//! Messages as a device and a server write them, and as sloppy peers do.

use super::*;
use proptest::prelude::*;

fn first_message() -> Message {
    let dev_info =
        [("DevId", "2C45B58A"), ("Man", "Contoso"), ("Mod", "Model"), ("DmV", "1.3"), ("Lang", "en-US")];
    let items =
        dev_info.map(|(node, data)| Item::source(format!("./DevInfo/{node}")).with_data(data)).to_vec();
    let login = Item::default().with_type("com.microsoft/MDM/LoginStatus").with_data("user");
    Message {
        header: Header {
            session_id: "1".into(),
            msg_id: "1".into(),
            target: "https://mdm.test/m?mode=Maintenance&Platform=WoA".into(),
            source: "2C45B58A".into(),
            ..Header::default()
        },
        commands: vec![
            Command::new("2", Body::Alert { code: 1201, items: vec![] }),
            Command::new("3", Body::Alert { code: 1224, items: vec![login] }),
            Command::new("4", Body::Replace { items }),
        ],
        final_: true,
    }
}

#[test]
fn first_message_of_a_device() {
    let text = first_message().write();
    insta::assert_snapshot!(text);
    // A server finds the device by this text (reference: protocols, G item 2).
    assert!(text.contains("</Target><Source><LocURI>2C45B58A</LocURI></Source>"));
    assert_eq!(Message::parse(text.as_bytes()), Ok(first_message()));
}

fn answer() -> Message {
    let status = |cmd_id: &str, cmd_ref: &str, cmd: &str, code| {
        let status = Status {
            msg_ref: "2".into(),
            cmd_ref: cmd_ref.into(),
            cmd: cmd.into(),
            code,
            ..Status::default()
        };
        Command::new(cmd_id, Body::Status(status))
    };
    let mut failed = status("3", "5", "Exec", StatusCode::COMMAND_FAILED);
    if let Body::Status(status) = &mut failed.body {
        status.original_error = Some("0x80004005".into());
        status.target_ref = Some("./Device/Vendor/MSFT/X".into());
    }
    let results =
        Item::source("./DevDetail/SwV").with_format("chr").with_type("text/plain").with_data("10.0.26100");
    Message {
        commands: vec![
            status("1", "0", "SyncHdr", StatusCode::OK),
            status("2", "2", "Get", StatusCode::OK),
            failed,
            Command::new(
                "4",
                Body::Results { msg_ref: "2".into(), cmd_ref: "2".into(), items: vec![results] },
            ),
        ],
        ..first_message()
    }
}

#[test]
fn answer_of_a_device() {
    insta::assert_snapshot!(answer().write());
    assert_eq!(Message::parse(answer().write().as_bytes()), Ok(answer()));
}

#[test]
fn message_of_a_server() {
    let job = "<MsiInstallJob id=\"{A}\"><Product Version=\"1.0\"/></MsiInstallJob>";
    let uri = "./Device/Vendor/MSFT/EnterpriseDesktopAppManagement/MSI/%7BA%7D/DownloadInstall";
    let policy =
        Item::target("./Device/Vendor/MSFT/Policy/Config/A/B").with_format("chr").with_data("<enabled/>");
    let atomic = vec![
        Command::new("4", Body::Add { items: vec![Item::target(uri)] }),
        Command::new("5", Body::Exec { items: vec![Item::target(uri).with_format("xml").with_data(job)] }),
    ];
    let chal = Chal {
        format: Some("b64".into()),
        type_: Some("syncml:auth-md5".into()),
        next_nonce: Some("bm9uY2U=".into()),
    };
    let unauthorized = Status {
        msg_ref: "1".into(),
        cmd_ref: "0".into(),
        cmd: "SyncHdr".into(),
        code: StatusCode::UNAUTHORIZED,
        chal: Some(chal),
        ..Status::default()
    };
    let message = Message {
        commands: vec![
            Command::new("1", Body::Status(unauthorized)),
            Command::new("2", Body::Replace { items: vec![policy] }),
            Command::new("3", Body::Atomic(atomic)),
            Command::new("6", Body::Get { items: vec![Item::target("./DevInfo")] }),
        ],
        ..first_message()
    };
    let text = message.write();
    insta::assert_snapshot!(text);
    assert_eq!(Message::parse(text.as_bytes()), Ok(message));
}

#[test]
fn sloppy_peers_are_understood() {
    let text = r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <SyncML xmlns="SYNCML:SYNCML1.2"><SyncHdr><MsgID> 7 </MsgID><Meta><A:MaxMsgSize>524288</A:MaxMsgSize></Meta></SyncHdr>
          <SyncBody>
            <Status><MsgRef>1</MsgRef><CmdRef>2</CmdRef><CmdID>1</CmdID><Cmd>Alert</Cmd><Data> 200 </Data></Status>
            <Status><CmdID>1</CmdID></Status>
            <Move><CmdID>3</CmdID></Move>
            <Exec><Meta><A:Format>xml</A:Format></Meta><Item><Data>
               <A><![CDATA[x<y]]></A> </Data></Item></Exec>
            <Atomic><CmdID>5</CmdID><Meta/><Put/></Atomic>
          </SyncBody></SyncML>"#;
    let message = Message::parse(text.as_bytes()).unwrap();
    assert_eq!((message.header.msg_id.as_str(), message.header.max_msg_size), ("7", Some(524_288)));
    assert!(!message.final_);
    let [first, second, unknown, exec, atomic] = message.commands.as_slice() else {
        panic!("{:?}", message.commands)
    };
    assert!(matches!(&first.body, Body::Status(s) if s.code == StatusCode::OK && s.cmd_ref == "2"));
    assert!(matches!(&second.body, Body::Status(s) if s.code == StatusCode(0)));
    assert_eq!(unknown.body, Body::Unknown { name: "Move".into() });
    assert_eq!(exec.cmd_id, "");
    assert_eq!(exec.body.items()[0].data.as_deref(), Some("<A>x&lt;y</A>"));
    assert_eq!(exec.body.items()[0].format.as_deref(), Some("xml"));
    let inner = vec![Command::new("", Body::Unknown { name: "Put".into() })];
    assert_eq!(atomic.body, Body::Atomic(inner));
}

#[test]
fn what_is_no_message_is_refused() {
    let error = |text: &str| Message::parse(text.as_bytes()).unwrap_err();
    assert!(matches!(error("Bad Request"), SyncmlError::Xml(_)));
    assert_eq!(error("<html/>"), SyncmlError::Root("html".into()));
    assert_eq!(error("<SyncML><SyncBody/></SyncML>"), SyncmlError::Missing("SyncHdr"));
    assert_eq!(error("<SyncML><SyncHdr/></SyncML>"), SyncmlError::Missing("SyncBody"));
}

#[test]
fn a_body_cut_short_may_be_complete() {
    assert!(complete_enough(b"<SyncML></SyncML>\r\n "));
    assert!(!complete_enough(b"<SyncML></SyncM"));
    assert!(!complete_enough(b""));
}

#[test]
fn only_what_was_done_is_success() {
    let success = |code| StatusCode(code).is_success();
    assert!(success(200) && success(202) && success(212) && success(213));
    assert!(!success(214) && !success(215) && !success(216) && !success(404) && !success(0));
}

/// Text as elements hold it: without white space at its ends, which reading drops.
const WORD: &str = "[!-~\u{f000}]([ -~\u{f000}]{0,10}[!-~])?";

fn item() -> impl Strategy<Value = Item> {
    let some = || proptest::option::of(WORD);
    let data = prop_oneof![
        proptest::option::of("[^\u{0}-\u{8}\u{b}\u{c}\u{e}-\u{1f}<\u{fffe}\u{ffff}]{0,12}"),
        Just(Some("<a b=\"1\"><c/>t&amp;</a>".to_owned())),
    ];
    (some(), some(), proptest::option::of("chr|int|xml|b64"), some(), some(), data, any::<bool>()).prop_map(
        |(target, source, format, type_, mark, data, more_data)| Item {
            target,
            source,
            format,
            type_,
            mark,
            data,
            more_data,
        },
    )
}

fn command() -> impl Strategy<Value = Command> {
    let items = || proptest::collection::vec(item(), 0..3);
    let body = prop_oneof![
        (any::<u16>(), items()).prop_map(|(code, items)| Body::Alert { code, items }),
        items().prop_map(|items| Body::Add { items }),
        items().prop_map(|items| Body::Replace { items }),
        items().prop_map(|items| Body::Get { items }),
        items().prop_map(|items| Body::Delete { items }),
        items().prop_map(|items| Body::Exec { items }),
        (WORD, proptest::option::of(WORD), any::<u16>(), items()).prop_map(|(cmd, error, code, items)| {
            Body::Status(Status {
                cmd,
                original_error: error,
                code: StatusCode(code),
                items,
                ..Status::default()
            })
        }),
        (WORD, items()).prop_map(|(msg_ref, items)| Body::Results { msg_ref, cmd_ref: String::new(), items }),
    ];
    let leaf = ("[0-9]{0,3}", body).prop_map(|(cmd_id, body)| Command { cmd_id, body });
    leaf.prop_recursive(3, 8, 3, |inner| {
        (any::<bool>(), proptest::collection::vec(inner, 0..3)).prop_map(|(atomic, commands)| {
            Command::new("9", if atomic { Body::Atomic(commands) } else { Body::Sequence(commands) })
        })
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        session_id in WORD, target in WORD, cred in proptest::option::of(WORD), size: Option<u32>,
        commands in proptest::collection::vec(command(), 0..4), final_: bool,
    ) {
        let cred = cred.map(|data| Cred { data, ..Cred::default() });
        let header = Header { session_id, target, cred, max_msg_size: size, ..Header::default() };
        let message = Message { header, commands, final_ };
        prop_assert_eq!(Message::parse(message.write().as_bytes()), Ok(message));
    }

    #[test]
    fn any_bytes_are_an_answer(bytes: Vec<u8>, at: prop::sample::Index, value: u8) {
        let _ = (Message::parse(&bytes), complete_enough(&bytes));
        let mut text = answer().write().into_bytes();
        let at = at.index(text.len());
        text[at] = value;
        let _ = Message::parse(&text);
    }
}

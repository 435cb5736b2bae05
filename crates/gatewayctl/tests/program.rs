//! The program itself against a fake node: exit statuses, what is on which stream, what is asked.

mod support;

use std::net::SocketAddr;
use std::process::{Output, Stdio};

use support::fake::{Changes, Fake};
use support::sample;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::process::Command;
use tonic::Status;

/// Runs `gatewayctl` against `node`.
async fn ask(node: SocketAddr, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_gatewayctl"))
        .args(arguments)
        .env("GATEWAY_ADMIN_ADDRESS", node.to_string())
        .output()
        .await
        .expect("gatewayctl runs")
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}

#[track_caller]
fn assert_exit(output: &Output, code: i32) {
    assert_eq!(
        output.status.code(),
        Some(code),
        "{}{}",
        stdout(output),
        stderr(output)
    );
}

const CHANGES: [&[&str]; 8] = [
    &["bootstrap"],
    &["lease", "release", "10.15.3.20"],
    &["reservation", "add", "02:aa:00:00:00:01", "10.15.3.20"],
    &["reservation", "remove", "02:aa:00:00:00:01"],
    &["forward", "add", "tcp", "2222", "--to", "10.15.3.20:22"],
    &["forward", "remove", "tcp", "2222"],
    &["node", "add", "3", "192.0.2.13:7066"],
    &["node", "remove", "3"],
];

#[tokio::test]
async fn what_is_done_exits_0() {
    let node = Fake::default().serve().await;
    let questions: [&[&str]; 8] = [
        &["status"],
        &["explain", "02aa.0000.0001"],
        &["lease", "list"],
        &["lease", "show", "10.15.3.20"],
        &["reservation", "list"],
        &["forward", "list"],
        &["subnet", "list"],
        &["source-nat", "list"],
    ];
    for arguments in questions.into_iter().chain(CHANGES) {
        let output = ask(node, arguments).await;
        assert_exit(&output, 0);
        assert!(!stdout(&output).is_empty(), "{arguments:?}");
        assert_eq!(stderr(&output), "", "{arguments:?}");
    }
}

#[tokio::test]
async fn json_is_one_value_on_one_line() {
    let node = Fake::default().serve().await;
    for (arguments, start) in [
        (&["status", "--json"][..], "{\"node_id\":1,"),
        (
            &["--json", "lease", "list"],
            "[{\"address\":\"10.15.3.20\",",
        ),
        (&["lease", "release", "10.15.3.20", "--json"], "{}"),
        (
            &["forward", "list", "--json"],
            "[{\"protocol\":\"tcp\",\"port\":2222,",
        ),
        (&["subnet", "list", "--json"], "[{\"subnet_id\":1,"),
    ] {
        let output = ask(node, arguments).await;
        let text = stdout(&output);
        assert!(text.starts_with(start), "{text}");
        serde_json::from_str::<serde_json::Value>(&text).expect("JSON");
        assert_eq!(text.lines().count(), 1, "{text}");
    }
}

#[tokio::test]
async fn a_refusal_exits_1_and_prints_the_remedy() {
    let remedies = [
        Status::failed_precondition("node 2 at 192.0.2.12:7067 is the leader: ask it"),
        Status::already_exists("10.15.3.20 is reserved for 02:aa:00:00:00:02"),
        Status::not_found("no such reservation"),
        Status::invalid_argument("10.15.3.1 is the router"),
    ];
    for status in remedies {
        let remedy = status.message().to_owned();
        let node = Fake::refusing(status).serve().await;
        for arguments in CHANGES {
            let output = ask(node, arguments).await;
            assert_exit(&output, 1);
            assert!(stderr(&output).contains(&remedy), "{}", stderr(&output));
            assert_eq!(stdout(&output), "");
        }
    }
}

#[tokio::test]
async fn an_error_says_what_why_and_what_next() {
    let node = Fake::refusing(Status::not_found("nobody has leased 10.15.3.99"))
        .serve()
        .await;
    let output = ask(node, &["lease", "release", "10.15.3.99"]).await;
    let expected = format!(
        "gatewayctl: releasing the lease of 10.15.3.99: refused by node {node}: nobody has leased 10.15.3.99\n  next: `gatewayctl lease list` shows what there is\n"
    );
    assert_eq!(stderr(&output), expected);
}

#[tokio::test]
async fn a_lease_that_is_not_there_exits_1() {
    let node = Fake::default().serve().await;
    assert_exit(&ask(node, &["lease", "show", "10.15.3.99"]).await, 1);
}

#[tokio::test]
async fn nonsense_exits_2_and_asks_nobody() {
    let node = Fake::default().serve().await;
    let nonsense: [&[&str]; 9] = [
        &[],
        &["lease"],
        &["lease", "show", "vm-7"],
        &["reservation", "add", "vm-7", "10.15.3.20"],
        &["forward", "add", "tcp", "2222"],
        &["forward", "add", "sctp", "2222", "--to", "10.15.3.20"],
        &[
            "forward",
            "add",
            "tcp",
            "80",
            "--to",
            "10.15.3.20",
            "--to-client",
            "02:aa:00:00:00:01",
        ],
        &["node", "add", "0", "192.0.2.13:7066"],
        &["status", "--node", "http://127.0.0.1:7067"],
    ];
    for arguments in nonsense {
        assert_exit(&ask(node, arguments).await, 2);
    }
}

#[tokio::test]
async fn nobody_there_exits_3() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let node = listener
        .local_addr()
        .expect("a bound socket has an address");
    drop(listener);
    for arguments in [
        &["status"][..],
        &["watch"],
        &["lease", "release", "10.15.3.20"],
    ] {
        let output = ask(node, arguments).await;
        assert_exit(&output, 3);
        assert!(
            stderr(&output).contains(&node.to_string()),
            "{}",
            stderr(&output)
        );
        assert!(stderr(&output).contains("--node"), "{}", stderr(&output));
    }
}

#[tokio::test]
async fn a_node_that_proposed_nothing_exits_3() {
    let node = Fake::refusing(Status::unavailable("there is no leader"))
        .serve()
        .await;
    assert_exit(&ask(node, &["lease", "release", "10.15.3.20"]).await, 3);
}

#[tokio::test]
async fn a_change_without_an_answer_exits_4() {
    let unknown = [
        Status::unknown("it is unknown what came of the command"),
        Status::deadline_exceeded("late"),
    ];
    for status in unknown {
        let node = Fake::refusing(status).serve().await;
        for arguments in CHANGES {
            let output = ask(node, arguments).await;
            assert_exit(&output, 4);
            assert!(
                stderr(&output).contains("check with"),
                "{}",
                stderr(&output)
            );
        }
    }
}

#[tokio::test]
async fn a_node_that_hangs_is_left_after_the_timeout() {
    let node = Fake {
        changes: Changes::Hang,
        ..Fake::default()
    }
    .serve()
    .await;
    let output = ask(
        node,
        &["--timeout", "1", "forward", "remove", "tcp", "2222"],
    )
    .await;
    assert_exit(&output, 4);
    assert!(
        stderr(&output).contains("within 1 s"),
        "{}",
        stderr(&output)
    );
}

/// The request may have been read before the connection broke.
#[tokio::test]
async fn a_broken_connection_is_unknown_for_a_change_only() {
    for (arguments, code) in [(&["node", "remove", "3"][..], 4), (&["status"], 3)] {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let node = listener
            .local_addr()
            .expect("a bound socket has an address");
        tokio::spawn(hang_up_on_the_request(listener));
        let output = ask(node, arguments).await;
        assert_exit(&output, code);
        assert!(stderr(&output).contains("broke"), "{}", stderr(&output));
    }
}

/// Speaks enough HTTP/2 for a connection (its empty settings), and hangs up on the first request.
async fn hang_up_on_the_request(listener: TcpListener) {
    const PREFACE: usize = 24;
    const FRAME_HEADER: usize = 9;
    const HEADERS: u8 = 1;
    let (mut stream, _) = listener.accept().await.expect("a connection");
    stream
        .write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0])
        .await
        .expect("settings are sent");
    let mut preface = [0_u8; PREFACE];
    stream.read_exact(&mut preface).await.expect("a preface");
    loop {
        let mut header = [0_u8; FRAME_HEADER];
        stream.read_exact(&mut header).await.expect("a frame");
        if header[3] == HEADERS {
            return;
        }
        let length = u32::from_be_bytes([0, header[0], header[1], header[2]]);
        let mut payload = vec![0_u8; length as usize];
        stream.read_exact(&mut payload).await.expect("its payload");
    }
}

#[tokio::test]
async fn a_node_that_does_not_serve_exits_5_with_its_reason() {
    for status in [sample::not_serving(), sample::fresh()] {
        let reason = status.not_serving_reason.clone().expect("a reason");
        let node = Fake {
            status,
            ..Fake::default()
        }
        .serve()
        .await;
        let output = ask(node, &["status"]).await;
        assert_exit(&output, 5);
        assert!(stdout(&output).contains(&reason), "{}", stdout(&output));
    }
}

#[tokio::test]
async fn a_node_that_serves_while_something_is_amiss_exits_7() {
    let node = Fake {
        status: sample::status(),
        ..Fake::default()
    }
    .serve()
    .await;
    let output = ask(node, &["status"]).await;
    assert_exit(&output, 7);
    let text = stdout(&output);
    assert!(text.starts_with("DEGRADED: 2 of 3 nodes; "), "{text}");
    let longest = text.lines().map(|line| line.chars().count()).max();
    assert!(longest <= Some(80), "{text}");
    let json = stdout(&ask(node, &["status", "--json"]).await);
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["verdict"]["level"], "degraded");
    assert_eq!(json["verdict"]["blockers"][0]["node_id"], 3);
}

/// `systemctl start gatewayd; gatewayctl status --wait`.
#[tokio::test]
async fn waiting_ends_when_the_node_serves() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let node = listener
        .local_addr()
        .expect("a bound socket has an address");
    drop(listener);
    let mut waiting = Command::new(env!("CARGO_BIN_EXE_gatewayctl"))
        .args(["status", "--wait=30"])
        .env("GATEWAY_ADMIN_ADDRESS", node.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("gatewayctl runs");
    let progress = waiting.stderr.take().expect("it is piped");
    let mut progress = BufReader::new(progress).lines();
    let first = progress.next_line().await.expect("it can be read");
    let first = first.expect("it says that it waits");
    assert!(first.contains("waiting (0 s): node"), "{first}");
    Fake::default().serve_at(node).await;
    let output = waiting.wait_with_output().await.expect("it ends");
    assert_exit(&output, 0);
    assert!(
        stdout(&output).starts_with("HEALTHY: "),
        "{}",
        stdout(&output)
    );
}

#[tokio::test]
async fn waiting_ends_with_what_there_is_when_its_time_is_up() {
    let node = Fake {
        status: sample::not_serving(),
        ..Fake::default()
    }
    .serve()
    .await;
    let output = ask(node, &["status", "--wait=1"]).await;
    assert_exit(&output, 5);
    assert!(
        stderr(&output).contains("NOT SERVING"),
        "{}",
        stderr(&output)
    );
}

#[tokio::test]
async fn what_there_is_to_know_besides_is_printed() {
    let node = Fake {
        notices: vec!["whoever leases it next gets this traffic".to_owned()],
        ..Fake::default()
    }
    .serve()
    .await;
    let forward = ["forward", "add", "tcp", "2222", "--to", "10.15.3.20:22"];
    let output = ask(node, &forward).await;
    assert_exit(&output, 0);
    let text = stdout(&output);
    assert!(text.contains("note: whoever leases it next"), "{text}");
}

#[tokio::test]
async fn force_is_asked_for() {
    let node = Fake::saying_back().serve().await;
    let add = ["forward", "add", "tcp", "1", "--to", "10.15.3.20:22"];
    let output = ask(node, &add).await;
    assert!(
        stderr(&output).contains("force: false"),
        "{}",
        stderr(&output)
    );
    let output = ask(node, &[&add[..], &["--force"]].concat()).await;
    assert!(
        stderr(&output).contains("force: true"),
        "{}",
        stderr(&output)
    );
}

#[tokio::test]
async fn the_watch_prints_a_line_for_each_event_and_says_when_it_ends() {
    let node = Fake::default().serve().await;
    let output = ask(node, &["watch", "--json"]).await;
    assert_exit(&output, 3);
    let lines: Vec<serde_json::Value> = stdout(&output)
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[1]["missed"], 4);
    assert!(
        stderr(&output).contains("ended the watch"),
        "{}",
        stderr(&output)
    );
}

#[tokio::test]
async fn a_forward_to_a_client_keeps_its_port() {
    let node = Fake::saying_back().serve().await;
    let output = ask(
        node,
        &[
            "forward",
            "add",
            "udp",
            "1",
            "--to-client",
            "02-AA-00-00-00-01",
            "--target-port",
            "53",
        ],
    )
    .await;
    let said = stderr(&output);
    assert!(
        said.contains("Client { subnet: SubnetId(1), client: Hardware("),
        "{said}"
    );
    assert!(said.contains("bytes: [2, 170, 0, 0, 0, 1]"), "{said}");
    assert!(said.contains("target_port: 53"), "{said}");
    assert!(said.contains("protocol: Udp, port: 1"), "{said}");
}

#[tokio::test]
async fn a_list_of_another_kind_exits_1_and_names_the_versions() {
    let node = Fake {
        lists: Some(ipam::Kind::SubnetConfig),
        ..Fake::default()
    };
    let output = ask(node.serve().await, &["forward", "list"]).await;
    assert_exit(&output, 1);
    let said = stderr(&output);
    assert!(said.contains("listing the port forwards: "), "{said}");
    assert!(
        said.contains("cannot be read: Forward is missing"),
        "{said}"
    );
    assert!(said.contains("are of different versions"), "{said}");
}

#[tokio::test]
async fn a_reservation_is_of_the_one_subnet() {
    let node = Fake::saying_back().serve().await;
    let add = ["reservation", "add", "02:aa:00:00:00:01", "10.15.3.20"];
    let said = stderr(&ask(node, &add).await);
    assert!(
        said.contains("Reservation(Reservation { subnet: SubnetId(1), "),
        "{said}"
    );
    assert!(said.contains("address: 10.15.3.20"), "{said}");
    assert!(said.contains("force: false"), "{said}");
}

#[tokio::test]
async fn what_is_removed_is_named_by_its_key() {
    let node = Fake::saying_back().serve().await;
    for (arguments, key) in [
        (
            &["forward", "remove", "tcp", "2222"][..],
            "Forward(ForwardKey { protocol: Tcp, port: 2222 })",
        ),
        (
            &["reservation", "remove", "id:ff:00:01"],
            "ReservationKey { subnet: SubnetId(1), client: Identifier(ClientIdentifier([255, 0, 1])) }",
        ),
    ] {
        let said = stderr(&ask(node, arguments).await);
        assert!(said.contains(key), "{said}");
        assert!(said.contains("expected: None"), "{said}");
    }
}

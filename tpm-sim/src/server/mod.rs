//! A listener in front of a TPM, so that the tools of others can drive it: the two protocols that they speak to a
//! simulator over TCP.
//!
//! - [`Protocol::Mssim`]: the protocol of Microsoft's reference simulator (and of IBM's build of it, `tpm_server`): a command port, and a
//!   platform port, one above, that signals power, reset, physical presence.
//! - [`Protocol::Swtpm`]: raw commands on one port, and a control channel, one above, that starts, stops and measures.
//!
//! One thread for each connection, one TPM behind a lock: commands run one after another in the order in which they come.
//! Whatever a client sends, or fails to send, the worst that happens is that its own connection ends. There can be
//! [`MOST_CONNECTIONS`] at a time, both ports together; a further one is closed at once.
//!
//! The library has no clock; here is the one place where real time comes in, between commands (see [`Host`]).

mod connections;
mod frame;
mod host;
mod launch;
pub mod mssim;
mod prompt;
#[cfg(feature = "cli")]
mod signals;
mod store;
pub mod swtpm;

pub use connections::MOST_CONNECTIONS;
pub use host::{Host, Journal, Warn};
pub use launch::{JOURNAL_VARIABLE, Launch, LaunchError, Readiness, journal_from_environment};
#[cfg(feature = "cli")]
pub use signals::stop_on_signals;
pub use store::{Store, StoreError};

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use connections::Connections;
use prompt::Prompt;

/// What is spoken on the two ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// The reference simulator's: command port and platform port.
    Mssim,
    /// swtpm's: data port and control channel.
    Swtpm,
}

/// Where to listen.
#[derive(Debug, Clone, Copy)]
pub struct Config {
    /// The protocol.
    pub protocol: Protocol,
    /// The address, loopback unless told otherwise: neither protocol knows authentication, and both can switch the TPM off.
    pub listen: IpAddr,
    /// Port of commands; 0 takes two free ones, side by side.
    pub port: u16,
    /// Port of platform or control; one above the other if `None`.
    pub control_port: Option<u16>,
    /// End when a client that had sent a command goes (swtpm's `--terminate`).
    pub terminate: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            protocol: Protocol::Mssim,
            listen: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 2321,
            control_port: None,
            terminate: false,
        }
    }
}

/// Why the listener can't listen.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// A port is taken, or the address isn't this machine's.
    #[error("can't listen on {address}: {source}")]
    Bind {
        /// Where.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The port above the highest port.
    #[error("port {0} has no port above it for the control channel")]
    NoPortAbove(u16),
    /// The system has no thread left.
    #[error("can't start a thread: {0}")]
    Thread(#[from] io::Error),
}

/// Two bound ports with a TPM behind them.
#[derive(Debug)]
pub struct Server {
    host: Arc<Host>,
    config: Config,
    data: TcpListener,
    control: TcpListener,
    connections: Arc<Connections>,
}

impl Server {
    /// Binds both ports; from here on connections wait in the queue until [`Server::run`].
    pub fn bind(config: Config, host: Host) -> Result<Self, ServeError> {
        let (data, control) = bind_both(&config)?;
        Ok(Self {
            host: Arc::new(host),
            config,
            data,
            control,
            connections: Arc::new(Connections::default()),
        })
    }

    /// Address of commands.
    pub fn data_address(&self) -> io::Result<SocketAddr> {
        self.data.local_addr()
    }

    /// Address of the platform port or control channel.
    pub fn control_address(&self) -> io::Result<SocketAddr> {
        self.control.local_addr()
    }

    /// The TPM behind the ports.
    pub fn host(&self) -> Arc<Host> {
        Arc::clone(&self.host)
    }

    /// Serves until a client stops the TPM (mssim's STOP, swtpm's SHUTDOWN) or somebody calls [`Host::stop`]. All
    /// connections are ended, their threads gone and the TPM kept when it returns.
    pub fn run(self) -> Result<(), ServeError> {
        let addresses = [self.data.local_addr()?, self.control.local_addr()?];
        self.host.on_stop(Box::new(move || {
            for address in addresses {
                // Accepting threads look at the flag when a connection comes: this one.
                drop(TcpStream::connect(address));
            }
        }));
        let (data_client, control_client): (Client, Client) = match self.config.protocol {
            Protocol::Mssim => (mssim::commands, mssim::platform),
            Protocol::Swtpm if self.config.terminate => (swtpm::data_once, swtpm::control),
            Protocol::Swtpm => (swtpm::data, swtpm::control),
        };
        let control = Acceptor {
            listener: self.control,
            host: Arc::clone(&self.host),
            connections: Arc::clone(&self.connections),
            client: control_client,
        };
        let data = Acceptor {
            listener: self.data,
            host: Arc::clone(&self.host),
            connections: Arc::clone(&self.connections),
            client: data_client,
        };
        let control =
            thread::Builder::new().name("tpm-control".to_owned()).spawn(move || control.accept())?;
        data.accept();
        control
            .join()
            .expect("an accepting thread has nothing to panic about: clients run in threads of their own");
        self.connections.end_all();
        self.host.finish();
        Ok(())
    }
}

/// What is done with a connection: to its end.
type Client = fn(&mut Prompt, &Host) -> io::Result<()>;

struct Acceptor {
    listener: TcpListener,
    host: Arc<Host>,
    connections: Arc<Connections>,
    client: Client,
}

impl Acceptor {
    fn accept(&self) {
        loop {
            let accepted = self.listener.accept();
            if self.host.is_stopped() {
                return;
            }
            // A client may have gone before it was accepted, or file descriptors have run out: the next may do better.
            let Ok((stream, _)) = accepted else {
                thread::sleep(std::time::Duration::from_millis(5));
                continue;
            };
            let (host, client) = (Arc::clone(&self.host), self.client);
            self.connections.spawn(stream, move |stream| {
                // How a connection ends (closed, reset, garbage) is the client's affair.
                let _ = Prompt::new(stream).and_then(|mut stream| client(&mut stream, &host));
            });
        }
    }
}

fn bind_both(config: &Config) -> Result<(TcpListener, TcpListener), ServeError> {
    let bind = |port| {
        let address = SocketAddr::new(config.listen, port);
        TcpListener::bind(address).map_err(|source| ServeError::Bind { address, source })
    };
    if config.port != 0 || config.control_port.is_some_and(|port| port != 0) {
        let data = bind(config.port)?;
        let taken = data.local_addr()?.port();
        let above = || taken.checked_add(1).ok_or(ServeError::NoPortAbove(taken));
        let control = bind(config.control_port.map_or_else(above, Ok)?)?;
        return Ok((data, control));
    }
    // Clients that are told one port take the next for the other: free ports have to be found in pairs.
    let mut refused = Vec::new();
    loop {
        let data = bind(0)?;
        let taken = data.local_addr()?.port();
        let control = taken.checked_add(1).ok_or(ServeError::NoPortAbove(taken)).and_then(bind);
        match control {
            Ok(control) => return Ok((data, control)),
            Err(error) if refused.len() == 16 => return Err(error),
            Err(_) => refused.push(data),
        }
    }
}

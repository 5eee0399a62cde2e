//! Messages to a socket of this machine, such as `/dev/log`: datagrams, one message each, or a stream where it is one. It is no connection
//! to the outside; it is here so that everything that leaves the process by a socket of its own making is in one crate (D2).

use std::io;
use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixDatagram, UnixStream};

use crate::{NotSent, SendError, Unknown};

/// Hands over messages, in order; `framed` is the same for a stream. A datagram counts as taken when the socket's queue has it: there is no
/// other word.
pub async fn send(path: &Path, messages: &[Vec<u8>], framed: &[u8], patience: Duration) -> Result<(), SendError> {
    let unknown = |_: io::Error| SendError::Unknown(Unknown::ClosedBeforeAnswer);
    let connected = UnixDatagram::unbound().and_then(|socket| socket.connect(path).map(|()| socket));
    let sent = async {
        match connected {
            Ok(socket) => {
                for (place, message) in messages.iter().enumerate() {
                    match socket.send(message).await {
                        Err(_) if place == 0 => return Err(SendError::NotSent(NotSent::Closed)),
                        done => done.map_err(unknown)?,
                    };
                }
                Ok(())
            }
            // A socket of the other kind.
            Err(error) if error.raw_os_error() == Some(WRONG_TYPE) => {
                let mut stream = UnixStream::connect(path).await.map_err(|_| SendError::NotSent(NotSent::Connect))?;
                stream.write_all(framed).await.map_err(unknown)?;
                stream.shutdown().await.map_err(unknown)?;
                let mut rest = [0; 1024];
                while stream.read(&mut rest).await.map_err(unknown)? > 0 {}
                Ok(())
            }
            Err(_) => Err(SendError::NotSent(NotSent::Connect)),
        }
    };
    tokio::time::timeout(patience, sent).await.unwrap_or(Err(SendError::Unknown(Unknown::Timeout)))
}

/// `EPROTOTYPE` of Linux.
const WRONG_TYPE: i32 = 91;

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(20);

    #[tokio::test]
    async fn messages_reach_a_socket_of_either_kind_and_a_missing_one_is_told() {
        let folder = std::env::temp_dir().join(format!("weir-local-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (first, second) = (b"one".to_vec(), b"two".to_vec());
        let messages = [first, second];

        let path = folder.join("datagrams");
        let socket = UnixDatagram::bind(&path).unwrap();
        send(&path, &messages, b"3 one3 two", PATIENCE).await.unwrap();
        let mut buffer = [0; 16];
        for expected in &messages {
            let length = socket.recv(&mut buffer).await.unwrap();
            assert_eq!(&buffer[..length], expected);
        }

        let path = folder.join("stream");
        let listener = tokio::net::UnixListener::bind(&path).unwrap();
        let reader = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut all = Vec::new();
            stream.read_to_end(&mut all).await.unwrap();
            all
        });
        send(&path, &messages, b"3 one3 two", PATIENCE).await.unwrap();
        assert_eq!(reader.await.unwrap(), b"3 one3 two");

        let none = send(&folder.join("none"), &messages, b"", PATIENCE).await;
        assert_eq!(none, Err(SendError::NotSent(NotSent::Connect)));
        std::fs::remove_dir_all(&folder).unwrap();
    }
}

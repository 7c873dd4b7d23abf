//! A network cable to a database that can be pulled out and plugged in again.

use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

pub(crate) struct Proxy {
    /// URL of the database itself.
    direct: String,
    port: u16,
    task: Option<JoinHandle<()>>,
}

impl Proxy {
    /// A cable to the database at `url`, plugged in.
    pub(crate) async fn start(url: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut proxy = Self { direct: url.to_owned(), port, task: None };
        proxy.task = Some(proxy.serve(listener));
        proxy
    }

    /// URL of the database through the cable.
    pub(crate) fn url(&self) -> String {
        self.direct.replace(&self.address(), &format!("127.0.0.1:{}", self.port))
    }

    /// `host:port` of the database.
    fn address(&self) -> String {
        let after_user = self.direct.rsplit_once('@').map_or(self.direct.as_str(), |(_, rest)| rest);
        after_user.split('/').next().unwrap_or_default().to_owned()
    }

    /// Pulls it out: what is connected is cut off, and nobody connects.
    pub(crate) fn cut(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
        }
    }

    /// Plugs it in again, at the same place.
    pub(crate) fn mend(&mut self) {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.set_reuseaddr(true).unwrap();
        socket.bind(([127, 0, 0, 1], self.port).into()).unwrap();
        self.task = Some(self.serve(socket.listen(64).unwrap()));
    }

    fn serve(&self, listener: TcpListener) -> JoinHandle<()> {
        let upstream = self.address();
        tokio::spawn(async move {
            // Dropped, and so cut, together with this task.
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((mut inner, _)) = listener.accept().await {
                let upstream = upstream.clone();
                connections.spawn(async move {
                    if let Ok(mut outer) = TcpStream::connect(&upstream).await {
                        drop(tokio::io::copy_bidirectional(&mut inner, &mut outer).await);
                    }
                });
            }
        })
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.cut();
    }
}

//! hashicorp/go-plugin's `plugin.GRPCController`: the host's polite way to end a plugin.
//!
//! Owns: that one method. Without it every stop of Grafana waits 2 s and then kills us with SIGKILL. Written by hand, because the
//! service is one call of an empty message and the SDK does not generate it; `()` is prost's empty message.

use std::{
    convert::Infallible,
    task::{Context, Poll},
};

use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;
use tonic::{Status, body::BoxBody, codec::ProstCodec, server::NamedService};

/// Answers Shutdown by cancelling the token it was given.
#[derive(Clone)]
pub(super) struct Controller {
    stopping: CancellationToken,
}

impl Controller {
    pub(super) fn new(stopping: CancellationToken) -> Self {
        Self { stopping }
    }
}

impl NamedService for Controller {
    const NAME: &'static str = "plugin.GRPCController";
}

impl tower::Service<http::Request<BoxBody>> for Controller {
    type Response = http::Response<BoxBody>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<BoxBody>) -> Self::Future {
        let stopping = self.stopping.clone();
        Box::pin(async move {
            if request.uri().path() != "/plugin.GRPCController/Shutdown" {
                return Ok(Status::unimplemented("").into_http());
            }
            let shutdown = tower::service_fn(move |_: tonic::Request<()>| {
                stopping.cancel();
                std::future::ready(Ok(tonic::Response::new(())))
            });
            Ok(tonic::server::Grpc::new(ProstCodec::<(), ()>::default())
                .unary(shutdown, request)
                .await)
        })
    }
}

//! Ctrl-C and SIGTERM: the first asks, the second insists.

use std::io;

use indicatif::MultiProgress;
use mrt_report::exit_code;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::output::tell;

/// Cancels the token at the first signal and ends the process at the second. Needs a tokio runtime.
pub(crate) fn listen(cancel: CancellationToken, bars: MultiProgress) -> io::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::spawn(async move {
        either(&mut interrupt, &mut terminate).await;
        cancel.cancel();
        bars.suspend(|| tell("interrupted: cleaning up; press Ctrl-C again to stop at once"));
        either(&mut interrupt, &mut terminate).await;
        std::process::exit(i32::from(exit_code::KILLED));
    });
    Ok(())
}

/// Cancels the token at the first signal and ends the process at the second, while a run elsewhere is followed: there is
/// nothing to clean up. Needs a tokio runtime.
pub(crate) fn notice(interrupted: CancellationToken) -> io::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::spawn(async move {
        either(&mut interrupt, &mut terminate).await;
        interrupted.cancel();
        either(&mut interrupt, &mut terminate).await;
        std::process::exit(i32::from(exit_code::KILLED));
    });
    Ok(())
}

async fn either(interrupt: &mut Signal, terminate: &mut Signal) {
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use indicatif::ProgressDrawTarget;
    use nix::sys::signal::{Signal, raise};

    use super::*;

    #[tokio::test]
    async fn the_first_signal_asks() {
        let cancel = CancellationToken::new();
        listen(cancel.clone(), MultiProgress::with_draw_target(ProgressDrawTarget::hidden())).unwrap();
        assert!(!cancel.is_cancelled());
        raise(Signal::SIGTERM).unwrap();
        cancel.cancelled().await;
    }
}

//! Ctrl-C and SIGTERM: the first asks, the second insists.

use std::io;

use indicatif::MultiProgress;
use mrt_report::exit_code;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;
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

/// Who has asked us to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signalled {
    /// A person, by Ctrl-C.
    Interrupt,
    /// A program, which waits for no answers.
    Terminate,
}

/// Tells of the first signal and ends the process at the second, while a run elsewhere is followed: there is nothing to clean
/// up. Needs a tokio runtime.
pub(crate) fn notice() -> io::Result<oneshot::Receiver<Signalled>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let (tell, noticed) = oneshot::channel();
    tokio::spawn(async move {
        let first = either(&mut interrupt, &mut terminate).await;
        // Whoever listened may have ended by itself.
        let _ = tell.send(first);
        either(&mut interrupt, &mut terminate).await;
        std::process::exit(i32::from(exit_code::KILLED));
    });
    Ok(noticed)
}

async fn either(interrupt: &mut Signal, terminate: &mut Signal) -> Signalled {
    tokio::select! {
        _ = interrupt.recv() => Signalled::Interrupt,
        _ = terminate.recv() => Signalled::Terminate,
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

    /// Only a person answers questions.
    #[tokio::test]
    async fn who_has_asked_is_known() {
        let noticed = notice().unwrap();
        raise(Signal::SIGTERM).unwrap();
        assert_eq!(noticed.await, Ok(Signalled::Terminate));
    }
}

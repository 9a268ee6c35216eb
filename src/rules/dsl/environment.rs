//! What an expression may know besides its variables: chance, time, and this machine's address.

use std::convert::Infallible;
use std::time::Duration;

use rand::Rng;
use rand::SeedableRng as _;
use rand::TryRng;
use rand::rngs::StdRng;

/// Everything that makes one evaluation differ from another with the same variables. Nothing of it
/// comes from the process, so a run can be repeated from its seed.
pub struct Environment<'e> {
    /// What `rand_…` and `aes_gcm` draw from.
    pub random: &'e mut dyn Rng,
    /// The time, in seconds since 1970.
    pub now_unix: i64,
    /// What `public_ip` gives; without it the function is an error.
    pub public_ip: Option<&'e str>,
    /// What `wait_for` asks for, added up: how long to wait before what is rendered is sent. The
    /// evaluation itself never waits.
    pub pause: Duration,
}

/// One call of `wait_for` asks for at most this much.
pub(super) const MAX_PAUSE: Duration = Duration::from_secs(60);

impl<'e> Environment<'e> {
    /// An environment at `now_unix` seconds since 1970, without a public address.
    pub fn new(random: &'e mut dyn Rng, now_unix: i64) -> Self {
        Self { random, now_unix, public_ip: None, pause: Duration::ZERO }
    }
}

impl std::fmt::Debug for Environment<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Environment")
            .field("now_unix", &self.now_unix)
            .field("public_ip", &self.public_ip)
            .field("pause", &self.pause)
            .finish_non_exhaustive()
    }
}

/// An environment for what looks at none: expressions that are deterministic.
pub(super) fn without<T>(run: impl FnOnce(&mut Environment<'_>) -> T) -> T {
    let mut random = Unseeded(None);
    run(&mut Environment::new(&mut random, 0))
}

/// Chance that is seeded when it is first asked, which hardly ever happens: seeding costs more than
/// most expressions do.
struct Unseeded(Option<StdRng>);

impl Unseeded {
    fn seeded(&mut self) -> &mut StdRng {
        self.0.get_or_insert_with(|| StdRng::seed_from_u64(0))
    }
}

impl TryRng for Unseeded {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.seeded().next_u32())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.seeded().next_u64())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.seeded().fill_bytes(bytes);
        Ok(())
    }
}

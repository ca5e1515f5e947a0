//! Terminal sessions: what people type, and every character they see.

#[cfg(feature = "aws")]
use crate::support::emulator::http::Server;
#[cfg(feature = "aws")]
use crate::support::emulator::{Cloud, Settings, Stack};

#[test]
fn sessions() {
    trycmd::TestCases::new().case("tests/cmd/*.trycmd").case("docs/test.md");
}

/// The README pushes to an account that has what Terraform makes.
#[cfg(feature = "aws")]
#[test]
fn readme() {
    // Zones that are in sync at once, since the poll of the README is that of people.
    let settings = Settings { sync: 0, ..Settings::default() };
    let cloud = Cloud::with_stacks(settings, &Stack::example());
    let server = Server::start(cloud, 0, |_| {}).unwrap();
    trycmd::TestCases::new()
        .env("AWS_ENDPOINT_URL", server.url())
        .env("AWS_ACCESS_KEY_ID", "any")
        .env("AWS_SECRET_ACCESS_KEY", "any")
        .env("GITHUB_ACTOR", "octocat")
        .case("README.md")
        .run();
}

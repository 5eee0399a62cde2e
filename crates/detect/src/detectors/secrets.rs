//! Credentials: one file for each vendor, with the prefixes that only its keys and tokens have.
//!
//! A file holds what can be sourced: a prefix, the characters and the length of what follows, and a check where there is one (the
//! CRC-32 of GitHub and npm, the header of a JSON web token, the number in a bot token). Keys that are made to be published are
//! none. The walk over the text is [`super::anchored`].

use crate::detectors::anchored::Anchored;

mod age;
mod airtable;
mod alibaba;
mod anthropic;
mod asana;
mod atlassian;
mod authorization;
mod aws;
mod azure;
mod bitbucket;
mod braintree;
mod brevo;
mod cerebras;
mod clojars;
mod cloudflare;
mod cockroach;
mod contentful;
mod crates_io;
mod databricks;
mod datadog;
mod deno;
mod digitalocean;
mod discord;
mod docker;
mod doppler;
mod duffel;
mod dynatrace;
mod easypost;
mod elastic;
mod facebook;
mod figma;
mod flutterwave;
mod fly;
mod github;
mod gitlab;
mod google;
mod grafana;
mod groq;
mod heroku;
mod hubspot;
mod huggingface;
mod jfrog;
mod jwt;
mod launchdarkly;
mod linear;
mod mailchimp;
mod mailgun;
mod mapbox;
mod maxmind;
mod mongodb;
mod netlify;
mod new_relic;
mod notion;
mod npm;
mod nuget;
mod nvidia;
mod octopus;
mod okta;
mod onepassword;
mod openai;
mod openrouter;
mod openshift;
mod pagerduty;
mod perplexity;
mod planetscale;
mod posthog;
mod postman;
mod postmark;
mod prefect;
mod private_key;
mod pulumi;
mod pypi;
mod readme;
mod replicate;
mod rubygems;
mod sendgrid;
mod sentry;
mod shippo;
mod shopify;
mod slack;
mod snyk;
mod sonar;
mod sourcegraph;
mod splunk;
mod square;
mod stripe;
mod supabase;
mod telegram;
mod terraform;
mod together;
mod twilio;
mod typeform;
mod vault;
mod vercel;
mod webhook;
mod xai;

/// Those that the benchmark compares all others with.
pub(crate) const FIRST: &[Anchored] = &[authorization::SECRET, aws::SECRET, github::SECRET, jwt::SECRET, slack::SECRET];

/// Every vendor.
pub(crate) const SECRETS: &[Anchored] = &[
    age::SECRET,
    airtable::SECRET,
    alibaba::SECRET,
    anthropic::SECRET,
    asana::SECRET,
    atlassian::SECRET,
    authorization::SECRET,
    aws::SECRET,
    azure::SECRET,
    bitbucket::SECRET,
    braintree::SECRET,
    brevo::SECRET,
    cerebras::SECRET,
    clojars::SECRET,
    cloudflare::SECRET,
    cockroach::SECRET,
    contentful::SECRET,
    crates_io::SECRET,
    databricks::SECRET,
    datadog::SECRET,
    deno::SECRET,
    digitalocean::SECRET,
    discord::SECRET,
    docker::SECRET,
    doppler::SECRET,
    duffel::SECRET,
    dynatrace::SECRET,
    easypost::SECRET,
    elastic::SECRET,
    facebook::SECRET,
    figma::SECRET,
    flutterwave::SECRET,
    fly::SECRET,
    github::SECRET,
    gitlab::SECRET,
    google::SECRET,
    grafana::SECRET,
    groq::SECRET,
    heroku::SECRET,
    hubspot::SECRET,
    huggingface::SECRET,
    jfrog::SECRET,
    jwt::SECRET,
    launchdarkly::SECRET,
    linear::SECRET,
    mailchimp::SECRET,
    mailgun::SECRET,
    mapbox::SECRET,
    maxmind::SECRET,
    mongodb::SECRET,
    netlify::SECRET,
    new_relic::SECRET,
    notion::SECRET,
    npm::SECRET,
    nuget::SECRET,
    nvidia::SECRET,
    octopus::SECRET,
    okta::SECRET,
    onepassword::SECRET,
    openai::SECRET,
    openrouter::SECRET,
    openshift::SECRET,
    pagerduty::SECRET,
    perplexity::SECRET,
    planetscale::SECRET,
    posthog::SECRET,
    postman::SECRET,
    postmark::SECRET,
    prefect::SECRET,
    private_key::SECRET,
    pulumi::SECRET,
    pypi::SECRET,
    readme::SECRET,
    replicate::SECRET,
    rubygems::SECRET,
    sendgrid::SECRET,
    sentry::SECRET,
    shippo::SECRET,
    shopify::SECRET,
    slack::SECRET,
    snyk::SECRET,
    sonar::SECRET,
    sourcegraph::SECRET,
    splunk::SECRET,
    square::SECRET,
    stripe::SECRET,
    supabase::SECRET,
    telegram::SECRET,
    terraform::SECRET,
    together::SECRET,
    twilio::SECRET,
    typeform::SECRET,
    vault::SECRET,
    vercel::SECRET,
    webhook::SECRET,
    xai::SECRET,
];

//! Credentials: one file for each vendor, with the prefixes that only its keys and tokens have.
//!
//! A file holds what can be sourced: a prefix, the characters and the length of what follows, and a check where there is one (the
//! CRC-32 of GitHub and npm, the header of a JSON web token, the number in a bot token). Keys that are made to be published are
//! none. The walk over the text is [`super::anchored`].

use crate::detectors::anchored::Anchored;

mod adobe;
mod age;
mod aikido;
mod airtable;
mod alibaba;
mod anthropic;
mod apify;
mod asaas;
mod asana;
mod atlassian;
mod authorization;
mod aws;
mod azure;
mod bitbucket;
mod braintree;
mod brave;
mod brevo;
mod buildkite;
mod canva;
mod cartesia;
mod cerebras;
mod circleci;
mod clojars;
mod cloudflare;
mod cloudsmith;
mod cockroach;
mod contentful;
mod crates_io;
mod databricks;
mod datadog;
mod datastax;
mod defined;
mod deno;
mod devcycle;
mod devin;
mod digitalocean;
mod discord;
mod docker;
mod doppler;
mod dropbox;
mod duffel;
mod dynatrace;
mod easypost;
mod elastic;
mod exoscale;
mod facebook;
mod figma;
mod flutterwave;
mod fly;
mod frame_io;
mod gc_notify;
mod github;
mod gitlab;
mod google;
mod grafana;
mod groq;
mod harness;
mod heroku;
mod hubspot;
mod huggingface;
mod infracost;
mod intra_42;
mod ionic;
mod jfrog;
mod jwt;
mod labelbox;
mod langfuse;
mod langsmith;
mod launchdarkly;
mod lichess;
mod linear;
mod llama_cloud;
mod mailchimp;
mod mailersend;
mod mailgun;
mod mapbox;
mod maxmind;
mod mercury;
mod mergify;
mod miro;
mod mongodb;
mod neon;
mod netlify;
mod new_relic;
mod notion;
mod npm;
mod nuget;
mod nvidia;
mod nylas;
mod octopus;
mod okta;
mod onepassword;
mod onesignal;
mod onfido;
mod openai;
mod openrouter;
mod openshift;
mod paddle;
mod pagerduty;
mod perplexity;
mod persona;
mod pinecone;
mod pinterest;
mod plaid;
mod planetscale;
mod polar;
mod posthog;
mod postman;
mod postmark;
mod prefect;
mod private_key;
mod pulumi;
mod pypi;
mod ramp;
mod readme;
mod redirect_pizza;
mod render;
mod replicate;
mod resend;
mod rootly;
mod rubygems;
mod runpod;
mod samsara;
mod scalingo;
mod sendgrid;
mod sentry;
mod settlemint;
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
mod tailscale;
mod telegram;
mod terraform;
mod thunderstore;
mod together;
mod twilio;
mod typeform;
mod unkey;
mod upcloud;
mod val_town;
mod vault;
mod vercel;
mod wakatime;
mod wandb;
mod webhook;
mod woocommerce;
mod workato;
mod xai;
mod xendit;
mod zuplo;

/// Those that the benchmark compares all others with.
pub(crate) const FIRST: &[Anchored] = &[authorization::SECRET, aws::SECRET, github::SECRET, jwt::SECRET, slack::SECRET];

/// Every vendor.
pub(crate) const SECRETS: &[Anchored] = &[
    adobe::SECRET,
    age::SECRET,
    aikido::SECRET,
    airtable::SECRET,
    alibaba::SECRET,
    anthropic::SECRET,
    apify::SECRET,
    asaas::SECRET,
    asana::SECRET,
    atlassian::SECRET,
    authorization::SECRET,
    aws::SECRET,
    azure::SECRET,
    bitbucket::SECRET,
    braintree::SECRET,
    brave::SECRET,
    brevo::SECRET,
    buildkite::SECRET,
    canva::SECRET,
    cartesia::SECRET,
    cerebras::SECRET,
    circleci::SECRET,
    clojars::SECRET,
    cloudflare::SECRET,
    cloudsmith::SECRET,
    cockroach::SECRET,
    contentful::SECRET,
    crates_io::SECRET,
    databricks::SECRET,
    datadog::SECRET,
    datastax::SECRET,
    defined::SECRET,
    deno::SECRET,
    devcycle::SECRET,
    devin::SECRET,
    digitalocean::SECRET,
    discord::SECRET,
    docker::SECRET,
    doppler::SECRET,
    dropbox::SECRET,
    duffel::SECRET,
    dynatrace::SECRET,
    easypost::SECRET,
    elastic::SECRET,
    exoscale::SECRET,
    facebook::SECRET,
    figma::SECRET,
    flutterwave::SECRET,
    fly::SECRET,
    frame_io::SECRET,
    gc_notify::SECRET,
    github::SECRET,
    gitlab::SECRET,
    google::SECRET,
    grafana::SECRET,
    groq::SECRET,
    harness::SECRET,
    heroku::SECRET,
    hubspot::SECRET,
    huggingface::SECRET,
    infracost::SECRET,
    intra_42::SECRET,
    ionic::SECRET,
    jfrog::SECRET,
    jwt::SECRET,
    labelbox::SECRET,
    langfuse::SECRET,
    langsmith::SECRET,
    launchdarkly::SECRET,
    lichess::SECRET,
    linear::SECRET,
    llama_cloud::SECRET,
    mailchimp::SECRET,
    mailersend::SECRET,
    mailgun::SECRET,
    mapbox::SECRET,
    maxmind::SECRET,
    mercury::SECRET,
    mergify::SECRET,
    miro::SECRET,
    mongodb::SECRET,
    neon::SECRET,
    netlify::SECRET,
    new_relic::SECRET,
    notion::SECRET,
    npm::SECRET,
    nuget::SECRET,
    nvidia::SECRET,
    nylas::SECRET,
    octopus::SECRET,
    okta::SECRET,
    onepassword::SECRET,
    onesignal::SECRET,
    onfido::SECRET,
    openai::SECRET,
    openrouter::SECRET,
    openshift::SECRET,
    paddle::SECRET,
    pagerduty::SECRET,
    perplexity::SECRET,
    persona::SECRET,
    pinecone::SECRET,
    pinterest::SECRET,
    plaid::SECRET,
    planetscale::SECRET,
    polar::SECRET,
    posthog::SECRET,
    postman::SECRET,
    postmark::SECRET,
    prefect::SECRET,
    private_key::SECRET,
    pulumi::SECRET,
    pypi::SECRET,
    ramp::SECRET,
    readme::SECRET,
    redirect_pizza::SECRET,
    render::SECRET,
    replicate::SECRET,
    resend::SECRET,
    rootly::SECRET,
    rubygems::SECRET,
    runpod::SECRET,
    samsara::SECRET,
    scalingo::SECRET,
    sendgrid::SECRET,
    sentry::SECRET,
    settlemint::SECRET,
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
    tailscale::SECRET,
    telegram::SECRET,
    terraform::SECRET,
    thunderstore::SECRET,
    together::SECRET,
    twilio::SECRET,
    typeform::SECRET,
    unkey::SECRET,
    upcloud::SECRET,
    val_town::SECRET,
    vault::SECRET,
    vercel::SECRET,
    wakatime::SECRET,
    wandb::SECRET,
    webhook::SECRET,
    woocommerce::SECRET,
    workato::SECRET,
    xai::SECRET,
    xendit::SECRET,
    zuplo::SECRET,
];

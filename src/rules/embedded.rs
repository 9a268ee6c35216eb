//! The rules that are built in. A test holds this list equal to the directory `rules/`.

/// A file below `rules/` with its path there.
macro_rules! embed {
    ($path:literal) => {
        ($path, include_str!(concat!("../../rules/", $path)))
    };
}

/// Path below `rules/` and content.
pub(super) const EMBEDDED: &[(&str, &str)] = &[
    embed!("content/form-to-http.yaml"),
    embed!("content/mixed-content.yaml"),
    embed!("content/password-in-query.yaml"),
    embed!("content/password-over-http.yaml"),
    embed!("cookies/cookie-no-httponly.yaml"),
    embed!("cookies/cookie-no-samesite.yaml"),
    embed!("cookies/cookie-no-secure.yaml"),
    embed!("cookies/cookie-parent-domain.yaml"),
    embed!("cookies/cookie-publicly-cacheable.yaml"),
    embed!("cookies/cookie-samesite-none-insecure.yaml"),
    embed!("cookies/session-id-in-url.yaml"),
    embed!("disclosure/aws-credentials.yaml"),
    embed!("disclosure/debug-page.yaml"),
    embed!("disclosure/debug-token-header.yaml"),
    embed!("disclosure/directory-listing.yaml"),
    embed!("disclosure/internal-path.yaml"),
    embed!("disclosure/php-source.yaml"),
    embed!("disclosure/phpinfo.yaml"),
    embed!("disclosure/private-ip.yaml"),
    embed!("disclosure/private-key.yaml"),
    embed!("disclosure/server-version.yaml"),
    embed!("disclosure/source-map.yaml"),
    embed!("disclosure/sql-error.yaml"),
    embed!("disclosure/stack-trace.yaml"),
    embed!("disclosure/suspicious-comment.yaml"),
    embed!("disclosure/technology-version.yaml"),
    embed!("headers/clickjacking.yaml"),
    embed!("headers/content-type-missing.yaml"),
    embed!("headers/content-type-options-missing.yaml"),
    embed!("headers/cors-any-origin-with-credentials.yaml"),
    embed!("headers/cors-null-origin-with-credentials.yaml"),
    embed!("headers/csp-any-script-host.yaml"),
    embed!("headers/csp-missing.yaml"),
    embed!("headers/csp-scripts-unrestricted.yaml"),
    embed!("headers/csp-unsafe-eval.yaml"),
    embed!("headers/csp-unsafe-inline.yaml"),
    embed!("headers/hsts-missing.yaml"),
    embed!("headers/hsts-short.yaml"),
    embed!("headers/opener-policy-missing.yaml"),
    embed!("headers/permissions-policy-missing.yaml"),
    embed!("headers/referrer-policy-missing.yaml"),
    embed!("headers/referrer-policy-unsafe.yaml"),
    embed!("injection/open-redirect.yaml"),
    embed!("injection/sqli-boolean.yaml"),
    embed!("injection/sqli-error.yaml"),
    embed!("injection/xss-reflected.yaml"),
];

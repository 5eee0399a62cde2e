//! Schemas by their names: `iglu:com.acme/press/jsonschema/1-0-0`.

pub(super) const SCHEME: &str = "iglu:";

/// Vendor and name of `iglu:com.acme/press/jsonschema/1-0-0`.
pub(super) fn split_schema(schema: &str) -> Option<(&str, &str)> {
    let mut parts = schema.strip_prefix(SCHEME)?.split('/');
    let (vendor, name, _format, _version) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    (!vendor.is_empty() && !name.is_empty() && parts.next().is_none()).then_some((vendor, name))
}

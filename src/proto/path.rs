//! Paths as bytes.
//!
//! Linux names are any bytes but `/` and NUL. They stay bytes inside; turning them into text for a
//! person is the business of [`crate::text`] alone.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// A path or a name as the kernel sees it.
///
/// In JSON it is a string when the bytes are UTF-8, else `{"hex": "66ff6f"}`: every name survives
/// the round trip, and the common case reads as expected.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BytePath(PathBuf);

impl BytePath {
    /// Wraps raw bytes.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        Self(PathBuf::from(OsString::from_vec(bytes.to_vec())))
    }

    /// The bytes as the kernel sees them.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_os_str().as_bytes()
    }

    /// The path, for calls that take one.
    pub fn as_path(&self) -> &Path {
        &self.0
    }

    /// The last component, or the whole path where it has none (`/`, `..`).
    pub fn name(&self) -> &OsStr {
        self.0.file_name().unwrap_or(self.0.as_os_str())
    }
}

impl From<PathBuf> for BytePath {
    fn from(path: PathBuf) -> Self {
        Self(path)
    }
}

impl From<&Path> for BytePath {
    fn from(path: &Path) -> Self {
        Self(path.to_path_buf())
    }
}

impl From<&str> for BytePath {
    fn from(path: &str) -> Self {
        Self(PathBuf::from(path))
    }
}

impl AsRef<Path> for BytePath {
    fn as_ref(&self) -> &Path {
        &self.0
    }
}

#[derive(Serialize, Deserialize)]
struct Hex {
    hex: String,
}

impl Serialize for BytePath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(self.as_bytes()) {
            Ok(text) => serializer.serialize_str(text),
            Err(_) => Hex {
                hex: self.as_bytes().iter().fold(String::new(), |mut hex, byte| {
                    const DIGITS: &[u8; 16] = b"0123456789abcdef";
                    hex.push(char::from(DIGITS[usize::from(byte >> 4)]));
                    hex.push(char::from(DIGITS[usize::from(byte & 15)]));
                    hex
                }),
            }
            .serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for BytePath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Text(String),
            Bytes(Hex),
        }
        match Form::deserialize(deserializer)? {
            Form::Text(text) => Ok(Self(PathBuf::from(text))),
            Form::Bytes(Hex { hex }) => {
                if hex.len() % 2 != 0 || !hex.bytes().all(|digit| digit.is_ascii_hexdigit()) {
                    return Err(D::Error::custom("hex path is not pairs of digits"));
                }
                let bytes: Result<Vec<u8>, _> = (0..hex.len())
                    .step_by(2)
                    .map(|at| u8::from_str_radix(&hex[at..at + 2], 16))
                    .collect();
                Ok(Self::from_bytes(&bytes.map_err(D::Error::custom)?))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_bytes_survive_json() {
        for bytes in [
            &b"plain"[..],
            b"with\xffbyte",
            b"\x1b]0;x\x07",
            "né".as_bytes(),
        ] {
            let path = BytePath::from_bytes(bytes);
            let json = serde_json::to_string(&path).expect("serialises");
            let back: BytePath = serde_json::from_str(&json).expect("parses");
            assert_eq!(back.as_bytes(), bytes, "{json}");
        }
    }

    #[test]
    fn a_bad_hex_form_is_refused() {
        assert!(serde_json::from_str::<BytePath>(r#"{"hex":"abc"}"#).is_err());
        assert!(serde_json::from_str::<BytePath>(r#"{"hex":"zz"}"#).is_err());
    }
}

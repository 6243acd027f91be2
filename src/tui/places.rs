//! Places that are kept between runs: bookmarks, and where copies went lately.
//!
//! One small file in the state directory, written whole beside the old one and put in its place.
//! What cannot be read is no places; a line says so.

use crate::proto::BytePath;
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

/// Recent destinations kept.
const RECENT: usize = 20;
/// Bookmarks kept.
const BOOKMARKS: usize = 200;
/// Largest file that is read.
const LARGEST: u64 = 1 << 20;
/// Its name in the state directory.
pub const FILE: &str = "places.json";

/// The places.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Places {
    /// In the order they were added.
    pub bookmarks: Vec<BytePath>,
    /// Destinations of copies, the last one first.
    pub recent: Vec<BytePath>,
}

impl Places {
    /// Adds a bookmark, or takes it away; true when it was added.
    pub fn toggle(&mut self, path: &BytePath) -> bool {
        if self.bookmarks.contains(path) {
            self.bookmarks.retain(|known| known != path);
            return false;
        }
        self.bookmarks.push(path.clone());
        let over = self.bookmarks.len().saturating_sub(BOOKMARKS);
        self.bookmarks.drain(..over);
        true
    }

    /// A copy goes there.
    pub fn used(&mut self, path: &BytePath) {
        self.recent.retain(|known| known != path);
        self.recent.insert(0, path.clone());
        self.recent.truncate(RECENT);
    }

    /// Forgets a place, wherever it is kept.
    pub fn forget(&mut self, path: &BytePath) {
        self.bookmarks.retain(|known| known != path);
        self.recent.retain(|known| known != path);
    }

    /// The places kept in that directory; none when there is no file.
    ///
    /// # Errors
    /// What is there and cannot be read or understood.
    pub fn load(dir: &Path) -> io::Result<Self> {
        let path = dir.join(FILE);
        match fs::metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Ok(meta) if meta.len() > LARGEST => return Err(io::ErrorKind::FileTooLarge.into()),
            _ => {}
        }
        let mut places: Self = serde_json::from_slice(&fs::read(path)?)?;
        places.bookmarks.truncate(BOOKMARKS);
        places.recent.truncate(RECENT);
        Ok(places)
    }

    /// Keeps the places in that directory.
    ///
    /// # Errors
    /// Whatever stands in the way; what was kept before is then untouched.
    pub fn save(&self, dir: &Path) -> io::Result<()> {
        fs::create_dir_all(dir)?;
        let beside = dir.join(format!(".{FILE}.{}", std::process::id()));
        let written = self
            .write(&beside)
            .and_then(|()| fs::rename(&beside, dir.join(FILE)));
        if written.is_err()
            && let Err(error) = fs::remove_file(&beside)
        {
            tracing::debug!("{error}: nothing to remove");
        }
        written
    }

    fn write(&self, path: &Path) -> io::Result<()> {
        let mut file = File::create(path)?;
        file.write_all(&serde_json::to_vec_pretty(self)?)?;
        file.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_survive_and_a_broken_file_is_told_of() {
        let dir = tempfile::tempdir().expect("a directory");
        let state = dir.path().join("new");
        assert_eq!(Places::load(&state).expect("none"), Places::default());
        let mut places = Places::default();
        let odd = BytePath::from_bytes(b"/mnt/\xff\x1b");
        assert!(places.toggle(&odd) && places.toggle(&BytePath::from("/b")));
        assert!(!places.toggle(&BytePath::from("/b")));
        for at in 0..30 {
            places.used(&BytePath::from(format!("/d{at}").as_str()));
        }
        places.used(&BytePath::from("/d20"));
        assert_eq!(
            (places.recent.len(), &places.recent[0]),
            (RECENT, &"/d20".into())
        );
        places.save(&state).expect("kept");
        assert_eq!(Places::load(&state).expect("read"), places);
        assert_eq!(
            fs::read_dir(&state).expect("listed").count(),
            1,
            "nothing is left beside it"
        );
        fs::write(state.join(FILE), b"{\"bookmarks\": 7").expect("written");
        assert!(Places::load(&state).is_err());
        fs::write(state.join(FILE), b"{\"later\": 7}").expect("written");
        assert_eq!(Places::load(&state).expect("read"), Places::default());
    }
}

//! A directory that goes away whatever was done in it: write-protected directories, mounts, panics.

use super::engine::LONG;
use super::skip;
use rustix::mount::{MountFlags, UnmountFlags, mount, mount_remount, unmount};
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use walkdir::WalkDir;

/// A temporary directory.
pub struct Scratch {
    dir: TempDir,
    mounts: Vec<PathBuf>,
}

impl Scratch {
    /// In the usual place for temporary files.
    pub fn new() -> Self {
        Self::below(&std::env::temp_dir())
    }

    /// On a file system in memory where there is one, else in the usual place.
    pub fn quick() -> Self {
        let memory = Path::new("/dev/shm");
        if tempfile::tempdir_in(memory).is_ok() {
            Self::below(memory)
        } else {
            Self::new()
        }
    }

    fn below(parent: &Path) -> Self {
        let dir = tempfile::Builder::new()
            .prefix("haul-test-")
            .tempdir_in(parent)
            .expect("a temporary directory");
        Self {
            dir,
            mounts: Vec::new(),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// A path in it.
    pub fn at(&self, name: impl AsRef<Path>) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A path in it, as text.
    pub fn text(&self, name: &str) -> String {
        let path = self.at(name);
        path.to_str().expect("temporary paths are text").to_owned()
    }

    /// A new directory in it.
    pub fn dir(&self, name: impl AsRef<Path>) -> PathBuf {
        let path = self.at(name);
        fs::create_dir_all(&path).expect("a directory can be made");
        path
    }

    /// A new file in it.
    pub fn file(&self, name: impl AsRef<Path>, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.at(name);
        fs::write(&path, bytes).expect("a file can be written");
        path
    }

    /// Mounts a file system of `kilobytes` in memory; `None`, said loudly, where that is not
    /// permitted.
    pub fn mount(&mut self, name: &str, kilobytes: u32) -> Option<PathBuf> {
        self.mount_with(name, &format!("size={kilobytes}k"))
    }

    /// Mounts a file system in memory with these options (tmpfs(5)); `None` likewise.
    pub fn mount_with(&mut self, name: &str, options: &str) -> Option<PathBuf> {
        let path = self.dir(name);
        let options = format!("{options},mode=1777");
        let options = std::ffi::CString::new(options).expect("no NUL");
        match mount(
            "none",
            &path,
            "tmpfs",
            MountFlags::empty(),
            options.as_c_str(),
        ) {
            Ok(()) => {
                self.mounts.push(path.clone());
                Some(path)
            }
            Err(errno) => {
                skip(&format!("no tmpfs can be mounted: {errno}"));
                None
            }
        }
    }
}

impl Scratch {
    /// Mounts a new file system of a kind (`ext4`, `xfs`, `btrfs`) that lies in a file; `None`,
    /// said loudly, where it cannot be made or mounted.
    pub fn mount_image(&mut self, kind: &str) -> Option<PathBuf> {
        self.mount_image_with(kind, &[])
    }

    /// The same, made with options of `mkfs`.
    pub fn mount_image_with(&mut self, kind: &str, options: &[&str]) -> Option<PathBuf> {
        let image = self.at(format!("{kind}.image"));
        let file = fs::File::create(&image).expect("an image can be made");
        // xfs takes no less than 300 MiB (mkfs.xfs(8)); the blocks are used only when written.
        file.set_len(400 << 20).expect("an image can be sized");
        let path = self.dir(kind);
        let mkfs = std::process::Command::new(format!("mkfs.{kind}"))
            .arg("-q")
            .args(options)
            .arg(&image)
            .output();
        let made = mkfs.is_ok_and(|output| output.status.success());
        let mounted = made
            && std::process::Command::new("mount")
                .args(["-o", "loop"])
                .args([&image, &path])
                .output()
                .is_ok_and(|output| output.status.success());
        if !mounted {
            skip(&format!("no {kind} can be made and mounted here"));
            return None;
        }
        self.mounts.push(path.clone());
        Some(path)
    }

    /// Mounts a new file system of a kind on a disk of 4 KiB sectors, which takes nothing smaller past
    /// the page cache; `None`, said loudly, where that cannot be.
    pub fn mount_large_sectors(&mut self, kind: &str) -> Option<PathBuf> {
        let image = self.at("sectors.image");
        let file = fs::File::create(&image).expect("an image can be made");
        file.set_len(400 << 20).expect("an image can be sized");
        let path = self.dir("sectors");
        let output = |program: &str, words: &[&std::ffi::OsStr]| {
            let output = std::process::Command::new(program).args(words).output();
            output.ok().filter(|output| output.status.success())
        };
        let words = ["--find", "--show", "--sector-size=4096"].map(std::ffi::OsStr::new);
        let attach = [&words[..], &[image.as_os_str()]].concat();
        // Somebody else may take the one that was found free.
        let device = (0..20).find_map(|_| {
            let output = output("losetup", &attach);
            if output.is_none() {
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
            output.map(|output| output.stdout)
        });
        let Some(device) = device.and_then(|text| String::from_utf8(text).ok()) else {
            skip("no disk of large sectors can be made here");
            return None;
        };
        let device = std::ffi::OsStr::new(device.trim_end());
        let mounted = output(&format!("mkfs.{kind}"), &["-q".as_ref(), device]).is_some()
            && output("mount", &[device, path.as_os_str()]).is_some();
        // It goes with the last that uses it, which is the mount.
        let let_go = output("losetup", &["--detach".as_ref(), device]);
        assert!(let_go.is_some(), "{} stays", device.display());
        if !mounted {
            skip("no disk of large sectors can be mounted here");
            return None;
        }
        self.mounts.push(path.clone());
        Some(path)
    }

    /// Mounts what a directory holds as a squashfs, which nobody can write to; `None`, said loudly,
    /// where that cannot be.
    pub fn mount_packed(&mut self, from: &Path) -> Option<PathBuf> {
        let (image, path) = (self.at("packed.image"), self.dir("squashfs"));
        let made = std::process::Command::new("mksquashfs")
            .args([from, &image])
            .args(["-quiet", "-no-progress"])
            .output();
        let mounted = made.is_ok_and(|output| output.status.success())
            && std::process::Command::new("mount")
                .args(["-o", "loop"])
                .args([&image, &path])
                .output()
                .is_ok_and(|output| output.status.success());
        if !mounted {
            skip("no squashfs can be made and mounted here");
            return None;
        }
        self.mounts.push(path.clone());
        Some(path)
    }

    /// Mounts a file system that knows neither attributes nor ACLs (ramfs); `None`, said loudly,
    /// where that is not permitted.
    pub fn mount_without_attributes(&mut self) -> Option<PathBuf> {
        let path = self.dir("ramfs");
        match mount("none", &path, "ramfs", MountFlags::empty(), c"mode=1777") {
            Ok(()) => {
                self.mounts.push(path.clone());
                Some(path)
            }
            Err(errno) => {
                skip(&format!("mounting needs root ({errno})"));
                None
            }
        }
    }

    /// Mounts a file system that takes names that differ in case for one (NTFS, as a Windows
    /// server would); `None`, said loudly, where there is none.
    pub fn mount_ignoring_case(&mut self) -> Option<PathBuf> {
        let image = self.at("ntfs.image");
        let file = fs::File::create(&image).expect("an image can be made");
        file.set_len(30 << 20).expect("an image can be sized");
        let path = self.dir("ntfs");
        let works = |program: &str, words: &[&str], more: &[&PathBuf]| {
            let output = std::process::Command::new(program)
                .args(words)
                .args(more)
                .output();
            output.is_ok_and(|output| output.status.success())
        };
        if works("mkntfs", &["-q", "-F"], &[&image])
            && works("lowntfs-3g", &["-o", "ignore_case"], &[&image, &path])
        {
            self.mounts.push(path.clone());
            Some(path)
        } else {
            skip("no file system that ignores case (lowntfs-3g)");
            None
        }
    }

    /// Unmounts what [`Self::mount_image`] mounted and throws it away.
    pub fn unmount_image(&mut self, kind: &str) {
        let path = self.at(kind);
        // At once for everybody who looks; a thread of an ended job may hold it a moment longer.
        unmount(&path, UnmountFlags::DETACH).expect("an image can be unmounted");
        self.mounts.retain(|mounted| *mounted != path);
        fs::remove_file(self.at(format!("{kind}.image"))).expect("an image can be removed");
    }

    /// Unmounts what [`Self::mount_image`] mounted and mounts it again, as after a crash.
    pub fn remount_image(&mut self, kind: &str) {
        let path = self.at(kind);
        // The threads of an engine that has ended may still be about to close what they held.
        let busy = || unmount(&path, UnmountFlags::empty()) == Err(rustix::io::Errno::BUSY);
        let begun = Instant::now();
        while busy() {
            assert!(begun.elapsed() < LONG, "{} stays in use", path.display());
            std::thread::sleep(Duration::from_millis(5));
        }
        let mounted = std::process::Command::new("mount")
            .args(["-o", "loop"])
            .args([self.at(format!("{kind}.image")), path])
            .output();
        assert!(
            mounted.is_ok_and(|output| output.status.success()),
            "{kind} cannot be mounted again"
        );
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        for path in self.mounts.drain(..).rev() {
            if let Err(errno) = unmount(&path, UnmountFlags::DETACH) {
                super::say(&format!("{} stays mounted: {errno}", path.display()));
            }
        }
        make_removable(self.dir.path());
    }
}

/// Gives every directory below back to its owner, so that it can be emptied.
pub fn make_removable(root: &Path) {
    for entry in WalkDir::new(root).into_iter().filter_map(Result::ok) {
        if let Ok(metadata) = entry.metadata()
            && metadata.is_dir()
            && metadata.mode() & 0o700 != 0o700
        {
            // What cannot be changed is told by the removal.
            drop(fs::set_permissions(
                entry.path(),
                Permissions::from_mode(0o700),
            ));
        }
    }
}

/// Makes a mounted file system read-only.
pub fn remount_read_only(path: &Path) {
    mount_remount(path, MountFlags::RDONLY, c"").expect("a mount can be made read-only");
}

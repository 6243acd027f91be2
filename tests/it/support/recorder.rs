//! A disk that remembers in which order it was written to and flushed (a loop device over a file of
//! this process), and what is on it if the power is cut at any of these moments: everything before
//! the last flush, and of what came after it whatever the disk happened to have written.

use super::scratch::Scratch;
use super::skip;
use super::tree::Dice;
use fuser::{
    BackgroundSession, Config, Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags,
    Generation, INodeNo, LockOwner, MountOption, OpenFlags, ReplyAttr, ReplyData, ReplyEmpty,
    ReplyEntry, ReplyOpen, ReplyWrite, Request, WriteFlags,
};
use rustix::mount::{UnmountFlags, unmount};
use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, UNIX_EPOCH};

/// What a disk is told to do.
#[derive(Clone, Debug)]
pub enum Step {
    /// Bytes at an offset.
    Write(u64, Vec<u8>),
    /// What was written before is to outlast a power cut.
    Flush,
}

/// The one file, and what was done to it.
struct Disk {
    file: File,
    steps: Arc<Mutex<Vec<Step>>>,
}

const ROOT: INodeNo = INodeNo(1);
const DISK: INodeNo = INodeNo(2);

fn lock(steps: &Mutex<Vec<Step>>) -> MutexGuard<'_, Vec<Step>> {
    steps.lock().expect("no writer panicked")
}

impl Disk {
    fn attr(&self, ino: INodeNo) -> FileAttr {
        let size = self.file.metadata().map_or(0, |metadata| metadata.len());
        FileAttr {
            ino,
            size: if ino == DISK { size } else { 0 },
            blocks: size / 512,
            atime: UNIX_EPOCH,
            mtime: UNIX_EPOCH,
            ctime: UNIX_EPOCH,
            crtime: UNIX_EPOCH,
            kind: if ino == DISK {
                FileType::RegularFile
            } else {
                FileType::Directory
            },
            perm: 0o700,
            nlink: 1,
            uid: rustix::process::geteuid().as_raw(),
            gid: rustix::process::getegid().as_raw(),
            rdev: 0,
            blksize: 4096,
            flags: 0,
        }
    }
}

impl Filesystem for Disk {
    fn lookup(&self, _: &Request, _: INodeNo, name: &OsStr, reply: ReplyEntry) {
        if name == "disk" {
            reply.entry(&Duration::ZERO, &self.attr(DISK), Generation(0));
        } else {
            reply.error(Errno::ENOENT);
        }
    }

    fn getattr(&self, _: &Request, ino: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        let ino = if ino == DISK { DISK } else { ROOT };
        reply.attr(&Duration::ZERO, &self.attr(ino));
    }

    fn open(&self, _: &Request, _: INodeNo, _: OpenFlags, reply: ReplyOpen) {
        reply.opened(FileHandle(0), FopenFlags::FOPEN_DIRECT_IO);
    }

    fn read(
        &self,
        _: &Request,
        _: INodeNo,
        _: FileHandle,
        offset: u64,
        size: u32,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyData,
    ) {
        let mut bytes = vec![0; size as usize];
        match self.file.read_at(&mut bytes, offset) {
            Ok(len) => reply.data(&bytes[..len]),
            Err(_) => reply.error(Errno::EIO),
        }
    }

    fn write(
        &self,
        _: &Request,
        _: INodeNo,
        _: FileHandle,
        offset: u64,
        data: &[u8],
        _: WriteFlags,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        let step = Step::Write(offset, data.to_vec());
        match self.file.write_all_at(data, offset) {
            Ok(()) => {
                lock(&self.steps).push(step);
                reply.written(data.len() as u32);
            }
            Err(_) => reply.error(Errno::EIO),
        }
    }

    fn fsync(&self, _: &Request, _: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        lock(&self.steps).push(Step::Flush);
        reply.ok();
    }
}

/// A file system on such a disk, mounted.
pub struct Recorder {
    scratch: Scratch,
    kind: &'static str,
    steps: Arc<Mutex<Vec<Step>>>,
    server: Option<BackgroundSession>,
    mounted: bool,
}

fn works(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}

impl Recorder {
    /// Makes and mounts one; `None`, said loudly, where that cannot be.
    pub fn new(kind: &'static str) -> Option<Self> {
        let scratch = Scratch::quick();
        let image = scratch.at("image");
        let file = File::create_new(&image).expect("an image can be made");
        // The least that each of them takes (mkfs.xfs(8): 300 MiB).
        let size = if kind == "ext4" { 32 } else { 320 };
        file.set_len(size << 20).expect("an image can be sized");
        if !works(Command::new(format!("mkfs.{kind}")).arg("-q").arg(&image)) {
            skip(&format!("no {kind} can be made here"));
            return None;
        }
        let steps = Arc::<Mutex<Vec<Step>>>::default();
        let disk = Disk {
            file: File::options()
                .read(true)
                .write(true)
                .open(&image)
                .expect("the image opens"),
            steps: steps.clone(),
        };
        let mut config = Config::default();
        config.mount_options = vec![MountOption::FSName("recorder".to_owned())];
        let server = match fuser::spawn_mount(disk, scratch.dir("server"), &config) {
            Ok(server) => server,
            Err(error) => {
                skip(&format!("no disk of our own can be served: {error}"));
                return None;
            }
        };
        let mut recorder = Self {
            scratch,
            kind,
            steps,
            server: Some(server),
            mounted: false,
        };
        let at = recorder.scratch.dir("mounted");
        let mut mount = Command::new("mount");
        let disk = recorder.scratch.at("server/disk");
        // What has a name gets there within a second, with its bytes or without.
        let options = ["loop", "loop,commit=1"][usize::from(kind != "xfs")];
        recorder.mounted = works(mount.args(["-o", options]).arg(disk).arg(at));
        if !recorder.mounted {
            skip(&format!("no {kind} can be mounted from a recorder"));
            return None;
        }
        Some(recorder)
    }

    /// Where it is mounted.
    pub fn path(&self) -> PathBuf {
        self.scratch.at("mounted")
    }

    /// Everything is on the disk now; what comes is recorded.
    pub fn begin(&self) -> Recording<'_> {
        let root = File::open(self.path()).expect("it opens");
        rustix::fs::syncfs(&root).expect("flushed");
        lock(&self.steps).clear();
        let stable = self.scratch.at("stable");
        copy_sparse(&self.scratch.at("image"), &stable);
        Recording {
            recorder: self,
            stable,
        }
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        if self.mounted && unmount(self.path(), UnmountFlags::DETACH).is_err() {
            super::say("a recorded disk stays mounted");
        }
        if let Some(server) = self.server.take()
            && server.umount_and_join().is_err()
        {
            super::say("a recorder stays mounted");
        }
    }
}

fn copy_sparse(from: &Path, to: &Path) {
    let mut cp = Command::new("cp");
    assert!(works(cp.arg("--sparse=always").arg(from).arg(to)), "no cp");
}

/// What was done since a moment.
pub struct Recording<'a> {
    recorder: &'a Recorder,
    /// What no power cut can take away any more.
    stable: PathBuf,
}

impl Recording<'_> {
    /// How many steps there are so far.
    pub fn steps(&self) -> usize {
        lock(&self.recorder.steps).len()
    }

    /// Cuts the power after each of these many steps, in order, and shows what a new mount finds.
    pub fn cut_after(self, cuts: &[usize], dice: &mut Dice, mut show: impl FnMut(usize, &Path)) {
        let steps = lock(&self.recorder.steps).clone();
        let scratch = &self.recorder.scratch;
        let (image, at) = (scratch.at("cut"), scratch.dir("after"));
        let open = |path: &Path| File::options().write(true).open(path).expect("it opens");
        let write = |file: &File, step: &Step| {
            if let Step::Write(offset, bytes) = step {
                file.write_all_at(bytes, *offset).expect("written");
            }
        };
        let stable = open(&self.stable);
        let mut flushed = 0;
        for &cut in cuts {
            let is_flush = |step: &Step| matches!(step, Step::Flush);
            let last = steps[..cut]
                .iter()
                .rposition(is_flush)
                .map_or(0, |at| at + 1);
            for step in &steps[flushed..last.max(flushed)] {
                write(&stable, step);
            }
            flushed = flushed.max(last);
            copy_sparse(&self.stable, &image);
            let cut_off = open(&image);
            for step in steps[flushed..cut].iter().filter(|_| dice.below(2) == 0) {
                write(&cut_off, step);
            }
            drop(cut_off);
            let mut options = "loop".to_owned();
            if self.recorder.kind == "xfs" {
                // The recorded one is mounted as well, and has the same number.
                options += ",nouuid";
            }
            let mut mount = Command::new("mount");
            let mounted = works(mount.args(["-o", &options]).arg(&image).arg(&at));
            assert!(mounted, "after {cut} steps it cannot be mounted");
            let shown = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| show(cut, &at)));
            unmount(&at, UnmountFlags::DETACH).expect("unmounted");
            if let Err(panic) = shown {
                std::panic::resume_unwind(panic);
            }
        }
    }
}

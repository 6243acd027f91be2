#!/usr/bin/env bash
# Measures haul against the programs that are installed and writes benches/RESULTS.md, with charts
# in assets/: on the disk of TMPDIR, in memory, on xfs and btrfs, from one device to another, cold and
# flushed, and onto a slow file server. It mounts file systems, so it needs root; everything it makes
# lies in one directory of its own, which it removes.
#
#   benches/results.sh [tiny|small|full]
#
# HAUL and SLOWFS name programs that are built already; FOUND names a directory in which the results
# of each place are kept, for `haul bench show`; what lies there already is not measured again. In memory all programs that are installed take part, elsewhere
# only the fast ones: the others change nothing in the order and take most of the time.
set -euo pipefail
cd "$(dirname "$0")/.."
size=${1:-small}
if [ "$(id -u)" != 0 ]; then
    echo "root is needed to mount xfs, btrfs, tmpfs and the slow server" >&2
    exit 1
fi
if [ -z "${HAUL:-}" ] || [ -z "${SLOWFS:-}" ]; then
    cargo build --release --bin haul --example slowfs
    HAUL=$PWD/target/release/haul
    SLOWFS=$PWD/target/release/examples/slowfs
fi

work=$(mktemp -d "${TMPDIR:-/tmp}/haul-results.XXXXXX")
clean() {
    local at
    for at in slow memory xfs btrfs; do
        if mountpoint -q "$work/$at"; then umount "$work/$at" || umount -l "$work/$at"; fi
    done
    rm -rf "$work"
}
trap clean EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

mkdir "$work"/{disk,memory,xfs,btrfs,slow}
found=${FOUND:-$work/found}
mkdir -p "$found"
mount -t tmpfs -o size=60%,nr_inodes=0,mode=0700 tmpfs "$work/memory"
for kind in xfs btrfs; do
    truncate -s 12G "$work/$kind.image"
    "mkfs.$kind" -q "$work/$kind.image"
    mount -o loop "$work/$kind.image" "$work/$kind"
done

bad=0
rounds=(--rounds 5 --warm-up 0)
if [ "$size" = tiny ]; then rounds=(); fi
measure() { # NAME OPTIONS...
    local name=$1
    shift
    if [ -s "$found/$name.json" ]; then return; fi
    echo "== $name" >&2
    "$HAUL" bench compare --size "$size" "${rounds[@]}" --json "$found/$name.json" "$@" >/dev/null || bad=1
}
measure 1-memory --to "$work/memory"
fast=(--against cp,cpz,fcp,xcp)
measure 2-disk --to "$work/disk" "${fast[@]}"
measure 3-disk-flushed --to "$work/disk" --cache cold --durable --shape frames,large "${fast[@]}"
if command -v fio >/dev/null && [ ! -s "$found/device.md" ]; then
    case $size in
    tiny) mib=20 ;;
    small) mib=512 ;;
    *) mib=2048 ;;
    esac
    echo "== device" >&2
    HAUL=$HAUL benches/device.sh "$work/disk" 5 "$mib" >"$found/device.md" || bad=1
fi
measure 4-xfs --to "$work/xfs" "${fast[@]}"
measure 5-btrfs --to "$work/btrfs" "${fast[@]}"
measure 6-disk-to-xfs --from "$work/disk" --to "$work/xfs" --shape frames,large,small-files "${fast[@]}"

# Half a millisecond a call: a file server on another floor.
mkdir "$work/memory/server"
"$SLOWFS" --delay 500 "$work/memory/server" "$work/slow" &
server=$!
for _ in $(seq 50); do
    if mountpoint -q "$work/slow"; then break; fi
    sleep 0.1
done
measure 7-slow --from "$work/disk" --to "$work/slow" --shape light-frames,large "${fast[@]}"
umount "$work/slow"
wait "$server" || bad=1

# What a small file costs the kernel: all calls of a run, counted, less those of the same run over an empty directory.
calls() { # SOURCE WORDS...
    local from=$1
    shift
    rm -rf "$work/memory/calls/to"
    strace -f -qq -c -U calls,name -o "$work/calls" "$@" "$from" "$work/memory/calls/to" >/dev/null 2>&1 || return 1
    awk '$2 == "total" { print $1 }' "$work/calls"
}
if command -v strace >/dev/null && [ ! -s "$found/calls.md" ]; then
    echo "== system calls" >&2
    files=10000
    if [ "$size" = tiny ]; then files=1000; fi
    mkdir -p "$work/memory/calls"/{none,small}
    for at in $(seq "$files"); do printf '%6000d' "$at" >"$work/memory/calls/small/$at"; done
    {
        echo "| who | calls a file | what is asked for |"
        echo "|---|---:|---|"
        for words in "$HAUL copy -q --sync none -T" "cp -a -T" "xcp -r -T" "fcp" "cpz"; do
            read -ra words <<<"$words"
            command -v "${words[0]}" >/dev/null || continue
            if start=$(calls "$work/memory/calls/none" "${words[@]}") &&
                all=$(calls "$work/memory/calls/small" "${words[@]}") &&
                diff -r "$work/memory/calls/small" "$work/memory/calls/to"; then
                awk -v all="$all" -v start="$start" -v files="$files" -v who="$(basename "${words[0]}")" -v with="${words[*]:1}" \
                    'BEGIN { printf "| %s | %.1f | %s |\n", who, (all - start) / files, with }'
            else
                bad=1
            fi
        done
    } >"$work/calls.md"
    mv "$work/calls.md" "$found/calls.md"
    rm -rf "$work/memory/calls"
fi

if [ -x /usr/bin/time ] && [ ! -s "$found/bounds.md" ]; then
    echo "== bounds" >&2
    bounds=(3)
    if [ "$size" = tiny ]; then bounds=(1 10000 20 2); fi
    HAUL=$HAUL benches/bounds.sh "$work/disk" "$work/memory" "${bounds[@]}" >"$work/bounds.md" || bad=1
    mv "$work/bounds.md" "$found/bounds.md"
fi

rm -f assets/bench-compare-*.svg
"$HAUL" bench show -q --markdown benches/RESULTS.md --charts assets "$found"/*.json || bad=1
sed -i "1a\\\\nMade by \`benches/results.sh $size\`; the slow server (fuse) takes 0.5 ms a call." benches/RESULTS.md
if [ -s "$found/device.md" ]; then
    {
        printf '\n## Beside the device\n\n'
        printf 'ext4 disk, cold, flushed, in turn in one run (\x60benches/device.sh\x60); every copy compared.\n\n'
        cat "$found/device.md"
    } >>benches/RESULTS.md
fi
if [ -s "$found/calls.md" ]; then
    {
        printf '\n## System calls a small file\n\n'
        printf 'Files of 6,000 bytes in one directory, tmpfs, counted by \x60strace -f -c\x60, less the calls of a run over an empty directory; every copy compared.\n\n'
        cat "$found/calls.md"
    } >>benches/RESULTS.md
fi
if [ -s "$found/bounds.md" ]; then
    {
        printf '\n## What a copy may cost beside\n\n'
        cat "$found/bounds.md"
    } >>benches/RESULTS.md
fi
exit "$bad"

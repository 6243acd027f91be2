#!/usr/bin/env bash
# What a copy may cost beside its time, each with its bound: a million empty files in memory (time beside cpz, cp
# and xcp where they are installed, memory), the memory of every strategy with one large file, how exactly
# `--limit` is kept, and what the screen costs (benches/screen.sh). Prints tables for benches/RESULTS.md.
#
#   benches/bounds.sh DISK MEMORY [ROUNDS [FILES [MIB [SECONDS]]]]
#
# DISK and MEMORY are directories, on a disk and on a tmpfs; FILES are copied in memory, MIB on the disk, and the
# capped copy takes SECONDS. Needs time(1).
set -euo pipefail
cd "$(dirname "$0")/.."
disk=${1:?"a directory on a disk"}
memory=${2:?"a directory in memory"}
rounds=${3:-3}
files=${4:-1000000}
mib=${5:-2048}
seconds=${6:-10}
HAUL=${HAUL:-$PWD/target/release/haul}
[ -x /usr/bin/time ] || {
    echo "time is not installed" >&2
    exit 1
}

disk=$(mktemp -d "$disk/haul-bounds.XXXXXX")
memory=$(mktemp -d "$memory/haul-bounds.XXXXXX")
trap 'rm -rf "$disk" "$memory"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Seconds, CPU seconds and KiB at most, of a command, as one line; nothing when it failed.
cost() {
    if /usr/bin/time -q -o "$disk/cost" -f '%e %U %S %M' "$@" >/dev/null 2>&1; then
        awk '{ print $1, $2 + $3, $4 }' "$disk/cost"
    fi
}
# The middle of numbers, one a line.
middle() { sort -n | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'; }

echo "$files empty files in directories of a thousand, tmpfs, $rounds rounds by turns; every copy counted."
echo
mkdir "$memory/empty"
made=0
while [ "$made" -lt "$files" ]; do
    mkdir "$memory/empty/$made"
    (cd "$memory/empty/$made" && seq 1000 | xargs touch)
    made=$((made + 1000))
done
for ((round = 0; round < rounds; round++)); do
    for words in "$HAUL copy -q --sync none -T" cpz "cp -a -T" "xcp -r -T"; do
        read -ra words <<<"$words"
        command -v "${words[0]}" >/dev/null || continue
        who=$(basename "${words[0]}")
        cost "${words[@]}" "$memory/empty" "$memory/copy" >>"$disk/empty-$who"
        copied=$(find "$memory/copy" -type f -printf x | wc -c)
        [ "$copied" = "$made" ] || { echo "$who copied $copied of $made" >&2; exit 1; }
        rm -rf "$memory/copy"
    done
done
echo "| who | median s | CPU s | memory | bytes a file |"
echo "|---|---:|---:|---:|---:|"
for who in haul cpz cp xcp; do
    [ -s "$disk/empty-$who" ] || continue
    kib=$(awk '{ print $3 }' "$disk/empty-$who" | middle)
    printf '| %s | %s | %s | %d MiB | %d |\n' "$who" "$(awk '{ print $1 }' "$disk/empty-$who" | middle)" \
        "$(awk '{ print $2 }' "$disk/empty-$who" | middle)" "$((kib / 1024))" "$((kib * 1024 / made))"
done
rm -rf "$memory/empty"

echo
echo "One file of $mib MiB on the disk by every strategy; every copy compared."
echo
echo "| strategy | memory | s |"
echo "|---|---:|---:|"
head -c "${mib}M" /dev/urandom >"$disk/large"
for strategy in auto baseline buffered copy-file-range sendfile parallel io-uring direct; do
    got=$(cost "$HAUL" copy -q --strategy "$strategy" --sync none -T "$disk/large" "$disk/copy")
    cmp "$disk/large" "$disk/copy" >&2
    rm "$disk/copy"
    awk -v strategy="$strategy" '{ printf "| %s | %.0f MiB | %s |\n", strategy, $3 / 1024, $1 }' <<<"$got"
done

echo
echo "A rate of 20 MiB/s for $seconds s (\`--limit 20M\`), onto the disk; every copy compared."
echo
head -c "$((20 * seconds))M" "$disk/large" >"$disk/part"
rm "$disk/large"
for ((round = 0; round < rounds; round++)); do
    cost "$HAUL" copy -q --limit 20M --sync none -T "$disk/part" "$disk/copy" >>"$disk/limited"
    cmp "$disk/part" "$disk/copy" >&2
    rm "$disk/copy"
done
took=$(awk '{ print $1 }' "$disk/limited" | middle)
awk -v took="$took" -v seconds="$seconds" \
    'BEGIN { printf "It took %.2f s at the median: a rate of %+.1f %% from what was asked.\n", took, (seconds / took - 1) * 100 }'
rm "$disk/part"

echo
echo "The screen attached and headless, by turns, tmpfs, least seconds of $((3 * rounds)) rounds as haul tells them (\`benches/screen.sh\`):"
echo
benches/screen.sh "$HAUL" "$memory" "$((3 * rounds))" "$((files / 50))" "$mib" | sed -n 's/^\(small\|large\): /- \1: /p'

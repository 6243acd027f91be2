#!/bin/sh
# What the screen costs a copy: the same copy headless and with the interactive program attached, by
# turns, on 20,000 small files and on one file of 2 GiB. The seconds are haul's own (the summary of
# `haul copy --json`, the receipt of the interactive program), so that starting, planning and typing
# are not in them; the processor time is that of the whole process.
#
#   benches/screen.sh HAUL DIR [ROUNDS [FILES [MIB]]]
#
# DIR needs room for both trees and one copy (5 GiB). A quiet machine, please: the two should be
# within 2 % of each other. Needs script(1) of util-linux.
set -eu

haul=$(realpath "$1")
dir=$(realpath "$2")/haul-screen-$$
rounds=${3:-5}
files=${4:-20000}
mib=${5:-2048}

mkdir "$dir"
trap 'rm -rf "$dir"' EXIT INT TERM
mkdir -p "$dir/small/tree" "$dir/large" "$dir/home" "$dir/state"
awk -v files="$files" -v dir="$dir/small/tree" 'BEGIN {
    for (at = 0; at < files; at++) {
        if (at % 500 == 0) system("mkdir " dir "/" at / 500)
        file = dir "/" int(at / 500) "/f" at
        printf "%04d %01000d\n", at, at > file
        close(file)
    }
}'
dd if=/dev/urandom of="$dir/large/one.bin" bs=1M count="$mib" status=none

# The value of a number in the last JSON object of a file.
number() { tail -n 1 "$2" | sed -n "s/.*\"$1\":\([0-9.eE+-]*\).*/\1/p"; }

headless() {
    rm -rf "$dir/to"
    mkdir "$dir/to"
    "$haul" copy --json "$dir/$1"/* "$dir/to" >"$dir/out" 2>&1
    number elapsed_seconds "$dir/out"
}

attached() {
    rm -rf "$dir/to" "$dir/state/haul"
    mkdir "$dir/to"
    receipts=$dir/state/haul/history.jsonl
    # The keys wait for what they are about: the panes, the plan, the receipt.
    {
        sleep 1
        printf '\033[15~'
        sleep 2
        printf '\r'
        waited=0
        until [ -s "$receipts" ] || [ "$waited" -ge 6000 ]; do
            sleep 0.1
            waited=$((waited + 1))
        done
        printf 'q'
    } | HOME="$dir/home" XDG_STATE_HOME="$dir/state" TERM=xterm-256color \
        script -qec "'$haul' '$dir/$1' '$dir/to'" /dev/null >/dev/null
    number elapsed_seconds "$receipts"
}

for tree in small large; do
    round=0
    while [ "$round" -lt "$rounds" ]; do
        printf '%s headless %s\n' "$tree" "$(headless $tree)"
        printf '%s screen %s\n' "$tree" "$(attached $tree)"
        round=$((round + 1))
    done
done | tee "$dir/seconds"

# The least of each: what disturbs a run only ever makes it longer.
awk '{
    key = $1 " " $2
    if (!(key in least) || $3 < least[key]) least[key] = $3
} END {
    for (at = 1; at <= 2; at++) {
        tree = at == 1 ? "small" : "large"
        alone = least[tree " headless"]; screen = least[tree " screen"]
        if (alone > 0 && screen > 0)
            printf "%s: headless %.3f s, with the screen %.3f s, %+.1f %%\n", tree, alone, screen, (screen / alone - 1) * 100
        else
            printf "%s: not measured\n", tree
    }
}' "$dir/seconds"

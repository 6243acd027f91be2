#!/usr/bin/env bash
# How near a cold copy that is flushed comes to what the device can: haul, cp and fcp (where it is installed), each
# followed by `sync -f` where it does not flush, between reading the same files and writing as many bytes past the
# page cache with fio, all in turn in one run. Both at once by fio says whether the device does them side by side or
# by turns: by turns no copy can take the longer of the two only. Prints a table for benches/RESULTS.md; needs fio.
#
#   benches/device.sh DIR [ROUNDS [MIB]]
#
# DIR is on the device; MIB is the size of each of the two shapes, one file and 20 frames.
set -euo pipefail
cd "$(dirname "$0")/.."
at=${1:?"a directory on the device"}
rounds=${2:-5}
mib=${3:-512}
HAUL=${HAUL:-$PWD/target/release/haul}
command -v fio >/dev/null || {
    echo "fio is not installed" >&2
    exit 1
}

work=$(mktemp -d "$at/haul-device.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

mkdir -p "$work"/{large,frames,times}
head -c "${mib}M" /dev/urandom >"$work/large/movie"
frame=$((mib * 1048576 / 20))
for number in $(seq -w 20); do
    head -c "$frame" /dev/urandom >"$work/frames/plate.10$number.exr"
done
sync -f "$work"

cool() { # Forgets the pages of all sources.
    local file
    for file in "$work"/large/* "$work"/frames/*; do
        dd of="$file" oflag=nocache conv=notrunc,fdatasync count=0 status=none
    done
}
device() { # SHAPE read|write|both; prints milliseconds, without those that fio takes to start.
    local files
    files=$(printf '%s:' "$work/$1"/*)
    local reading=(--name=read --filename="${files%:}" --file_service_type=sequential --rw=read)
    local writing=(--name=write --directory="$work/copy" --rw=write --size="${mib}M" --end_fsync=1)
    case $2 in
    read) fio "${past[@]}" --readonly "${reading[@]}" | cut -d ';' -f 9 ;;
    write) fio "${past[@]}" "${writing[@]}" | cut -d ';' -f 50 ;;
    # A line each; they begin together.
    both) fio "${past[@]}" "${reading[@]}" "${writing[@]}" | awk -F ';' '
        { took = $9 > $50 ? $9 : $50; if (took > longest) longest = took } END { print longest }' ;;
    esac
}
past=(--bs=1M --direct=1 --ioengine=libaio --iodepth=8 --minimal --terse-version=3)

run() { # SHAPE WHO
    rm -rf "$work/copy"
    mkdir "$work/copy"
    cool
    sync -f "$work"
    case $2 in
    read | write | both)
        device "$1" "$2" >>"$work/times/$1-$2"
        return
        ;;
    esac
    local began=$EPOCHREALTIME
    case $2 in
    haul) "$HAUL" copy -q -T "$work/$1" "$work/copy/to" ;;
    cp) cp -a "$work/$1" "$work/copy/to" && sync -f "$work/copy" ;;
    fcp) fcp "$work/$1" "$work/copy/to" && sync -f "$work/copy" ;;
    esac
    local ended=$EPOCHREALTIME
    diff -r "$work/$1" "$work/copy/to"
    echo $(((${ended/./} - ${began/./}) / 1000)) >>"$work/times/$1-$2"
}

who=(read write both haul cp)
if command -v fcp >/dev/null; then who+=(fcp); fi
# Each round in another order, in which nobody follows the same one again: a device remembers what it
# was just asked for (a virtual one may lend speed and want it back).
for round in $(seq "$rounds"); do
    for shape in large frames; do
        for place in 1 2 3 4 5 6; do
            turn=$((place * ((round - 1) % 6 + 1) % 7))
            if [ "$turn" -gt "${#who[@]}" ]; then continue; fi
            one=${who[turn - 1]}
            echo "round $round: $shape, $one" >&2
            run "$shape" "$one"
        done
    done
done

figure() { # SHAPE WHO median|least, in ms
    local line=1
    if [ "$3" = median ]; then line=$(((rounds + 1) / 2)); fi
    sort -n "$work/times/$1-$2" | sed -n "${line}p"
}
echo "| shape | who | least s | median s | median to the slower of reading and writing |"
echo "|---|---|---|---|---|"
for shape in large frames; do
    bound=$(figure "$shape" read median)
    write=$(figure "$shape" write median)
    if [ "$write" -gt "$bound" ]; then bound=$write; fi
    for one in "${who[@]}"; do
        case $one in
        both) name="fio, reading and writing at once past the page cache" ;;
        read | write) name="fio, $one past the page cache" ;;
        *) name=$one ;;
        esac
        awk -v shape="$shape, $mib MiB" -v name="$name" -v least="$(figure "$shape" "$one" least)" \
            -v median="$(figure "$shape" "$one" median)" -v bound="$bound" \
            'BEGIN { printf "| %s | %s | %.2f | %.2f | %.2f |\n", shape, name, least / 1000, median / 1000, median / bound }'
    done
done

//! The table of cases the rules must produce, and what must hold for any names.

use super::*;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// The names grouped by the usual types.
fn group<N: Names + ?Sized>(names: &N) -> Grouping {
    super::group(names, &FrameTypes::default())
}

/// Each sequence as `S pattern ranges`, with what is missing and doubled; each other name as `f name`.
fn described(names: &[&[u8]]) -> BTreeSet<String> {
    let grouping = group(names);
    let mut lines = BTreeSet::new();
    for (id, sequence) in (0..).zip(grouping.sequences()) {
        let sample = names[grouping.members(id)[0] as usize];
        let shape = sequence.shape;
        let gaps = gaps(names, &grouping, id);
        let mut line = format!(
            "S {}{}{} {}",
            String::from_utf8_lossy(shape.head(sample)),
            shape.printf(),
            String::from_utf8_lossy(shape.tail(sample)),
            gaps.present(shape, 9),
        );
        match sequence.kind {
            Kind::Frames => {}
            Kind::Tiles => line.push_str(" tiles"),
            Kind::Spans => line.push_str(" spans"),
        }
        if gaps.missing_count > 0 {
            line = format!("{line} missing {}", gaps.absent(shape, 9));
        }
        lines.insert(line);
    }
    for (at, name) in (0..).zip(names) {
        if grouping.of(at).is_none() {
            lines.insert(format!("f {}", name.escape_ascii()));
        }
    }
    for double in grouping.doubles() {
        lines.insert(format!("! {} x{}", double.frame, double.names.len()));
    }
    lines
}

/// `a.{1,2}.exr` as `a.1.exr` and `a.2.exr`.
fn spelled(text: &str) -> Vec<String> {
    text.split_whitespace()
        .flat_map(|word| match (word.find('{'), word.find('}')) {
            (Some(open), Some(close)) => word[open + 1..close]
                .split(',')
                .map(|part| format!("{}{part}{}", &word[..open], &word[close + 1..]))
                .collect(),
            _ => vec![word.to_owned()],
        })
        .collect()
}

fn check(label: &str, input: &str, expected: &[&str]) {
    let names = spelled(input);
    let names: Vec<&[u8]> = names.iter().map(String::as_bytes).collect();
    let expected: BTreeSet<String> = expected.iter().map(|line| (*line).to_owned()).collect();
    assert_eq!(described(&names), expected, "{label}: {input}");
    let backwards: Vec<&[u8]> = names.iter().rev().copied().collect();
    assert_eq!(described(&backwards), expected, "{label}, backwards");
}

#[test]
fn the_table_of_cases() {
    let table: &[(&str, &str, &[&str])] = &[
        (
            "1",
            "sh.{1001,1002,1003,1005}.exr",
            &["S sh.%04d.exr 1001-1003,1005 missing 1004"],
        ),
        (
            "2",
            "sh_v001.{1001,1002}.exr sh_v002.{1001,1002}.exr",
            &[
                "S sh_v001.%04d.exr 1001-1002",
                "S sh_v002.%04d.exr 1001-1002",
            ],
        ),
        ("3", "sh.{8,9,10,11}.exr", &["S sh.%d.exr 8-11"]),
        ("4", "a.{998,999,1000,1001}.exr", &["S a.%d.exr 998-1001"]),
        (
            "5",
            "a.{9998,9999,10000,10001}.exr",
            &["S a.%04d.exr 9998-10001"],
        ),
        (
            "6",
            "a.{9,10,010}.exr",
            &["S a.%d.exr 9-10", "f a.010.exr", "! 10 x2"],
        ),
        (
            "7",
            "a.{1,01,001}.exr",
            &["f a.1.exr", "f a.01.exr", "f a.001.exr", "! 1 x3"],
        ),
        (
            "8",
            "a.{0099,0100,100,101}.exr",
            &["S a.%04d.exr 99-100", "S a.%d.exr 100-101", "! 100 x2"],
        ),
        (
            "9",
            "a.{099,100,0101}.exr",
            &["S a.%03d.exr 99-100", "f a.0101.exr"],
        ),
        ("10", "a.{-002,-001,0000,0001}.exr", &["S a.%04d.exr -2-1"]),
        ("11", "shot-{001,002}.exr", &["S shot-%03d.exr 1-2"]),
        (
            "12",
            "report_2026-01-{01,02}.pdf",
            &["f report_2026-01-01.pdf", "f report_2026-01-02.pdf"],
        ),
        (
            "13",
            "a.0001.{0000,5000}.exr a.0002.{0000,5000}.exr",
            &["S a.%04d.%04d.exr 1-2.5x0.5"],
        ),
        (
            "14",
            "sim.{0001,0002,0003}.bgeo.sc",
            &["S sim.%04d.bgeo.sc 1-3"],
        ),
        (
            "15",
            "beauty.{1001,1002}.v2.exr beauty.1001.v3.exr",
            &["S beauty.%04d.v2.exr 1001-1002", "f beauty.1001.v3.exr"],
        ),
        (
            "16",
            "plate_{1001,1002}_l.exr",
            &["S plate_%04d_l.exr 1001-1002"],
        ),
        (
            "17",
            "A001C{001,002,003}_230101_R1AB.mov",
            &[
                "f A001C001_230101_R1AB.mov",
                "f A001C002_230101_R1AB.mov",
                "f A001C003_230101_R1AB.mov",
            ],
        ),
        (
            "18",
            "A001_C001_0102AB_{001,002}.R3D A001_C002_0102CD_001.R3D",
            &[
                "S A001_C001_0102AB_%03d.R3D 1-2 spans",
                "f A001_C002_0102CD_001.R3D",
            ],
        ),
        (
            "19",
            "B001_C002.0000001.ari B001_C003.{0000001,0000002}.ari",
            &["f B001_C002.0000001.ari", "S B001_C003.%07d.ari 1-2"],
        ),
        (
            "20",
            "a.{1001,1002}.exr a.{1001,1002}.exr.md5 .a.1003.exr.tmp ._a.1001.exr",
            &[
                "S a.%04d.exr 1001-1002",
                "S a.%04d.exr.md5 1001-1002",
                "f .a.1003.exr.tmp",
                "f ._a.1001.exr",
            ],
        ),
        (
            "21",
            "tex.{1001,1002,1011}.tx",
            &["S tex.%04d.tx 1001-1002,1011 tiles"],
        ),
        (
            "22",
            "a.\u{660}\u{660}\u{660}\u{661}.exr a.\u{660}\u{660}\u{660}\u{662}.exr",
            &[
                "f a.\\xd9\\xa0\\xd9\\xa0\\xd9\\xa0\\xd9\\xa1.exr",
                "f a.\\xd9\\xa0\\xd9\\xa0\\xd9\\xa0\\xd9\\xa2.exr",
            ],
        ),
        (
            "23",
            "a.00000000000000000001.exr a.18446744073709551616.exr",
            &[
                "f a.00000000000000000001.exr",
                "f a.18446744073709551616.exr",
            ],
        ),
        // 24 is about folders: a grouping never sees more than one.
        (
            "25",
            "DSC_0001.JPG DSC_0002.jpg DSC_0003.JPG {0001,0002}.exr v1.exr v2.exr",
            &[
                "S DSC_%04d.JPG 1,3 missing 2",
                "f DSC_0002.jpg",
                "S %04d.exr 1-2",
                "f v1.exr",
                "f v2.exr",
            ],
        ),
        (
            "a",
            "frame{1001,1002}v2.exr",
            &["S frame%04dv2.exr 1001-1002"],
        ),
        (
            "b",
            "file_{0003,0004}.0001.exr",
            &["S file_%04d.0001.exr 3-4"],
        ),
        ("c", "img{1001,1002}", &["S img%04d 1001-1002"]),
        (
            "d",
            "a.{1001,1006,1011,1016}.exr",
            &["S a.%04d.exr 1001-1016x5"],
        ),
        ("e", "a.-0001 a.-001", &["f a.-0001", "f a.-001", "! -1 x2"]),
        (
            "f",
            "a.1001.mp4 b{10,11}.mp3",
            &["f a.1001.mp4", "f b10.mp3", "f b11.mp3"],
        ),
    ];
    for (label, input, expected) in table {
        check(label, input, expected);
    }
}

#[test]
fn what_the_table_leaves_open() {
    check(
        "twos with a gap",
        "a.{1,3,5,9,11}.exr",
        &["S a.%d.exr 1-5,9-11x2 missing 7"],
    );
    check(
        "two frames have no step",
        "a.{1001,1006}.exr",
        &["S a.%04d.exr 1001,1006 missing 1002-1005"],
    );
    check(
        "no negative zero",
        "a.-000.exr a.{000,001}.exr",
        &["f a.-000.exr", "S a.%03d.exr 0-1"],
    );
    check(
        "negative and overflow",
        "a.{-12,-02,099,1000}.exr",
        &["S a.%03d.exr -12,-2,99,1000 missing -11--3,-1-98,100-999"],
    );
    check(
        "the largest set wins, then the rightmost run",
        "p{1,2,3}_q1_.exr p1_q2_.exr",
        &["S p%d_q1_.exr 1-3", "f p1_q2_.exr"],
    );
    check(
        "a grid goes by its last run",
        "a{1,2}_b1_.exr a{1,2}_b2_.exr",
        &["S a1_b%d_.exr 1-2", "S a2_b%d_.exr 1-2"],
    );
    check(
        "zero alone fixes no width",
        "a.{0,1,2,10}.exr",
        &["S a.%d.exr 0-2,10 missing 3-9"],
    );
    check(
        "second numbers of one frame are no subframes",
        "a.0001.{0000,0001,0002}.exr",
        &["S a.0001.%04d.exr 0-2"],
    );
    check(
        "without a zero there are no subframes",
        "a.0001.{01,02}.exr a.0002.{01,02}.exr",
        &["S a.0001.%02d.exr 1-2", "S a.0002.%02d.exr 1-2"],
    );
}

#[test]
fn links_and_directories_are_not_taken_for_frames_by_a_number_alone() {
    struct Of(Role);
    impl Names for Of {
        fn count(&self) -> usize {
            4
        }
        fn name(&self, at: u32) -> &[u8] {
            [&b"v.0001"[..], b"v.0002", b"a.1.exr", b"a.2.exr"][at as usize]
        }
        fn role(&self, _: u32) -> Role {
            self.0
        }
    }
    for (role, sequences) in [(Role::File, 2), (Role::Perhaps, 1), (Role::Never, 0)] {
        assert_eq!(group(&Of(role)).sequences().len(), sequences, "{role:?}");
    }
}

#[test]
fn sizes_that_stand_out() {
    let placed = |all: &[u64]| (0..).zip(all.iter().copied()).collect::<Vec<(u32, u64)>>();
    let odd = |all: &[u64]| sizes(&placed(all)).odd;
    // Uncompressed: any other size is a broken frame.
    let mut even = [5_000; 20];
    even[7] = 4_999;
    assert_eq!(odd(&even), [7]);
    // Compressed: what is a quarter of its neighbours.
    assert_eq!(odd(&[90, 100, 95, 12, 105, 99, 101]), [3]);
    // A fade from black is no damage, nor is a cut to it.
    assert_eq!(odd(&[40, 60, 100, 160, 240, 300, 380, 400]), [0; 0]);
    assert_eq!(
        odd(&[100, 101, 99, 103, 98, 102, 5, 6, 5, 7, 6, 5, 6]),
        [0; 0]
    );
    // Too few to tell.
    assert_eq!(odd(&[100, 1, 100]), [0; 0]);
    let found = sizes(&placed(&[10, 0, 11, 12, 0]));
    assert_eq!((found.bytes, found.empty), (33, vec![1, 4]));
}

#[test]
fn numbers_are_written_as_they_stand_in_names_and_as_people_say_them() {
    let shape = |pad, sub| Shape {
        pad,
        sub,
        ..Shape::default()
    };
    assert_eq!(shape(4, 0).padded(-2), "-002");
    assert_eq!(shape(4, 0).padded(12345), "12345");
    assert_eq!(shape(4, 4).padded(25_000), "0002.5000");
    assert_eq!(number(25_000, shape(4, 4)), "2.5");
    assert_eq!(number(20_000, shape(4, 4)), "2");
    let list = [(1, 3), (5, 5), (7, 9), (11, 11)];
    assert_eq!(ranges(&list, 9, |value| value.to_string()), "1-3,5,7-9,11");
    assert_eq!(ranges(&list, 2, |value| value.to_string()), "1-3,5,..");
}

/// Names that are close enough to each other to be grouped.
fn any_names() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let head = prop::sample::select(vec!["a", "a.", "b_v1.", "-", "", ".", "sh-", "x_1_"]);
    let number = prop_oneof![
        "[0-9]{1,5}",
        "-[0-9]{1,4}",
        "0{0,2}[0-9]\\.[0-9]{2}",
        "[0-9]{17,21}"
    ];
    let tail = prop::sample::select(vec![
        ".exr", ".v2.exr", "_l.exr", "", ".mov", ".R3D", ".exr.md5", "v3.tx",
    ]);
    let alike = (head, number, tail).prop_map(|(a, b, c)| format!("{a}{b}{c}").into_bytes());
    let any = prop::collection::vec(any::<u8>(), 0..12);
    prop::collection::btree_set(prop_oneof![9 => alike, 1 => any], 0..60)
        .prop_map(|set| set.into_iter().collect())
}

/// The result without the order of the input: exact names by sequence, and those alone.
fn as_names(names: &[Vec<u8>]) -> (BTreeSet<Vec<Vec<u8>>>, BTreeSet<Vec<u8>>) {
    let grouping = group(names);
    let mut seen: BTreeMap<u32, u32> = BTreeMap::new();
    let mut sequences = BTreeSet::new();
    for (id, sequence) in (0..).zip(grouping.sequences()) {
        let members = grouping.members(id);
        assert!(members.len() >= 2 && members.len() == sequence.len());
        let values: Vec<i64> = members
            .iter()
            .map(|at| sequence.shape.value(&names[*at as usize]))
            .collect();
        assert!(
            values.is_sorted_by(|a, b| a < b),
            "a frame twice in one sequence: {values:?}"
        );
        for at in members {
            *seen.entry(*at).or_default() += 1;
            assert_eq!(grouping.of(*at), Some(id));
            // The pattern would give this very name: what is shown is true.
            let name = &names[*at as usize];
            let value = sequence.shape.value(name);
            let spelt = [
                sequence.shape.head(name),
                sequence.shape.padded(value).as_bytes(),
                sequence.shape.tail(name),
            ]
            .concat();
            assert_eq!(&spelt, name);
        }
        sequences.insert(
            members
                .iter()
                .map(|at| names[*at as usize].clone())
                .collect(),
        );
    }
    let mut alone = BTreeSet::new();
    for (at, name) in (0..).zip(names) {
        match seen.get(&at) {
            None => assert!(alone.insert(name.clone())),
            Some(times) => assert_eq!(*times, 1),
        }
        assert_eq!(grouping.of(at).is_some(), seen.contains_key(&at));
    }
    (sequences, alone)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn every_name_is_in_one_place_whatever_the_order(names in any_names(), turn in 0_usize..60) {
        let expected = as_names(&names);
        let mut turned = names.clone();
        turned.rotate_left(turn % names.len().max(1));
        prop_assert_eq!(&as_names(&turned), &expected);
        turned.reverse();
        prop_assert_eq!(&as_names(&turned), &expected);
    }
}

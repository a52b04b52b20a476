use crate::Tpm;
use crate::manufacture::profile::profile;
use crate::manufacture::{ManufactureOptions, template::EkTemplate};

fn tpm() -> Tpm {
    let mut tpm =
        Tpm::manufacture(&ManufactureOptions::new(b"seed", profile("infineon-slb9670").unwrap())).unwrap();
    tpm.power_on();
    assert_eq!(tpm.execute(&[0x80, 1, 0, 0, 0, 12, 0, 0, 1, 0x44, 0, 0])[6..10], [0; 4]);
    tpm
}

/// Response code; moreData, number of items and their bytes.
fn ask(tpm: &mut Tpm, capability: u32, property: u32, count: u32) -> Result<(bool, u32, Vec<u8>), u32> {
    let numbers = [22, 0x17a, capability, property, count];
    let command: Vec<u8> =
        [0x80, 1].into_iter().chain(numbers.iter().flat_map(|n: &u32| n.to_be_bytes())).collect();
    let response = tpm.execute(&command);
    let number = |at: usize| u32::from_be_bytes(response[at..at + 4].try_into().unwrap());
    match number(6) {
        0 => {
            assert_eq!(number(11), capability);
            Ok((response[10] == 1, number(15), response[19..].to_vec()))
        }
        rc => Err(rc),
    }
}

/// Everything of a capability, in pages of `count`.
fn pages(tpm: &mut Tpm, capability: u32, from: u32, size: usize, tag: usize, count: u32) -> Vec<Vec<u8>> {
    let (mut items, mut property) = (Vec::new(), from);
    loop {
        let (more, number, bytes) = ask(tpm, capability, property, count).unwrap();
        assert_eq!(bytes.len(), number as usize * size);
        items.extend(bytes.chunks(size).map(<[u8]>::to_vec));
        if !more {
            return items;
        }
        let last = &items.last().unwrap()[..tag];
        property = last.iter().fold(0, |value, byte| value << 8 | u32::from(*byte)) + 1;
        if capability == 2 {
            property &= 0xffff;
        }
    }
}

#[test]
fn pages_of_any_size_give_the_same_list() {
    let mut tpm = tpm();
    for (capability, from, size, tag) in [
        (0, 0, 6, 2),
        (1, 0x4000_0000, 4, 4),
        (2, 0, 4, 4),
        (6, 0x100, 8, 4),
        (6, 0x200, 8, 4),
        (7, 0, 8, 4),
        (8, 0, 2, 2),
    ] {
        let whole = pages(&mut tpm, capability, from, size, tag, 1000);
        assert!(whole.len() > 1);
        for count in [1, 2, 7] {
            assert_eq!(pages(&mut tpm, capability, from, size, tag, count), whole, "{capability} by {count}");
        }
    }
}

#[test]
fn properties_are_the_profiles() {
    let mut tpm = tpm();
    let list = pages(&mut tpm, 6, 0, 8, 4, 1000);
    let property = |tag: u32| {
        let item = list.iter().find(|item| item[..4] == tag.to_be_bytes()).unwrap();
        <[u8; 4]>::try_from(&item[4..]).unwrap()
    };
    assert_eq!(list.len(), 46);
    assert_eq!(&property(0x100), b"2.0\0");
    assert_eq!(&property(0x105), b"IFX\0");
    assert_eq!(&property(0x106), b"SLB9");
    assert_eq!(&property(0x107), b"670\0");
    assert_eq!(property(0x10b), 0x0007_0055_u32.to_be_bytes());
    assert_eq!(property(0x12e), 1024_u32.to_be_bytes());
    let variable = pages(&mut tpm, 6, 0x200, 8, 4, 1000);
    assert_eq!(variable.len(), 21);
    assert_eq!(variable[0][4..], [0; 4], "the manufacturer's EPS, no authorisation values");
    assert_eq!(variable[1][4..], [0x80, 0, 0, 0x0f]);
    assert_eq!(variable[2][4..], 2_u32.to_be_bytes(), "two EK certificates");
}

#[test]
fn indexes_of_the_manufacturer_are_listed_before_they_are_made() {
    let mut tpm = tpm();
    let expected: Vec<u8> = [EkTemplate::L1, EkTemplate::L2]
        .iter()
        .flat_map(|template| template.certificate_index().to_be_bytes())
        .collect();
    assert_eq!(ask(&mut tpm, 1, 0x0100_0000, 10), Ok((false, 2, expected)));
    assert!(tpm.state.nv.is_pending(EkTemplate::L1.certificate_index()), "listing makes no keys");
}

#[test]
fn groups_refuse_properties_that_are_not_theirs() {
    let mut tpm = tpm();
    assert_eq!(ask(&mut tpm, 5, 1, 1), Err(0x2c4));
    assert_eq!(ask(&mut tpm, 1, 0x0500_0000, 1), Err(0x2cb));
    assert_eq!(ask(&mut tpm, 9, 0, 1), Err(0x2c4));
    assert_eq!(ask(&mut tpm, 10, 0, 1), Err(0x2c4));
    assert_eq!(ask(&mut tpm, 10, 0x4000_0110, 1), Ok((false, 0, vec![])));
    assert_eq!(ask(&mut tpm, 11, 0, 1), Err(0x1c4));
    assert_eq!(ask(&mut tpm, 6, 0x150, 1), Ok((false, 0, vec![])));
    assert_eq!(ask(&mut tpm, 0, 1, 0), Ok((true, 0, vec![])));
}

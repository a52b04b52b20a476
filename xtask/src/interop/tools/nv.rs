//! NV indexes of every kind.

use super::Bench;
use super::bench::hex;

pub(super) fn check(bench: &mut Bench) -> Result<(), String> {
    ordinary(bench)?;
    counter(bench)?;
    bits(bench)?;
    extend(bench)?;
    locks(bench)
}

fn ordinary(bench: &mut Bench) -> Result<(), String> {
    let define = "tpm2_nvdefine 0x1500001 -C o -s 32 -p index -a ownerread|ownerwrite|authread|authwrite";
    bench.ok(define)?;
    bench.refused(define, 0x14c)?;
    bench.refused("tpm2_nvread 0x1500001 -C o", 0x14a)?;
    bench.write("data", [0xd5; 32])?;
    bench.ok("tpm2_nvwrite 0x1500001 -C o -i data")?;
    bench.ok("tpm2_nvread 0x1500001 -C 0x1500001 -P index -o read")?;
    bench.same_files("read", "data")?;
    bench.write("part", [0x5d; 4])?;
    bench.ok("tpm2_nvwrite 0x1500001 -C 0x1500001 -P index -i part --offset 28")?;
    bench.ok("tpm2_nvread 0x1500001 -C o --offset 24 -s 8 -o read")?;
    let read = bench.file("read")?;
    bench.same("the last eight bytes", &read, &[0xd5, 0xd5, 0xd5, 0xd5, 0x5d, 0x5d, 0x5d, 0x5d])?;
    bench.refused("tpm2_nvread 0x1500001 -C 0x1500001 -P wrong", 0x98e)?;
    bench.ok("tpm2_dictionarylockout -c")?;
    bench.refused("tpm2_nvread 0x1500001 -C p", 0x149)?;
    bench.fails("tpm2_nvincrement 0x1500001 -C o")?;

    // Name = nameAlg, then the digest of index, nameAlg, attributes, policy, size (part 1, "Names").
    let public = bench.ok("tpm2_nvreadpublic 0x1500001")?;
    let attributes = 0x2006_0006u32;
    let area = [
        &0x0150_0001u32.to_be_bytes()[..],
        &[0x00, 0x0b],
        &attributes.to_be_bytes(),
        &[0, 0],
        &32u16.to_be_bytes(),
    ];
    let name = bench.sha256_of(&area.concat())?;
    bench.check("the index's name", public.contains(&format!("000b{}", hex(&name))))?;
    bench.ok("tpm2_nvundefine 0x1500001 -C o")?;
    bench.refused("tpm2_nvreadpublic 0x1500001", 0x18b)
}

fn counter(bench: &mut Bench) -> Result<(), String> {
    bench.ok("tpm2_nvdefine 0x1500002 -C o -s 8 -a ownerread|ownerwrite|nt=counter")?;
    bench.refused("tpm2_nvread 0x1500002 -C o", 0x14a)?;
    bench.ok("tpm2_nvincrement 0x1500002 -C o")?;
    let first = number(bench, "0x1500002")?;
    bench.ok("tpm2_nvincrement 0x1500002 -C o")?;
    let second = number(bench, "0x1500002")?;
    bench.check("one more", second == first + 1)?;
    // A counter of that index never goes back.
    bench.ok("tpm2_nvundefine 0x1500002 -C o")?;
    bench.ok("tpm2_nvdefine 0x1500002 -C o -s 8 -a ownerread|ownerwrite|nt=counter")?;
    bench.ok("tpm2_nvincrement 0x1500002 -C o")?;
    let third = number(bench, "0x1500002")?;
    bench.check("a new counter begins above the old", third > second)?;
    bench.ok("tpm2_nvundefine 0x1500002 -C o").map(drop)
}

fn number(bench: &mut Bench, index: &str) -> Result<u64, String> {
    bench.ok(&format!("tpm2_nvread {index} -C o -o number"))?;
    let bytes = bench.file("number")?;
    bytes
        .try_into()
        .map(u64::from_be_bytes)
        .map_err(|bytes| format!("{} bytes where 8 should be", bytes.len()))
}

fn bits(bench: &mut Bench) -> Result<(), String> {
    bench.ok("tpm2_nvdefine 0x1500003 -C o -s 8 -a ownerread|ownerwrite|nt=bits")?;
    bench.ok("tpm2_nvsetbits 0x1500003 -C o -i 0x5")?;
    bench.ok("tpm2_nvsetbits 0x1500003 -C o -i 0x8000000000000002")?;
    let value = number(bench, "0x1500003")?;
    bench.check("both sets of bits", value == 0x8000_0000_0000_0007)?;
    bench.ok("tpm2_nvundefine 0x1500003 -C o").map(drop)
}

fn extend(bench: &mut Bench) -> Result<(), String> {
    bench.ok("tpm2_nvdefine 0x1500004 -C o -s 32 -a ownerread|ownerwrite|nt=extend")?;
    bench.ok("tpm2_nvextend 0x1500004 -C o -i part")?;
    bench.ok("tpm2_nvread 0x1500004 -C o -o read")?;
    let expected = bench.sha256_of(&[&[0; 32][..], &bench.file("part")?].concat())?;
    let read = bench.file("read")?;
    bench.same("an extended index", &read, &expected)?;
    bench.ok("tpm2_nvundefine 0x1500004 -C o").map(drop)
}

fn locks(bench: &mut Bench) -> Result<(), String> {
    bench.ok("tpm2_nvdefine 0x1500005 -C o -s 4 -a ownerread|ownerwrite|read_stclear|write_stclear")?;
    bench.ok("tpm2_nvwrite 0x1500005 -C o -i part")?;
    bench.ok("tpm2_nvwritelock 0x1500005 -C o")?;
    bench.refused("tpm2_nvwrite 0x1500005 -C o -i part", 0x148)?;
    bench.ok("tpm2_nvread 0x1500005 -C o")?;
    bench.ok("tpm2_nvreadlock 0x1500005 -C o")?;
    bench.refused("tpm2_nvread 0x1500005 -C o", 0x148)?;
    bench.ok("tpm2_nvundefine 0x1500005 -C o").map(drop)
}

//! The curves and their parameters (SP 800-186; ISO/IEC 15946-5 for BN P-256).

use super::Point;
use tpm2_protocol::data::TpmEccCurve;

/// A curve that the TPM implements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Curve {
    /// NIST P-192.
    P192,
    /// NIST P-224.
    P224,
    /// NIST P-256.
    P256,
    /// NIST P-384.
    P384,
    /// NIST P-521.
    P521,
    /// The Barreto-Naehrig curve of 256 bits (ISO/IEC 15946-5), for ECDAA.
    BnP256,
}

/// The domain parameters of a curve y² = x³ + ax + b over GF(p), as TPM2_ECC_Parameters gives them. Field elements are as
/// long as the field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameters {
    /// The field's prime.
    pub p: Vec<u8>,
    /// Coefficient of x.
    pub a: Vec<u8>,
    /// The constant.
    pub b: Vec<u8>,
    /// The generator.
    pub generator: Point,
    /// The generator's order.
    pub n: Vec<u8>,
    /// The cofactor.
    pub h: Vec<u8>,
}

struct Text {
    p: &'static str,
    a: &'static str,
    b: &'static str,
    x: &'static str,
    y: &'static str,
    n: &'static str,
}

const P192: Text = Text {
    p: "fffffffffffffffffffffffffffffffeffffffffffffffff",
    a: "fffffffffffffffffffffffffffffffefffffffffffffffc",
    b: "64210519e59c80e70fa7e9ab72243049feb8deecc146b9b1",
    x: "188da80eb03090f67cbf20eb43a18800f4ff0afd82ff1012",
    y: "07192b95ffc8da78631011ed6b24cdd573f977a11e794811",
    n: "ffffffffffffffffffffffff99def836146bc9b1b4d22831",
};

const P224: Text = Text {
    p: "ffffffffffffffffffffffffffffffff000000000000000000000001",
    a: "fffffffffffffffffffffffffffffffefffffffffffffffffffffffe",
    b: "b4050a850c04b3abf54132565044b0b7d7bfd8ba270b39432355ffb4",
    x: "b70e0cbd6bb4bf7f321390b94a03c1d356c21122343280d6115c1d21",
    y: "bd376388b5f723fb4c22dfe6cd4375a05a07476444d5819985007e34",
    n: "ffffffffffffffffffffffffffff16a2e0b8f03e13dd29455c5c2a3d",
};

const P521: Text = Text {
    p: "01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff\
        ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    a: "01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff\
        fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc",
    b: "0051953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e1\
        56193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00",
    x: "00c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3dba\
        a14b5e77efe75928fe1dc127a2ffa8de3348b3c1856a429bf97e7e31c2e5bd66",
    y: "011839296a789a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd17273e662c\
        97ee72995ef42640c550b9013fad0761353c7086a272c24088be94769fd16650",
    n: "01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff\
        fa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409",
};

const BN_P256: Text = Text {
    p: "fffffffffffcf0cd46e5f25eee71a49f0cdc65fb12980a82d3292ddbaed33013",
    a: "0000000000000000000000000000000000000000000000000000000000000000",
    b: "0000000000000000000000000000000000000000000000000000000000000003",
    x: "0000000000000000000000000000000000000000000000000000000000000001",
    y: "0000000000000000000000000000000000000000000000000000000000000002",
    n: "fffffffffffcf0cd46e5f25eee71a49e0cdc65fb1299921af62d536cd10b500d",
};

const P256: Text = Text {
    p: "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
    a: "ffffffff00000001000000000000000000000000fffffffffffffffffffffffc",
    b: "5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b",
    x: "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
    y: "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
    n: "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
};

const P384: Text = Text {
    p: "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff",
    a: "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000fffffffc",
    b: "b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef",
    x: "aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7",
    y: "3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f",
    n: "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973",
};

impl Curve {
    /// All of them, in the order of their identifiers.
    pub const ALL: [Self; 6] = [Self::P192, Self::P224, Self::P256, Self::P384, Self::P521, Self::BnP256];

    /// The curve of an identifier, if it is implemented.
    pub fn from_id(id: TpmEccCurve) -> Option<Self> {
        Self::ALL.into_iter().find(|curve| curve.id() == id)
    }

    /// Its identifier.
    pub fn id(self) -> TpmEccCurve {
        match self {
            Self::P192 => TpmEccCurve::NistP192,
            Self::P224 => TpmEccCurve::NistP224,
            Self::P256 => TpmEccCurve::NistP256,
            Self::P384 => TpmEccCurve::NistP384,
            Self::P521 => TpmEccCurve::NistP521,
            Self::BnP256 => TpmEccCurve::BnP256,
        }
    }

    /// Size of the field, and of the order, in bits.
    pub fn bits(self) -> u16 {
        match self {
            Self::P192 => 192,
            Self::P224 => 224,
            Self::P256 | Self::BnP256 => 256,
            Self::P384 => 384,
            Self::P521 => 521,
        }
    }

    /// Size of a coordinate in bytes.
    pub fn bytes(self) -> usize {
        usize::from(self.bits()).div_ceil(8)
    }

    /// Size of a scalar in bytes.
    pub fn order_bytes(self) -> usize {
        self.bytes()
    }

    /// Its domain parameters.
    pub fn parameters(self) -> Parameters {
        let text = match self {
            Self::P192 => &P192,
            Self::P224 => &P224,
            Self::P256 => &P256,
            Self::P384 => &P384,
            Self::P521 => &P521,
            Self::BnP256 => &BN_P256,
        };
        Parameters {
            p: bytes(text.p),
            a: bytes(text.a),
            b: bytes(text.b),
            generator: Point { x: bytes(text.x), y: bytes(text.y) },
            n: bytes(text.n),
            h: vec![1],
        }
    }
}

fn bytes(hex: &str) -> Vec<u8> {
    let digit = |c: u8| if c.is_ascii_digit() { c - b'0' } else { c - b'a' + 10 };
    hex.as_bytes().chunks_exact(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

//! Curves that no library at hand knows (BN P-256) or that hardly anybody asks a TPM for (P-192, P-224, P-521), by the formulas
//! for any curve y² = x³ + ax + b, in affine coordinates: a multiplication takes milliseconds.

use super::curve::{Curve, Parameters};
use super::{Point, Signature, scalar};
use crate::crypto::{HashAlg, hmac};
use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, Odd};

/// A curve's field and coefficients.
struct Group {
    curve: Curve,
    field: BoxedMontyParams,
    a: BoxedMontyForm,
    b: BoxedMontyForm,
}

/// A point in affine coordinates; `None` is the one at infinity.
type Affine = Option<(BoxedMontyForm, BoxedMontyForm)>;

/// A modulus of the curve's parameters.
fn modulus(bytes: &[u8]) -> BoxedMontyParams {
    let odd = Odd::new(number(bytes, bytes.len()).expect("a modulus is as long as itself"));
    BoxedMontyParams::new_vartime(odd.into_option().expect("fields and orders are odd primes"))
}

/// A number of at most `size` bytes (leading zeros don't count).
fn number(bytes: &[u8], size: usize) -> Option<BoxedUint> {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let bits = u32::try_from(size * 8).ok()?;
    if bytes.len() - zeros > size { None } else { BoxedUint::from_be_slice(&bytes[zeros..], bits).ok() }
}

/// The last `size` bytes of a number.
fn to_bytes(number: &BoxedUint, size: usize) -> Vec<u8> {
    let bytes = number.to_be_bytes();
    bytes[bytes.len() - size..].to_vec()
}

impl Group {
    fn new(curve: Curve) -> Self {
        let Parameters { p, a, b, .. } = curve.parameters();
        let field = modulus(&p);
        let form = |bytes: &[u8]| {
            BoxedMontyForm::new(
                number(bytes, p.len()).expect("coefficients are as long as the field"),
                &field,
            )
        };
        let (a, b) = (form(&a), form(&b));
        Self { curve, field, a, b }
    }

    fn element(&self, bytes: &[u8]) -> Option<BoxedMontyForm> {
        let value = number(bytes, self.curve.bytes())?;
        (value < *self.field.modulus().as_ref()).then(|| BoxedMontyForm::new(value, &self.field))
    }

    /// A point; `None` when it isn't on the curve.
    fn decode(&self, point: &Point) -> Option<(BoxedMontyForm, BoxedMontyForm)> {
        let (x, y) = (self.element(&point.x)?, self.element(&point.y)?);
        let right = x.square().add(&self.a).mul(&x).add(&self.b);
        (y.square() == right).then_some((x, y))
    }

    fn encode(&self, point: &Affine) -> Option<Point> {
        let (x, y) = point.as_ref()?;
        let size = self.curve.bytes();
        Some(Point { x: to_bytes(&x.retrieve(), size), y: to_bytes(&y.retrieve(), size) })
    }

    fn add(&self, p: &Affine, q: &Affine) -> Affine {
        let (Some((px, py)), Some((qx, qy))) = (p, q) else { return p.clone().or_else(|| q.clone()) };
        // The slope of the line through both, or of the tangent; a vertical one has none.
        let (rise, run) = if px == qx {
            if py != qy {
                return None;
            }
            let square = px.square();
            (square.double().add(&square).add(&self.a), py.double())
        } else {
            (qy.sub(py), qx.sub(px))
        };
        let slope = rise.mul(&run.invert_vartime().into_option()?);
        let x = slope.square().sub(px).sub(qx);
        let y = slope.mul(&px.sub(&x)).sub(py);
        Some((x, y))
    }

    fn multiply(&self, k: &[u8], point: &Affine) -> Affine {
        let mut product = None;
        for byte in k {
            for bit in (0..8).rev() {
                product = self.add(&product, &product);
                if byte >> bit & 1 != 0 {
                    product = self.add(&product, point);
                }
            }
        }
        product
    }
}

/// Whether a point is on the curve.
pub(super) fn is_on_curve(curve: Curve, point: &Point) -> bool {
    Group::new(curve).decode(point).is_some()
}

/// `k * P`, under the conditions of [`super::multiply`].
pub(super) fn multiply(curve: Curve, k: &[u8], point: &Point) -> Option<Point> {
    let group = Group::new(curve);
    let point = Some(group.decode(point)?);
    is_below_order(curve, k).then(|| group.encode(&group.multiply(k, &point)))?
}

/// `P + Q`, under the conditions of [`super::add`].
pub(super) fn add(curve: Curve, p: &Point, q: &Point) -> Option<Point> {
    let group = Group::new(curve);
    group.encode(&group.add(&Some(group.decode(p)?), &Some(group.decode(q)?)))
}

/// `-P`.
pub(super) fn negate(curve: Curve, p: &Point) -> Option<Point> {
    let group = Group::new(curve);
    let (x, y) = group.decode(p)?;
    group.encode(&Some((x, y.neg())))
}

fn order(curve: Curve) -> BoxedMontyParams {
    modulus(&curve.parameters().n)
}

/// Whether a number is below the order.
pub(super) fn is_below_order(curve: Curve, k: &[u8]) -> bool {
    number(k, curve.order_bytes()).is_some_and(|k| k < *order(curve).modulus().as_ref())
}

/// An operation on two numbers modulo the order.
pub(super) fn modulo_order(
    curve: Curve,
    a: &[u8],
    b: &[u8],
    operation: impl FnOnce(&BoxedMontyForm, &BoxedMontyForm) -> BoxedMontyForm,
) -> Vec<u8> {
    let (order, size) = (order(curve), curve.order_bytes());
    let form = |value: &[u8]| {
        let reduced = scalar::reduce(curve, value);
        BoxedMontyForm::new(number(&reduced, size).expect("a residue is as long as its modulus"), &order)
    };
    to_bytes(&operation(&form(a), &form(b)).retrieve(), size)
}

/// `1 / a` modulo the order; zero for zero.
fn invert(curve: Curve, a: &[u8]) -> Vec<u8> {
    modulo_order(curve, a, &[], |a, zero| a.invert_vartime().into_option().unwrap_or_else(|| zero.clone()))
}

/// The leftmost bits of a string as a number, as many as the order has (RFC 6979, section 2.3.2).
fn bits_to_number(curve: Curve, bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes[..bytes.len().min(curve.order_bytes())].to_vec();
    let surplus = (bytes.len() * 8).saturating_sub(usize::from(curve.bits()));
    if surplus > 0 {
        let mut carry = 0;
        for byte in &mut bytes {
            let shifted = *byte >> surplus | carry;
            carry = *byte << (8 - surplus);
            *byte = shifted;
        }
    }
    bytes
}

/// The nonces of RFC 6979, section 3.2, steps b to h: candidates that are private keys, one after another.
fn nonces(curve: Curve, private: &[u8], alg: HashAlg, hash: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let (mut key, mut value) = (vec![0; alg.size()], vec![1; alg.size()]);
    for separator in [0, 1] {
        key = hmac(alg, &key, &[&value, &[separator], private, hash]);
        value = hmac(alg, &key, &[&value]);
    }
    std::iter::repeat_with(move || {
        let mut bytes = Vec::new();
        while bytes.len() < curve.order_bytes() {
            value = hmac(alg, &key, &[&value]);
            bytes.extend(&value);
        }
        key = hmac(alg, &key, &[&value, &[0]]);
        value = hmac(alg, &key, &[&value]);
        bits_to_number(curve, &bytes)
    })
    .filter(move |nonce| scalar::is_private_key(curve, nonce))
}

/// ECDSA with the nonce of RFC 6979.
pub(super) fn ecdsa_sign(curve: Curve, private: &[u8], alg: HashAlg, digest: &[u8]) -> Option<Signature> {
    if !scalar::is_private_key(curve, private) {
        return None;
    }
    let hash = scalar::reduce(curve, &bits_to_number(curve, digest));
    let private = scalar::reduce(curve, private);
    nonces(curve, &private, alg, &hash).find_map(|nonce| {
        let r = scalar::reduce(curve, &super::multiply_generator(curve, &nonce)?.x);
        let sum = scalar::add(curve, &hash, &scalar::multiply(curve, &r, &private));
        let s = scalar::multiply(curve, &invert(curve, &nonce), &sum);
        (!scalar::is_zero(&r) && !scalar::is_zero(&s)).then_some(Signature { r, s })
    })
}

/// Whether an ECDSA signature over a digest is good.
pub(super) fn ecdsa_verify(curve: Curve, public: &Point, digest: &[u8], signature: &Signature) -> bool {
    if !scalar::is_private_key(curve, &signature.r) || !scalar::is_private_key(curve, &signature.s) {
        return false;
    }
    let inverse = invert(curve, &signature.s);
    let times = |factor: &[u8]| scalar::multiply(curve, factor, &inverse);
    let group = Group::new(curve);
    let (generator, public) = (group.decode(&curve.parameters().generator), group.decode(public));
    if public.is_none() {
        return false;
    }
    let left = group.multiply(&times(&bits_to_number(curve, digest)), &generator);
    let right = group.multiply(&times(&signature.r), &public);
    group
        .encode(&group.add(&left, &right))
        .is_some_and(|point| scalar::reduce(curve, &point.x) == scalar::reduce(curve, &signature.r))
}

//! HMAC and encryption sessions from the caller's side.

use super::{NULL, frame, number, rc, sized, take};
use tpm_sim::Tpm;
use tpm_sim::crypto::kdf::{kdfa, kdfe};
use tpm_sim::crypto::rng::Drbg;
use tpm_sim::crypto::{HashAlg, ecc, hmac, sym};

#[derive(Clone, Copy)]
pub enum Cipher {
    None,
    Xor,
    Aes(u16),
}

/// A session, salted to an ECC P-256 key or bound, or both, or neither.
pub struct Session {
    pub handle: u32,
    pub hash: HashAlg,
    pub key: Vec<u8>,
    pub nonce_tpm: Vec<u8>,
    pub nonce_caller: Vec<u8>,
    pub cipher: Cipher,
    rng: Drbg,
}

/// A command of one session: what it authorises, its attributes.
pub struct Use<'a> {
    pub code: u32,
    pub handles: &'a [u32],
    pub names: &'a [u8],
    /// Authorisation value of the first handle as it goes into the HMAC; `None` when the session is bound to it.
    pub auth: Option<&'a [u8]>,
    /// The same as it goes into the encryption key: always, when the handle is authorised.
    pub encryption_auth: &'a [u8],
    pub attributes: u8,
}

pub const CONTINUE: u8 = 1;
pub const EXCLUSIVE: u8 = 2;
pub const DECRYPT: u8 = 0x20;
pub const ENCRYPT: u8 = 0x40;
pub const AUDIT: u8 = 0x80;

impl Session {
    /// Starts one. `salt_to`: handle and public point of a P-256 key; `bind`: entity and its authorisation value.
    pub fn start(
        tpm: &mut Tpm,
        hash: HashAlg,
        cipher: Cipher,
        salt_to: Option<(u32, &ecc::Point)>,
        bind: Option<(u32, &[u8])>,
    ) -> Self {
        let mut rng = Drbg::from_seed(b"client", "test");
        let nonce_caller = rng.bytes(hash.size());
        let (mut salt, mut wire) = (Vec::new(), Vec::new());
        if let Some((_, point)) = salt_to {
            let ephemeral = ecc::generate(ecc::Curve::P256, &mut rng);
            let z = ecc::ecdh(ecc::Curve::P256, &ephemeral.private, point).unwrap();
            salt = kdfe(HashAlg::Sha256, &z.x, b"SECRET", &ephemeral.public.x, &point.x, 256);
            wire = [sized(&ephemeral.public.x), sized(&ephemeral.public.y)].concat();
        }
        let alg = hash.alg().value().to_be_bytes();
        let symmetric = match cipher {
            Cipher::None => vec![0, 0x10],
            Cipher::Xor => [&[0, 0x0a][..], &alg].concat(),
            Cipher::Aes(bits) => [&[0, 6][..], &bits.to_be_bytes(), &[0, 0x43]].concat(),
        };
        let handles = [salt_to.map_or(NULL, |(key, _)| key), bind.map_or(NULL, |(entity, _)| entity)];
        let params = [&sized(&nonce_caller)[..], &sized(&wire), &[0], &symmetric, &alg].concat();
        let out = super::plain(tpm, 0x176, &handles, &params).unwrap();
        let nonce_tpm = take(&mut &out[4..]).to_vec();
        let mut key = Vec::new();
        if salt_to.is_some() || bind.is_some() {
            let secret = [bind.map_or(&[][..], |(_, auth)| auth), &salt].concat();
            let bits = u32::try_from(hash.size() * 8).unwrap();
            key = kdfa(hash, &secret, b"ATH", &nonce_tpm, &nonce_caller, bits);
        }
        Self { handle: number(&out), hash, key, nonce_tpm, nonce_caller, cipher, rng }
    }

    fn crypt(&self, auth: &[u8], newer: &[u8], older: &[u8], data: &mut [u8], decrypt: bool) {
        let key = [&self.key[..], auth].concat();
        match self.cipher {
            Cipher::None => {}
            Cipher::Xor => sym::xor_obfuscate(self.hash, &key, newer, older, data),
            Cipher::Aes(bits) => {
                let material = kdfa(self.hash, &key, b"CFB", newer, older, u32::from(bits) + 128);
                let (key, iv) = material.split_at(usize::from(bits / 8));
                let iv = iv.try_into().unwrap();
                if decrypt { sym::cfb_decrypt(key, iv, data) } else { sym::cfb_encrypt(key, iv, data) }
                    .unwrap();
            }
        }
    }

    /// The command's frame; encrypts the first parameter when the attributes say so.
    pub fn command(&mut self, of: &Use, params: &[u8]) -> Vec<u8> {
        self.nonce_caller = self.rng.bytes(self.hash.size());
        let mut params = params.to_vec();
        if of.attributes & DECRYPT != 0 {
            let size = usize::from(u16::from_be_bytes(params[..2].try_into().unwrap()));
            self.crypt(
                of.encryption_auth,
                &self.nonce_caller,
                &self.nonce_tpm,
                &mut params[2..2 + size],
                false,
            );
        }
        let cp_hash = self.hash.digest(&[&of.code.to_be_bytes(), of.names, &params]);
        let key = [&self.key[..], of.auth.unwrap_or_default()].concat();
        let mac = hmac(self.hash, &key, &[&cp_hash, &self.nonce_caller, &self.nonce_tpm, &[of.attributes]]);
        let area =
            [&self.handle.to_be_bytes()[..], &sized(&self.nonce_caller), &[of.attributes], &sized(&mac)]
                .concat();
        frame(of.code, of.handles, Some(&area), &params)
    }

    /// Executes it and checks the response's HMAC: parameters (decrypted) and the session's attributes.
    pub fn run(
        &mut self,
        tpm: &mut Tpm,
        of: &Use,
        params: &[u8],
        returns_handle: bool,
    ) -> Result<(Vec<u8>, u8), u32> {
        let command = self.command(of, params);
        self.finish(&tpm.execute(&command), of, returns_handle)
    }

    pub fn finish(&mut self, response: &[u8], of: &Use, returns_handle: bool) -> Result<(Vec<u8>, u8), u32> {
        if rc(response) != 0 {
            return Err(rc(response));
        }
        let body = &response[if returns_handle { 14 } else { 10 }..];
        let size = number(body) as usize;
        let (params, mut area) = body[4..].split_at(size);
        let nonce_tpm = take(&mut area).to_vec();
        let attributes = area[0];
        area = &area[1..];
        let mac = take(&mut area);
        assert!(area.is_empty());
        let rp_hash = self.hash.digest(&[&[0; 4], &of.code.to_be_bytes(), params]);
        let key = [&self.key[..], of.auth.unwrap_or_default()].concat();
        let want = hmac(self.hash, &key, &[&rp_hash, &nonce_tpm, &self.nonce_caller, &[attributes]]);
        assert_eq!(mac, want, "the response's HMAC");
        self.nonce_tpm = nonce_tpm;
        let mut params = params.to_vec();
        if of.attributes & ENCRYPT != 0 {
            let size = usize::from(u16::from_be_bytes(params[..2].try_into().unwrap()));
            self.crypt(
                of.encryption_auth,
                &self.nonce_tpm,
                &self.nonce_caller,
                &mut params[2..2 + size],
                true,
            );
        }
        Ok((params, attributes))
    }
}

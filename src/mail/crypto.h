// SHA-256 and the verification of RSA and Ed25519 signatures, behind one adapter (nettle and hogweed).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace rw {

using Sha256Digest = std::array<std::uint8_t, 32>;

// Bytes in pieces to their SHA-256.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  void update(std::string_view bytes);
  Sha256Digest finish();  // and begins anew

 private:
  struct State;
  std::unique_ptr<State> state_;
};
Sha256Digest sha256(std::string_view bytes);

// An RSA public key: big-endian numbers without leading zeros, as they lie in the DER.
struct RsaPublicKey {
  std::string modulus, exponent;
  unsigned bits = 0;  // of the modulus
};
// Bounds of what is taken for a key. RFC 8301 3.2 asks for 1024 to 4096 bits; 8192 bits take half a millisecond to
// verify, more would be somebody else's way to spend our time, and so would an exponent over 64 bits.
inline constexpr unsigned kMaxRsaBits = 8192;
inline constexpr std::size_t kMaxRsaExponentBytes = 8;

// SubjectPublicKeyInfo (RFC 5280 4.1) with rsaEncryption, or a bare RSAPublicKey (RFC 8017 A.1.1), which RFC 6376 3.6.1
// names and others publish. DER only, nothing behind it. False with `problem` where it is none.
bool parse_rsa_public_key(std::string_view der, RsaPublicKey& key, std::string& problem);

// RSASSA-PKCS1-v1_5 (RFC 8017 8.2.2) with SHA-256 over what has this digest.
bool verify_rsa_sha256(const RsaPublicKey& key, const Sha256Digest& digest, std::string_view signature);
// RFC 8463 3: PureEdDSA over the 32 bytes of the digest. `key` has 32 bytes.
bool verify_ed25519_sha256(std::string_view key, const Sha256Digest& digest, std::string_view signature);

}  // namespace rw

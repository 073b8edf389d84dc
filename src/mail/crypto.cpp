// The adapter of nettle and hogweed, and the little DER that public keys need.
#include "mail/crypto.h"

#include <nettle/eddsa.h>
#include <nettle/rsa.h>
#include <nettle/sha2.h>

#include <bit>

namespace rw {
namespace {

const std::uint8_t* octets(std::string_view bytes) { return reinterpret_cast<const std::uint8_t*>(bytes.data()); }

// One element of DER at the front of `rest` with this tag: its content, and `rest` behind it.
bool take_element(std::string_view& rest, std::uint8_t tag, std::string_view& content) {
  if (rest.size() < 2 || static_cast<std::uint8_t>(rest[0]) != tag) return false;
  std::size_t length = static_cast<std::uint8_t>(rest[1]);
  std::size_t at = 2;
  if (length >= 0x80) {  // X.690 8.1.3.5: so many bytes hold the length; a key has less than 64 kB
    const std::size_t bytes = length & 0x7f;
    if (bytes == 0 || bytes > 2 || rest.size() < at + bytes) return false;
    length = 0;
    for (std::size_t i = 0; i < bytes; ++i) length = length << 8 | static_cast<std::uint8_t>(rest[at++]);
    if (length < (bytes == 1 ? 0x80U : 0x100U)) return false;  // X.690 10.1: the shortest form
  }
  if (rest.size() - at < length) return false;
  content = rest.substr(at, length);
  rest.remove_prefix(at + length);
  return true;
}

// A positive INTEGER without its leading zero.
bool take_positive(std::string_view& rest, std::string_view& number) {
  if (!take_element(rest, 0x02, number) || number.empty() || (number[0] & 0x80) != 0) return false;
  if (number[0] == 0) {
    number.remove_prefix(1);
    if (number.empty() || (number[0] & 0x80) == 0) return false;  // zero, or not the shortest form
  }
  return true;
}

bool parse_bare_key(std::string_view der, RsaPublicKey& key, std::string& problem) {
  std::string_view sequence, modulus, exponent;
  if (!take_element(der, 0x30, sequence) || !der.empty() || !take_positive(sequence, modulus) ||
      !take_positive(sequence, exponent) || !sequence.empty()) {
    problem = "the key is no RSA public key in DER";
    return false;
  }
  const auto top = static_cast<std::uint8_t>(modulus[0]);
  const std::size_t bits = modulus.size() * 8 - static_cast<std::size_t>(std::countl_zero(top));
  if (bits > kMaxRsaBits || exponent.size() > kMaxRsaExponentBytes) {
    problem = "the key is larger than any that is in use";
    return false;
  }
  const bool odd = (modulus.back() & 1) != 0 && (exponent.back() & 1) != 0;
  if (!odd || exponent == "\1") {
    problem = "the key's numbers are no RSA key: both must be odd, and the exponent above 1";
    return false;
  }
  key = {std::string(modulus), std::string(exponent), static_cast<unsigned>(bits)};
  return true;
}

}  // namespace

struct Sha256::State {
  sha256_ctx context;
};
Sha256::Sha256() : state_(std::make_unique<State>()) { sha256_init(&state_->context); }
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;
void Sha256::update(std::string_view bytes) { sha256_update(&state_->context, bytes.size(), octets(bytes)); }
Sha256Digest Sha256::finish() {
  Sha256Digest digest;
  sha256_digest(&state_->context, digest.size(), digest.data());
  return digest;
}
Sha256Digest sha256(std::string_view bytes) {
  Sha256 hash;
  hash.update(bytes);
  return hash.finish();
}

bool parse_rsa_public_key(std::string_view der, RsaPublicKey& key, std::string& problem) {
  // 1.2.840.113549.1.1.1 rsaEncryption (RFC 8017 A.1)
  static constexpr std::string_view kRsaEncryption("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01", 9);
  std::string_view rest = der, outer, algorithm, oid, null, bits;
  if (take_element(rest, 0x30, outer) && rest.empty() && take_element(outer, 0x30, algorithm)) {
    if (!take_element(algorithm, 0x06, oid) || oid != kRsaEncryption) {
      problem = "the key is of another kind than RSA";
      return false;
    }
    // The parameters are NULL; some leave them out.
    const bool parameters = algorithm.empty() || (take_element(algorithm, 0x05, null) && null.empty());
    if (!parameters || !algorithm.empty() || !take_element(outer, 0x03, bits) || !outer.empty() || bits.empty() ||
        bits[0] != 0) {
      problem = "the key is no SubjectPublicKeyInfo in DER";
      return false;
    }
    return parse_bare_key(bits.substr(1), key, problem);
  }
  return parse_bare_key(der, key, problem);
}

bool verify_rsa_sha256(const RsaPublicKey& key, const Sha256Digest& digest, std::string_view signature) {
  if (signature.size() != key.modulus.size()) return false;  // RFC 8017 8.2.2 step 1
  rsa_public_key rsa;
  rsa_public_key_init(&rsa);
  nettle_mpz_set_str_256_u(rsa.n, key.modulus.size(), octets(key.modulus));
  nettle_mpz_set_str_256_u(rsa.e, key.exponent.size(), octets(key.exponent));
  mpz_t number;
  nettle_mpz_init_set_str_256_u(number, signature.size(), octets(signature));
  const bool ok = rsa_public_key_prepare(&rsa) != 0 && rsa_sha256_verify_digest(&rsa, digest.data(), number) != 0;
  mpz_clear(number);
  rsa_public_key_clear(&rsa);
  return ok;
}

bool verify_ed25519_sha256(std::string_view key, const Sha256Digest& digest, std::string_view signature) {
  if (key.size() != ED25519_KEY_SIZE || signature.size() != ED25519_SIGNATURE_SIZE) return false;
  return ed25519_sha512_verify(octets(key), digest.size(), digest.data(), octets(signature)) != 0;
}

}  // namespace rw

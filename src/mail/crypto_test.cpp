// Keys in DER, and signatures made by another library.
#include "mail/crypto.h"

#include <gtest/gtest.h>

#include "mail/dkim_testing.h"

namespace rw {
namespace {

using testing::SigningKey;

Sha256Digest digest_of(std::string_view text) { return sha256(text); }

std::string decoded(const std::string& base64) {
  std::string out(base64.size(), '\0');
  const int n = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                reinterpret_cast<const unsigned char*>(base64.data()), static_cast<int>(base64.size()));
  out.resize(static_cast<std::size_t>(n));
  while (base64.ends_with('=') && out.ends_with('\0') && out.size() % 64 != 0) out.pop_back();
  return out;
}

TEST(Crypto, Sha256IsThatOfFips180) {
  const Sha256Digest digest = digest_of("abc");
  EXPECT_EQ(digest[0], 0xba);
  EXPECT_EQ(digest[31], 0xad);
  Sha256 pieces;
  pieces.update("a");
  pieces.update("bc");
  EXPECT_EQ(pieces.finish(), digest);
}

TEST(Crypto, RsaSignaturesOfAllSizes) {
  for (const unsigned bits : {512U, 1024U, 1032U, 2048U}) {
    const SigningKey key = SigningKey::rsa(bits);
    RsaPublicKey rsa;
    std::string problem;
    ASSERT_TRUE(parse_rsa_public_key(key.spki(), rsa, problem)) << problem;
    EXPECT_EQ(rsa.bits, bits);
    RsaPublicKey bare;
    ASSERT_TRUE(parse_rsa_public_key(key.bare(), bare, problem)) << problem;
    EXPECT_EQ(bare.modulus, rsa.modulus);
    std::string signature = decoded(key.sign("hello"));
    signature.resize(bits / 8);
    EXPECT_TRUE(verify_rsa_sha256(rsa, digest_of("hello"), signature)) << bits;
    EXPECT_FALSE(verify_rsa_sha256(rsa, digest_of("hellO"), signature));
    EXPECT_FALSE(verify_rsa_sha256(rsa, digest_of("hello"), signature + '\0'));
    EXPECT_FALSE(verify_rsa_sha256(rsa, digest_of("hello"), signature.substr(1)));
    EXPECT_FALSE(verify_rsa_sha256(rsa, digest_of("hello"), ""));
    EXPECT_FALSE(verify_rsa_sha256(rsa, digest_of("hello"), std::string(bits / 8, '\xff')));  // above the modulus
    EXPECT_FALSE(verify_rsa_sha256(rsa, digest_of("hello"), std::string(bits / 8, '\0')));
  }
}

TEST(Crypto, KeysTruncatedAtEveryByteAreNone) {
  const SigningKey key = SigningKey::rsa(1024);
  for (const std::string& der : {key.spki(), key.bare()}) {
    RsaPublicKey rsa;
    for (std::size_t n = 0; n < der.size(); ++n) {
      std::string problem;
      EXPECT_FALSE(parse_rsa_public_key(der.substr(0, n), rsa, problem)) << n;
      EXPECT_FALSE(problem.empty());
    }
    std::string problem;
    EXPECT_FALSE(parse_rsa_public_key(der + '\0', rsa, problem)) << "something behind it";
  }
}

TEST(Crypto, KeysWithEveryByteChangedAreReadOrRefused) {
  const std::string der = SigningKey::rsa(1024).spki();
  for (std::size_t i = 0; i < der.size(); ++i) {
    for (const char change : {'\x01', '\x80', '\xff'}) {
      std::string other = der;
      other[i] = static_cast<char>(other[i] ^ change);
      RsaPublicKey rsa;
      std::string problem;
      if (parse_rsa_public_key(other, rsa, problem)) {
        EXPECT_FALSE(verify_rsa_sha256(rsa, digest_of("x"), std::string(rsa.modulus.size(), 'a')));
      }
    }
  }
}

TEST(Crypto, HugeAndMeaninglessKeysAreRefused) {
  RsaPublicKey rsa;
  std::string problem;
  EXPECT_FALSE(parse_rsa_public_key(std::string("\x30\x06\x02\x01\x04\x02\x01\x03", 8), rsa, problem)) << "even";
  EXPECT_FALSE(parse_rsa_public_key(std::string("\x30\x06\x02\x01\x05\x02\x01\x01", 8), rsa, problem)) << "exponent 1";
  std::string big("\x30\x82\x06\x07\x02\x82\x06\x00", 8);
  big += std::string(1535, '\x7f') + '\x7f' + "\x02\x01\x03";
  EXPECT_FALSE(parse_rsa_public_key(big, rsa, problem));
  EXPECT_NE(problem.find("larger"), std::string::npos) << problem;
}

TEST(Crypto, Ed25519) {
  const SigningKey key = SigningKey::ed25519();
  std::string signature = decoded(key.sign("hello"));
  signature.resize(64);
  EXPECT_TRUE(verify_ed25519_sha256(key.bare(), digest_of("hello"), signature));
  EXPECT_FALSE(verify_ed25519_sha256(key.bare(), digest_of("hullo"), signature));
  EXPECT_FALSE(verify_ed25519_sha256(key.bare().substr(1), digest_of("hello"), signature));
  EXPECT_FALSE(verify_ed25519_sha256(key.bare(), digest_of("hello"), signature.substr(1)));
}

}  // namespace
}  // namespace rw

// Tests of QUIC Initial decryption, against packets that the test itself protects (with another part of OpenSSL).
#include "format/quic.h"

#include <gtest/gtest.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "format/capture_testing.h"

namespace rw {
namespace {

using testing::be;
using testing::client_hello;
using testing::hex;

constexpr std::uint32_t kV1 = 1, kV2 = 0x6B3343CF, kDraft29 = 0xFF00001D;
const std::string kConnection = hex("8394c8f03e515708");  // of RFC 9001, Appendix A

std::string hkdf(int mode, std::string key, std::string salt_or_info, std::size_t bytes) {
  EVP_KDF* kdf = EVP_KDF_fetch(nullptr, "HKDF", nullptr);
  EVP_KDF_CTX* context = EVP_KDF_CTX_new(kdf);
  char digest[] = "SHA256";
  OSSL_PARAM params[] = {OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
                         OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
                         OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, key.data(), key.size()),
                         OSSL_PARAM_construct_octet_string(
                             mode == EVP_KDF_HKDF_MODE_EXTRACT_ONLY ? OSSL_KDF_PARAM_SALT : OSSL_KDF_PARAM_INFO,
                             salt_or_info.data(), salt_or_info.size()),
                         OSSL_PARAM_construct_end()};
  std::string out(bytes, '\0');
  EXPECT_EQ(EVP_KDF_derive(context, reinterpret_cast<unsigned char*>(out.data()), out.size(), params), 1);
  EVP_KDF_CTX_free(context);
  EVP_KDF_free(kdf);
  return out;
}
std::string label(const std::string& secret, const std::string& name, std::size_t bytes) {
  return hkdf(EVP_KDF_HKDF_MODE_EXPAND_ONLY, secret, be(bytes, 2) + testing::vector8("tls13 " + name) + be(0, 1),
              bytes);
}

struct Keys {
  std::string key, iv, header;
};
Keys keys_of(std::uint32_t version, const std::string& connection) {
  const std::string salt = version == kV2        ? hex("0dede3def700a6db819381be6e269dcbf9bd2ed9")
                           : version == kDraft29 ? hex("afbfec289993d24c9e9786f19c6111e04390a899")
                                                 : hex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a");
  const std::string secret = label(hkdf(EVP_KDF_HKDF_MODE_EXTRACT_ONLY, connection, salt, 32), "client in", 32);
  const std::string prefix = version == kV2 ? "quicv2 " : "quic ";
  return {label(secret, prefix + "key", 16), label(secret, prefix + "iv", 12), label(secret, prefix + "hp", 16)};
}

unsigned char* raw(std::string& s) { return reinterpret_cast<unsigned char*>(s.data()); }
const unsigned char* raw(const std::string& s) { return reinterpret_cast<const unsigned char*>(s.data()); }

struct Initial {
  std::uint32_t version = kV1;
  std::string connection = kConnection;
  std::string key_connection;  // empty: `connection`
  std::string token;
  std::uint32_t number = 2;
};
std::string varint(std::uint64_t value) { return value < 64 ? be(value, 1) : be(0x4000 | value, 2); }

std::string initial_packet(const Initial& how, std::string frames, std::size_t pad_to = 1100) {
  if (frames.size() < pad_to) frames.resize(pad_to, '\0');
  const Keys keys = keys_of(how.version, how.key_connection.empty() ? how.connection : how.key_connection);
  const int type = how.version == kV2 ? 1 : 0;
  std::string header = be(static_cast<std::uint64_t>(0xC0 | type << 4 | 1), 1) + be(how.version, 4) +
                       testing::vector8(how.connection) + testing::vector8("") + varint(how.token.size()) + how.token +
                       varint(2 + frames.size() + 16);
  const std::size_t number_at = header.size();
  header += be(how.number, 2);
  std::string nonce = keys.iv;
  for (int i = 0; i < 2; ++i)
    nonce[10 + static_cast<std::size_t>(i)] =
        static_cast<char>(nonce[10 + static_cast<std::size_t>(i)] ^ header[number_at + static_cast<std::size_t>(i)]);
  std::string sealed(frames.size(), '\0'), tag(16, '\0');
  int length = 0;
  EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new();
  EXPECT_EQ(EVP_EncryptInit(context, EVP_aes_128_gcm(), raw(keys.key), raw(nonce)), 1);
  EXPECT_EQ(EVP_EncryptUpdate(context, nullptr, &length, raw(header), static_cast<int>(header.size())), 1);
  EXPECT_EQ(EVP_EncryptUpdate(context, raw(sealed), &length, raw(frames), static_cast<int>(frames.size())), 1);
  EXPECT_EQ(EVP_EncryptFinal(context, raw(sealed) + length, &length), 1);
  EXPECT_EQ(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, 16, tag.data()), 1);
  sealed += tag;
  std::string mask(32, '\0');
  EXPECT_EQ(EVP_EncryptInit(context, EVP_aes_128_ecb(), raw(keys.header), nullptr), 1);
  EXPECT_EQ(EVP_EncryptUpdate(context, raw(mask), &length, raw(sealed) + 2, 16), 1);
  EVP_CIPHER_CTX_free(context);
  header[0] = static_cast<char>(header[0] ^ (mask[0] & 0x0F));
  for (std::size_t i = 0; i < 2; ++i) header[number_at + i] = static_cast<char>(header[number_at + i] ^ mask[1 + i]);
  return header + sealed;
}
std::string crypto(std::size_t offset, std::string_view bytes) {
  return be(6, 1) + varint(offset) + varint(bytes.size()) + std::string(bytes);
}

TEST(Quic, TheTestDerivesTheKeysOfTheStandard) {
  const Keys keys = keys_of(kV1, kConnection);
  EXPECT_EQ(keys.key, hex("1f369613dd76d5467730efcbe3b1a22d"));
  EXPECT_EQ(keys.iv, hex("fa044b2f42a3fd3b46fb255c"));
  EXPECT_EQ(keys.header, hex("9f50449e04a0e810283a1e9933adedd2"));
}

TEST(Quic, ReadsTheHelloOfEveryVersion) {
  const std::vector<std::pair<std::uint32_t, std::string>> versions = {
      {kV1, "QUICv1"}, {kV2, "QUICv2"}, {kDraft29, "QUICdraft29"}};
  for (const auto& [version, name] : versions) {
    const std::string packet = initial_packet({.version = version, .token = "token"}, crypto(0, client_hello()));
    ASSERT_TRUE(looks_like_quic_initial(as_bytes(packet)));
    QuicInitial quic;
    ASSERT_EQ(quic.datagram(as_bytes(packet)), HelloStatus::kDone) << name;
    EXPECT_EQ(quic.hello().server_name, "www.example.org");
    EXPECT_EQ(quic.hello().alpn, "h2");
    EXPECT_EQ(quic.version_name(), name);
  }
}

TEST(Quic, JoinsCryptoFramesAcrossPackets) {
  const std::string hello = client_hello({.padding = 1500});
  // As Chrome does: shuffled pieces with pings and padding between them, over two datagrams, the second half first.
  const std::string second = crypto(1000, std::string_view(hello).substr(1000)) + be(1, 1) + std::string(7, '\0');
  const std::string first = crypto(400, std::string_view(hello).substr(400, 600)) + be(2, 1) + be(0, 1) + be(0, 1) +
                            be(0, 1) + be(0, 1) + crypto(0, std::string_view(hello).substr(0, 400));
  QuicInitial quic;
  EXPECT_EQ(quic.datagram(as_bytes(initial_packet({.number = 1}, second))), HelloStatus::kNeedMore);
  EXPECT_TRUE(quic.authenticated());
  EXPECT_EQ(quic.datagram(as_bytes(initial_packet({.number = 0}, first))), HelloStatus::kDone);
  EXPECT_EQ(quic.hello().server_name, "www.example.org");
}

TEST(Quic, KeepsItsKeysWhenTheServerNamesAnotherConnection) {
  const std::string hello = client_hello({.padding = 1500});
  QuicInitial quic;
  EXPECT_EQ(quic.datagram(as_bytes(initial_packet({}, crypto(0, std::string_view(hello).substr(0, 900))))),
            HelloStatus::kNeedMore);
  EXPECT_EQ(
      quic.datagram(as_bytes(initial_packet({.connection = "serverid", .key_connection = kConnection, .number = 3},
                                            crypto(900, std::string_view(hello).substr(900))))),
      HelloStatus::kDone);
}

TEST(Quic, ReadsCoalescedPackets) {
  const std::string hello = client_hello({.padding = 500});
  const std::string both = initial_packet({.number = 0}, crypto(0, std::string_view(hello).substr(0, 300)), 400) +
                           initial_packet({.number = 1}, crypto(300, std::string_view(hello).substr(300)), 400);
  QuicInitial quic;
  EXPECT_EQ(quic.datagram(as_bytes(both)), HelloStatus::kDone);
}

TEST(Quic, RefusesWhatDoesNotDecrypt) {
  std::string packet = initial_packet({}, crypto(0, client_hello()));
  packet[200] = static_cast<char>(packet[200] ^ 1);
  QuicInitial quic;
  EXPECT_EQ(quic.datagram(as_bytes(packet)), HelloStatus::kNot);
  EXPECT_FALSE(quic.authenticated());
  EXPECT_FALSE(looks_like_quic_initial(as_bytes(std::string(1200, '\xC0'))));
  EXPECT_FALSE(looks_like_quic_initial(as_bytes(std::string(1200, '\0'))));
}

TEST(Quic, SurvivesTruncationAtEveryByte) {
  const std::string packet = initial_packet({.token = "token"}, crypto(0, client_hello()), 600);
  for (std::size_t length = 0; length < packet.size(); ++length) {
    QuicInitial quic;
    EXPECT_EQ(quic.datagram(as_bytes(packet.substr(0, length))), HelloStatus::kNot) << length;
  }
}

TEST(Quic, BoundsWhatAClientMaySend) {
  QuicInitial quic;
  const std::string far = be(6, 1) + be(0x80000000U | 60000, 4) + varint(4) + "data";
  EXPECT_EQ(quic.datagram(as_bytes(initial_packet({}, far))), HelloStatus::kNeedMore);
  EXPECT_LT(quic.memory_bytes(), 4096U);
  HelloStatus status = HelloStatus::kNeedMore;
  for (std::uint32_t i = 0; i < QuicInitial::kMaxDatagrams; ++i)
    status = quic.datagram(as_bytes(initial_packet({.number = i}, be(1, 1))));
  EXPECT_EQ(status, HelloStatus::kNot);
}

}  // namespace
}  // namespace rw

// The protection of Initial packets for tests (RFC 9001 5), by OpenSSL's HKDF and one-shot ciphers.
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include <cstdlib>

#include "format/quic_testing.h"

namespace rw::testing::quic {
namespace {

unsigned char* raw(std::string& s) { return reinterpret_cast<unsigned char*>(s.data()); }
const unsigned char* raw(const std::string& s) { return reinterpret_cast<const unsigned char*>(s.data()); }

void require(int outcome) {
  if (outcome != 1) std::abort();
}

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
  require(EVP_KDF_derive(context, reinterpret_cast<unsigned char*>(out.data()), out.size(), params));
  EVP_KDF_CTX_free(context);
  EVP_KDF_free(kdf);
  return out;
}
std::string label(const std::string& secret, const std::string& name, std::size_t bytes) {
  return hkdf(EVP_KDF_HKDF_MODE_EXPAND_ONLY, secret,
              testing::be(bytes, 2) + testing::vector8("tls13 " + name) + testing::be(0, 1), bytes);
}

}  // namespace

Keys keys_of(std::uint32_t version, const std::string& connection) {
  const std::string salt = version == kV2        ? testing::hex("0dede3def700a6db819381be6e269dcbf9bd2ed9")
                           : version == kDraft29 ? testing::hex("afbfec289993d24c9e9786f19c6111e04390a899")
                                                 : testing::hex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a");
  const std::string secret = label(hkdf(EVP_KDF_HKDF_MODE_EXTRACT_ONLY, connection, salt, 32), "client in", 32);
  const std::string prefix = version == kV2 ? "quicv2 " : "quic ";
  return {label(secret, prefix + "key", 16), label(secret, prefix + "iv", 12), label(secret, prefix + "hp", 16)};
}

std::string varint(std::uint64_t value) { return value < 64 ? testing::be(value, 1) : testing::be(0x4000 | value, 2); }

std::string initial_packet(const Initial& how, std::string frames, std::size_t pad_to) {
  if (frames.size() < pad_to) frames.resize(pad_to, '\0');
  const Keys keys = keys_of(how.version, how.key_connection.empty() ? how.connection : how.key_connection);
  const int type = how.version == kV2 ? 1 : 0;
  std::string header = testing::be(static_cast<std::uint64_t>(0xC0 | type << 4 | 1), 1) + testing::be(how.version, 4) +
                       testing::vector8(how.connection) + testing::vector8("") + varint(how.token.size()) + how.token +
                       varint(2 + frames.size() + 16);
  const std::size_t number_at = header.size();
  header += testing::be(how.number, 2);
  std::string nonce = keys.iv;
  for (int i = 0; i < 2; ++i)
    nonce[10 + static_cast<std::size_t>(i)] =
        static_cast<char>(nonce[10 + static_cast<std::size_t>(i)] ^ header[number_at + static_cast<std::size_t>(i)]);
  std::string sealed(frames.size(), '\0'), tag(16, '\0');
  int length = 0;
  EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new();
  require(EVP_EncryptInit(context, EVP_aes_128_gcm(), raw(keys.key), raw(nonce)));
  require(EVP_EncryptUpdate(context, nullptr, &length, raw(header), static_cast<int>(header.size())));
  require(EVP_EncryptUpdate(context, raw(sealed), &length, raw(frames), static_cast<int>(frames.size())));
  require(EVP_EncryptFinal(context, raw(sealed) + length, &length));
  require(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, 16, tag.data()));
  sealed += tag;
  std::string mask(32, '\0');
  require(EVP_EncryptInit(context, EVP_aes_128_ecb(), raw(keys.header), nullptr));
  require(EVP_EncryptUpdate(context, raw(mask), &length, raw(sealed) + 2, 16));
  EVP_CIPHER_CTX_free(context);
  header[0] = static_cast<char>(header[0] ^ (mask[0] & 0x0F));
  for (std::size_t i = 0; i < 2; ++i) header[number_at + i] = static_cast<char>(header[number_at + i] ^ mask[1 + i]);
  return header + sealed;
}
std::string crypto(std::size_t offset, std::string_view bytes) {
  return testing::be(6, 1) + varint(offset) + varint(bytes.size()) + std::string(bytes);
}

}  // namespace rw::testing::quic

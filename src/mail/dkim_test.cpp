// DKIM: messages signed by a signer of the tests' own, the RFCs' examples, and what must not pass.
#include "mail/dkim.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "mail/arc.h"
#include "mail/dkim_signature.h"
#include "mail/dkim_tags.h"
#include "mail/dkim_testing.h"

namespace rw {
namespace {

using testing::sign_message;
using testing::SigningKey;
using testing::SignSpec;
using testing::with_lf;

const SigningKey& rsa_key() {
  static const SigningKey key = SigningKey::rsa(2048);
  return key;
}
const SigningKey& edwards_key() {
  static const SigningKey key = SigningKey::ed25519();
  return key;
}

constexpr Timestamp kNow = Timestamp::from_seconds(1'700'000'000);

const std::string kMessage =
    "Received: from a.example (a.example [192.0.2.1])\r\n\tby b.example;  Tue, 14 Nov 2023 22:13:20 +0000\r\n"
    "From: Alice  <alice@example.org>\r\n"
    "To:bob@example.net,\r\n\t carol@example.net \r\n"
    "Subject:   two  words \t and more\r\n"
    "Date: Tue, 14 Nov 2023 22:13:20 +0000\r\n"
    "Comments: one\r\n"
    "Comments: two\r\n"
    "\r\n"
    "Hello  Bob,\t \r\n"
    "\r\n"
    " a line with\t tab\r\n"
    ".\r\n"
    "\r\n \r\n\r\n";

// Counts questions, so that tests can say that none was asked.
struct Keys {
  ZoneResolver resolver;
  Keys() { resolver.answer_for_everything(true); }
  void publish(const std::string& text, const std::string& name = "s1._domainkey.example.org") {
    DnsRecord record;
    record.text = text;
    record.strings = {text};
    resolver.add(name, DnsType::kTxt, record);
  }
};

std::vector<DkimVerdict> verify_all(Keys& keys, const std::string& bytes, DkimOptions options = {},
                                    Timestamp now = kNow) {
  const Message message = parse_message(bytes);
  return verify_dkim(keys.resolver, message, now, options);
}
DkimVerdict verify(Keys& keys, const std::string& bytes, DkimOptions options = {}, Timestamp now = kNow) {
  const auto verdicts = verify_all(keys, bytes, options, now);
  EXPECT_EQ(verdicts.size(), 1U);
  return verdicts.empty() ? DkimVerdict{} : verdicts[0];
}
std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  if (at != std::string::npos) text.replace(at, from.size(), to);
  return text;
}
// One signature with this key record and these tags.
DkimVerdict verify_with(const std::string& record, const SignSpec& spec = {}, const SigningKey& key = rsa_key()) {
  Keys keys;
  keys.publish(record);
  return verify(keys, sign_message(kMessage, key, spec));
}

TEST(Dkim, AllCanonicalisationsBothAlgorithmsBothLineEnds) {
  for (const SigningKey* key : {&rsa_key(), &edwards_key()}) {
    for (const char* header : {"simple", "relaxed"}) {
      for (const char* body : {"simple", "relaxed"}) {
        Keys keys;
        keys.publish(key->record());
        const std::string signed_message = sign_message(kMessage, *key, {.header = header, .body = body});
        for (const std::string& bytes : {signed_message, with_lf(signed_message)}) {
          const DkimVerdict verdict = verify(keys, bytes);
          EXPECT_EQ(verdict.result, DkimResult::kPass) << header << "/" << body << ": " << verdict.problem;
          EXPECT_EQ(verdict.domain, "example.org");
          EXPECT_EQ(verdict.selector, "s1");
          EXPECT_EQ(verdict.identity, "@example.org");
          EXPECT_EQ(verdict.algorithm, key->algorithm());
          EXPECT_EQ(verdict.signature_start.size(), 8U);
          EXPECT_EQ(verdict.key_bits, key == &rsa_key() ? 2048U : 256U);
          EXPECT_FALSE(verdict.body_length_limited);
        }
        // What each form lets through, and what it does not.
        const bool relaxed_header = std::string(header) == "relaxed", relaxed_body = std::string(body) == "relaxed";
        const auto passes = [&](std::string_view from, std::string_view to) {
          return verify(keys, replaced(signed_message, from, to)).result == DkimResult::kPass;
        };
        EXPECT_EQ(passes("Subject:   two  words", "SUBJECT: two words"), relaxed_header);
        EXPECT_EQ(passes("To:bob@example.net,\r\n\t carol", "to: bob@example.net, carol"), relaxed_header);
        EXPECT_EQ(passes("Hello  Bob,\t \r\n", "Hello Bob,\r\n"), relaxed_body);
        EXPECT_TRUE(passes(".\r\n\r\n \r\n\r\n", relaxed_body ? "." : ".\r\n\r\n ")) << "no last line end";
        EXPECT_FALSE(passes("Hello", "hello"));
        EXPECT_FALSE(passes("Alice", "alice"));
        EXPECT_TRUE(passes("Comments: one", "Comments: 1")) << "not signed";
      }
    }
  }
}

TEST(Dkim, EmptyBodies) {
  for (const char* body : {"simple", "relaxed"}) {
    const std::string header = "From: a@example.org\r\nTo: b@example.net\r\n\r\n";
    Keys keys;
    keys.publish(rsa_key().record());
    const std::string bytes = sign_message(header, rsa_key(), {.body = body});
    EXPECT_EQ(verify(keys, bytes).result, DkimResult::kPass) << body;
    EXPECT_EQ(verify(keys, bytes + "\r\n\r\n").result, DkimResult::kPass) << body;
    EXPECT_EQ(verify(keys, bytes + " \r\n").result,
              std::string(body) == "relaxed" ? DkimResult::kPass : DkimResult::kFail);
  }
}

// RFC 6376 A: the signed message of A.2 with the key of A.3 (one space after "game." as errata 3192 says).
TEST(Dkim, ExampleOfRfc6376) {
  const std::string message =
      "DKIM-Signature: v=1; a=rsa-sha256; s=brisbane; d=example.com;\r\n"
      "      c=simple/simple; q=dns/txt; i=joe@football.example.com;\r\n"
      "      h=Received : From : To : Subject : Date : Message-ID;\r\n"
      "      bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
      "      b=AuUoFEfDxTDkHlLXSZEpZj79LICEps6eda7W3deTVFOk4yAUoqOB\r\n"
      "      4nujc7YopdG5dWLSdNg6xNAZpOPr+kHxt1IrE+NahM6L/LbvaHut\r\n"
      "      KVdkLLkpVaVVQPzeRDI009SO2Il5Lu7rDNH6mZckBdrIx0orEtZV\r\n"
      "      4bmp/YzhwvcubU4=;\r\n"
      "Received: from client1.football.example.com  [192.0.2.1]\r\n"
      "      by submitserver.example.com with SUBMISSION;\r\n"
      "      Fri, 11 Jul 2003 21:01:54 -0700 (PDT)\r\n"
      "From: Joe SixPack <joe@football.example.com>\r\n"
      "To: Suzie Q <suzie@shopping.example.net>\r\n"
      "Subject: Is dinner ready?\r\n"
      "Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n"
      "Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n"
      "\r\n"
      "Hi.\r\n\r\nWe lost the game. Are you hungry yet?\r\n\r\nJoe.\r\n";
  Keys keys;
  keys.publish(
      "v=DKIM1; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDwIRP/UC3SBsEmGqZ9ZJW3/DkMoGeLnQg1fWn7/zYt"
      "IxN2SnFCjxOCKG9v3b4jYfcTNh5ijSsq631uBItLa7od+v/RtdC2UzJ1lWT947qR+Rcac2gbto/NMqJ0fzfVjH4OuKhitdY9tf6mcwGjaNBc"
      "WToIMmPSPDdQPNUYckcQ2QIDAQAB",
      "brisbane._domainkey.example.com");
  for (const std::string& bytes : {message, with_lf(message)}) {
    const DkimVerdict verdict = verify(keys, bytes);
    EXPECT_EQ(verdict.result, DkimResult::kPass) << verdict.problem;
    EXPECT_EQ(verdict.identity, "joe@football.example.com");
    EXPECT_EQ(verdict.signature_start, "AuUoFEfD");
  }
}

// RFC 8463 A: one message with both kinds of signature.
TEST(Dkim, ExampleOfRfc8463) {
  const std::string message =
      "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n"
      " d=football.example.com; i=@football.example.com;\r\n"
      " q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n"
      " subject : date : message-id : from : subject : date;\r\n"
      " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
      " b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus\r\n"
      " Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==\r\n"
      "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\r\n"
      " d=football.example.com; i=@football.example.com;\r\n"
      " q=dns/txt; s=test; t=1528637909; h=from : to : subject :\r\n"
      " date : message-id : from : subject : date;\r\n"
      " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
      " b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3\r\n"
      " DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz\r\n"
      " dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=\r\n"
      "From: Joe SixPack <joe@football.example.com>\r\n"
      "To: Suzie Q <suzie@shopping.example.net>\r\n"
      "Subject: Is dinner ready?\r\n"
      "Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n"
      "Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n"
      "\r\n"
      "Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n";
  Keys keys;
  keys.publish("v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
               "brisbane._domainkey.football.example.com");
  keys.publish(
      "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J1"
      "6JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l"
      "/K4w3QIDAQAB",
      "test._domainkey.football.example.com");
  const auto verdicts = verify_all(keys, message);
  ASSERT_EQ(verdicts.size(), 2U);
  for (const DkimVerdict& verdict : verdicts) EXPECT_EQ(verdict.result, DkimResult::kPass) << verdict.problem;
  EXPECT_EQ(verdicts[0].algorithm, "ed25519-sha256");
  EXPECT_EQ(verdicts[1].key_bits, 1024U);
  // The second From in h= guards against one being added.
  for (const DkimVerdict& verdict :
       verify_all(keys, replaced(message, "To: Suzie", "From: x@evil.example\r\nTo: Suzie")))
    EXPECT_EQ(verdict.result, DkimResult::kFail);
}

TEST(Dkim, RepeatedFieldsCountFromTheBottom) {
  Keys keys;
  keys.publish(rsa_key().record());
  const std::string bytes = sign_message(kMessage, rsa_key(), {.names = {"From", "Comments"}});
  EXPECT_EQ(verify(keys, bytes).result, DkimResult::kPass);
  EXPECT_EQ(verify(keys, replaced(bytes, "Comments: one", "Comments: 1")).result, DkimResult::kPass);
  EXPECT_EQ(verify(keys, replaced(bytes, "Comments: two", "Comments: 2")).result, DkimResult::kFail);
  EXPECT_EQ(verify(keys, replaced(bytes, "Comments: two\r\n", "Comments: two\r\nComments: new\r\n")).result,
            DkimResult::kFail);
  // Both of them, in that order, and one that is not there.
  const std::string both = sign_message(kMessage, rsa_key(), {.names = {"From", "Comments", "comments", "Comments"}});
  EXPECT_EQ(verify(keys, both).result, DkimResult::kPass);
  EXPECT_EQ(verify(keys, replaced(both, "Comments: one", "Comments: 1")).result, DkimResult::kFail);
  EXPECT_EQ(verify(keys, replaced(both, "Comments: one", "Comments: zero\r\nComments: one")).result, DkimResult::kFail);
}

TEST(Dkim, BodyLength) {
  Keys keys;
  keys.publish(rsa_key().record());
  const std::string bytes = sign_message(kMessage, rsa_key(), {.body = "simple", .length = "10"});
  const DkimVerdict verdict = verify(keys, bytes);
  EXPECT_EQ(verdict.result, DkimResult::kPass) << verdict.problem;
  EXPECT_TRUE(verdict.body_length_limited);
  EXPECT_EQ(verify(keys, bytes + "added\r\n").result, DkimResult::kPass);
  EXPECT_EQ(verify(keys, replaced(bytes, "Hello", "hello")).result, DkimResult::kFail);
  EXPECT_EQ(verify(keys, sign_message(kMessage, rsa_key(), {.length = "0"})).result, DkimResult::kPass);
  const DkimVerdict large = verify(keys, sign_message(kMessage, rsa_key(), {.length = "99999999"}));
  EXPECT_EQ(large.result, DkimResult::kPermerror);
  EXPECT_FALSE(large.body_length_limited);
  // All of it: nothing is left unsigned.
  const std::string all =
      std::to_string(testing::canonical_body(kMessage.substr(kMessage.find("\r\n\r\n") + 4), true).size());
  EXPECT_FALSE(verify(keys, sign_message(kMessage, rsa_key(), {.length = all})).body_length_limited);
}

TEST(Dkim, KeyRecordRules) {
  const std::string record = rsa_key().record();
  const auto result = [](const std::string& text, const SignSpec& spec = {}) { return verify_with(text, spec).result; };
  EXPECT_EQ(result(rsa_key().record("h=sha256; ")), DkimResult::kPass);
  EXPECT_EQ(result(rsa_key().record("h=sha1 : sha256; ")), DkimResult::kPass);
  EXPECT_EQ(result(rsa_key().record("h=sha1; ")), DkimResult::kPermerror);
  EXPECT_EQ(result(rsa_key().record("s=email; ")), DkimResult::kPass);
  EXPECT_EQ(result(rsa_key().record("s=tlsrpt:*; ")), DkimResult::kPass);
  EXPECT_EQ(result(rsa_key().record("s=tlsrpt; ")), DkimResult::kPermerror);
  EXPECT_EQ(result(rsa_key().record("n=notes with = and spaces; x_unknown=1; ")), DkimResult::kPass);
  EXPECT_EQ(result(replaced(record, "v=DKIM1; ", "")), DkimResult::kPass) << "v= is recommended only";
  EXPECT_EQ(result(replaced(record, "v=DKIM1", "v=DKIM2")), DkimResult::kPermerror);
  EXPECT_EQ(result(replaced(record, "v=DKIM1; k=rsa", "k=rsa; v=DKIM1")), DkimResult::kPermerror);
  EXPECT_EQ(result(replaced(record, "k=rsa; ", "")), DkimResult::kPass);
  EXPECT_EQ(result(replaced(record, "k=rsa", "k=ed25519")), DkimResult::kPermerror);
  EXPECT_EQ(result(replaced(record, "k=rsa", "k=other")), DkimResult::kPermerror);
  EXPECT_EQ(result(record + "; p=twice"), DkimResult::kPermerror);
  EXPECT_EQ(result("v=DKIM1; k=rsa; p="), DkimResult::kPermerror);
  EXPECT_EQ(verify_with("v=DKIM1; p=").problem, "the key was revoked: p= is empty");
  EXPECT_EQ(result("v=DKIM1; k=rsa"), DkimResult::kPermerror);
  EXPECT_EQ(result("v=DKIM1; p=*"), DkimResult::kPermerror);
  EXPECT_EQ(result("v=spf1 -all"), DkimResult::kPermerror);
  EXPECT_EQ(result("v=DKIM1; k=rsa; p=" + testing::base64(rsa_key().bare())), DkimResult::kPass) << "bare RSAPublicKey";
  EXPECT_EQ(verify_with("v=DKIM1; k=ed25519; p=" + testing::base64(edwards_key().spki()), {}, edwards_key()).result,
            DkimResult::kPermerror);
  EXPECT_EQ(verify_with(SigningKey::rsa(2048).record()).result, DkimResult::kFail) << "another key";
  const DkimVerdict testing_key = verify_with(rsa_key().record("t=y; "));
  EXPECT_EQ(testing_key.result, DkimResult::kPass);
  EXPECT_TRUE(testing_key.testing);
}

TEST(Dkim, IdentitiesAndStrictKeys) {
  const auto result = [](const std::string& flags, const std::string& identity) {
    return verify_with(rsa_key().record(flags), {.more = "i=" + identity + "; "}).result;
  };
  EXPECT_EQ(result("", "alice@example.org"), DkimResult::kPass);
  EXPECT_EQ(result("", "alice@mail.example.org"), DkimResult::kPass);
  EXPECT_EQ(result("t=s; ", "alice@mail.example.org"), DkimResult::kPermerror);
  EXPECT_EQ(result("t=y:s; ", "@EXAMPLE.org"), DkimResult::kPass);
  EXPECT_EQ(result("", "alice@example.net"), DkimResult::kPermerror);
  EXPECT_EQ(result("", "alice@badexample.org"), DkimResult::kPermerror);
  EXPECT_EQ(result("", "alice"), DkimResult::kPermerror);
}

TEST(Dkim, SeveralKeyRecordsAreEachTried) {
  Keys keys;
  keys.publish("v=spf1 -all");  // a wildcard of the zone
  keys.publish("v=DKIM1; p=");
  keys.publish(SigningKey::rsa(1024).record());
  keys.publish(rsa_key().record());
  EXPECT_EQ(verify(keys, sign_message(kMessage, rsa_key())).result, DkimResult::kPass);
}

TEST(Dkim, ShortKeysAndSha1ArePolicy) {
  static const SigningKey weak = SigningKey::rsa(768);
  Keys keys;
  keys.publish(weak.record());
  const std::string bytes = sign_message(kMessage, weak);
  const DkimVerdict verdict = verify(keys, bytes);
  EXPECT_EQ(verdict.result, DkimResult::kPolicy);
  EXPECT_EQ(verdict.key_bits, 768U);
  EXPECT_EQ(verify(keys, bytes, {.min_rsa_bits = 512}).result, DkimResult::kPass);
  EXPECT_EQ(verify(keys, replaced(bytes, "Alice", "alice")).result, DkimResult::kFail);
  Keys others;
  others.publish(rsa_key().record());
  EXPECT_EQ(verify(others, sign_message(kMessage, rsa_key()), {.min_rsa_bits = 3072}).result, DkimResult::kPolicy);
  const std::uint64_t asked = others.resolver.asked();
  EXPECT_EQ(verify(others, sign_message(kMessage, rsa_key(), {.algorithm = "rsa-sha1"})).result, DkimResult::kPolicy);
  EXPECT_EQ(verify(others, sign_message(kMessage, rsa_key(), {.algorithm = "rsa-sha512"})).result,
            DkimResult::kPermerror);
  EXPECT_EQ(others.resolver.asked(), asked) << "nothing to ask the DNS for";
}

TEST(Dkim, TimesWithSkew) {
  Keys keys;
  keys.publish(rsa_key().record());
  const auto at = [&](const std::string& tags, std::int64_t seconds) {
    return verify(keys, sign_message(kMessage, rsa_key(), {.more = tags}), {}, Timestamp::from_seconds(seconds)).result;
  };
  EXPECT_EQ(at("t=1000; x=2000; ", 1500), DkimResult::kPass);
  EXPECT_EQ(at("t=1000; x=2000; ", 2300), DkimResult::kPass) << "within the skew";
  EXPECT_EQ(at("t=1000; x=2000; ", 2301), DkimResult::kPolicy);
  EXPECT_EQ(at("t=1000; ", 700), DkimResult::kPass);
  EXPECT_EQ(at("t=1000; ", 699), DkimResult::kPolicy);
  EXPECT_EQ(at("t=2000; x=2000; ", 2000), DkimResult::kPermerror);
  EXPECT_EQ(at("t=-5; ", 2000), DkimResult::kPermerror);
  EXPECT_EQ(at("t=1234567890123; ", 2000), DkimResult::kPermerror) << "13 digits";
}

TEST(Dkim, TheDnsHasThreeStates) {
  const std::string bytes = sign_message(kMessage, rsa_key());
  Keys none;
  EXPECT_EQ(verify(none, bytes).result, DkimResult::kPermerror);
  Keys failing;
  failing.resolver.fail("s1._domainkey.example.org");
  EXPECT_EQ(verify(failing, bytes).result, DkimResult::kTemperror);
  EXPECT_EQ(verify(failing, replaced(bytes, "Hello", "hello")).result, DkimResult::kFail) << "certain without a key";
}

TEST(Dkim, SignatureSyntaxIsStrict) {
  Keys keys;
  keys.publish(rsa_key().record());
  const std::string good = sign_message(kMessage, rsa_key(), {.more = "q=dns/txt; z=From:x@y|To:z; "});
  EXPECT_EQ(verify(keys, good).result, DkimResult::kPass);
  const auto result = [&](std::string_view from, std::string_view to) {
    const DkimVerdict verdict = verify(keys, replaced(good, from, to));
    EXPECT_FALSE(verdict.problem.empty()) << to;
    return verdict.result;
  };
  for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
           {"v=1; ", ""},           {"v=1; ", "v=2; "},    {"v=1; ", "v=1; v=1; "},
           {"d=example.org; ", ""}, {"s=s1;", ""},         {"d=example.org", "d=example..org"},
           {"d=example.org", "d="}, {"s=s1;", "s=;"},      {"a=rsa-sha256", "a=RSA-SHA256"},
           {"c=relaxed/", "c=x/"},  {"c=relaxed/", "c=/"}, {"q=dns/txt", "q=http"},
           {"h=From:", "h="},       {"h=From", "h=From:"}, {"h=From", "h=Sender"},
           {"bh=", "xbh="},         {"\tb=", "\tb=*"},     {"z=From", "3z=From"},
           {"q=dns", ";q=dns"},     {"z=From", "z From"},  {"q=dns/txt", "q=dns\x01/txt"}}) {
    EXPECT_EQ(result(from, to), DkimResult::kPermerror) << from << " → " << to;
  }
  EXPECT_EQ(result("bh=", "bh=AAAA"), DkimResult::kFail);
}

TEST(Dkim, SeveralSignaturesAndTheirBound) {
  Keys keys;
  keys.publish(rsa_key().record());
  keys.publish(edwards_key().record(), "e1._domainkey.example.org");
  std::string bytes = sign_message(kMessage, rsa_key(), {.names = {"From", "Subject"}});
  bytes = sign_message(bytes, edwards_key(), {.selector = "e1", .names = {"From", "DKIM-Signature"}});
  bytes = "DKIM-Signature: nonsense\r\n" + bytes;
  const auto verdicts = verify_all(keys, bytes);
  ASSERT_EQ(verdicts.size(), 3U);
  EXPECT_EQ(verdicts[0].result, DkimResult::kPermerror);
  EXPECT_EQ(verdicts[1].result, DkimResult::kPass) << verdicts[1].problem;
  EXPECT_EQ(verdicts[2].result, DkimResult::kPass) << verdicts[2].problem;
  EXPECT_EQ(verify_all(keys, bytes, {.max_signatures = 2}).size(), 2U);
  std::string many = kMessage;
  for (int i = 0; i < 20; ++i) many = "DKIM-Signature: v=1\r\n" + many;
  EXPECT_EQ(verify_all(keys, many).size(), 10U);
}

TEST(Dkim, TheBodyIsHashedOncePerForm) {
  const std::string bytes = sign_message(sign_message(kMessage, rsa_key()), rsa_key());
  const Message message = parse_message(bytes);
  MessageHashes hashes(message);
  const MailSignature first = parse_mail_signature(message.fields[0], SignatureKind::kDkim);
  const MailSignature second = parse_mail_signature(message.fields[1], SignatureKind::kDkim);
  EXPECT_EQ(&hashes.body(first), &hashes.body(second));
}

TEST(Dkim, TruncatedAtEveryByte) {
  Keys keys;
  keys.publish(rsa_key().record());
  const std::string bytes = sign_message(kMessage, rsa_key());
  const std::size_t body_end = bytes.find(".\r\n\r\n \r\n") + 1;  // from here on only empty lines are missing
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    const std::string cut = bytes.substr(0, n);
    const Message message = parse_message(cut);
    for (const DkimVerdict& verdict : verify_dkim(keys.resolver, message, kNow)) {
      EXPECT_TRUE(n >= body_end || verdict.result != DkimResult::kPass) << n;
    }
  }
}

TEST(Dkim, SignaturesTruncatedAtEveryByte) {
  Keys keys;
  keys.publish(rsa_key().record());
  const std::string bytes = sign_message(kMessage, rsa_key());
  const std::size_t field_end = bytes.find("Received:") - 2;
  std::size_t enough = field_end;  // Base64 may leave its padding out
  while (bytes[enough - 1] == '=') --enough;
  for (std::size_t n = 15; n < enough; ++n) {
    const DkimVerdict verdict = verify(keys, bytes.substr(0, n) + bytes.substr(field_end));
    EXPECT_NE(verdict.result, DkimResult::kPass) << n;
  }
}

TEST(Dkim, KeyRecordsTruncatedAtEveryByte) {
  const std::string record = rsa_key().record("n=x; ");
  for (std::size_t n = 0; n < record.size(); ++n) {
    const DkimKey key = parse_dkim_key(record.substr(0, n));
    EXPECT_TRUE(!key.error.empty() || key.revoked) << n;
  }
  EXPECT_EQ(parse_dkim_key(record).bits, 2048U);
}

// fuzz/seeds/make-dkim-seeds signs with other code in another language: its messages must hold, and those it seals.
TEST(Dkim, MessagesOfTheSeedMaker) {
  int signatures = 0, chains = 0;
  for (const auto& entry : std::filesystem::directory_iterator(RW_SOURCE_DIR "/fuzz/seeds/dkim")) {
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(file)), {});
    const std::size_t end = text.find("\n\n");
    Keys keys;
    std::istringstream records(text.substr(0, end));
    for (std::string line; std::getline(records, line);)
      for (const char* name : {"s1._domainkey.example.org", "arc._domainkey.lists.example.net",
                               "arc._domainkey.relay.example.com", "l._domainkey.lists.example.net"})
        keys.publish(line, name);
    const std::string bytes = text.substr(end + 2);
    const Message message = parse_message(bytes);
    for (const DkimVerdict& verdict : verify_dkim(keys.resolver, message, kNow)) {
      const bool too_long = entry.path().filename() == "length";
      EXPECT_EQ(verdict.result, too_long ? DkimResult::kPermerror : DkimResult::kPass)
          << entry.path() << ": " << verdict.problem;
      ++signatures;
    }
    const ArcVerdict arc = verify_arc(keys.resolver, message, kNow);
    if (arc.result == ArcResult::kNone) continue;
    ++chains;
    EXPECT_EQ(arc.result, ArcResult::kPass) << entry.path() << ": " << arc.problem;
    EXPECT_EQ(arc.oldest_pass, 0U);
    EXPECT_EQ(arc.sets.size(), entry.path().filename() == "arc-2" ? 2U : 1U);
    const std::string changed = bytes + "footer\r\n";
    EXPECT_EQ(verify_arc(keys.resolver, parse_message(changed), kNow).result, ArcResult::kFail);
  }
  EXPECT_EQ(signatures, 11);
  EXPECT_EQ(chains, 3);
}

TEST(DkimTags, Base64) {
  EXPECT_EQ(decode_base64_tag("aGk="), "hi");
  EXPECT_EQ(decode_base64_tag("aG\r\n\t k"), "hi") << "padding may be missing";
  EXPECT_EQ(decode_base64_tag("aGV5"), "hey");
  for (const char* bad : {"", "a", "aGk==", "aGV5=", "aG=k", "aG*k", "-_-_"})
    EXPECT_FALSE(decode_base64_tag(bad)) << bad;
}

TEST(DkimTags, Domains) {
  EXPECT_EQ(dkim_domain("Example.ORG"), "example.org");
  EXPECT_EQ(dkim_domain("k1._s.example"), "k1._s.example");
  for (const char* bad : {"", ".", "a..b", "a.", ".a", "a b", "***"}) EXPECT_EQ(dkim_domain(bad), "") << bad;
  EXPECT_EQ(dkim_domain(std::string(64, 'a')), "");
  EXPECT_EQ(dkim_domain(std::string(63, 'a')), std::string(63, 'a'));
}

}  // namespace
}  // namespace rw

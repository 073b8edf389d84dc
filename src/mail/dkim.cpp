// Verification of all DKIM signatures on a message.
#include "mail/dkim.h"

#include <algorithm>

#include "mail/dkim_signature.h"
#include "mail/dkim_tags.h"

namespace rw {
namespace {

DkimVerdict describe(const MailSignature& signature) {
  DkimVerdict verdict;
  verdict.domain = signature.domain;
  verdict.selector = signature.selector;
  verdict.identity = signature.identity;
  verdict.algorithm = signature.algorithm;
  verdict.signature_start = signature.signature_start;
  verdict.signed_at = signature.signed_at;
  verdict.expires_at = signature.expires_at;
  verdict.signed_fields = signature.names;
  return verdict;
}

// What can be said without a key: an end, or kNone.
void judge_alone(const MailSignature& signature, DkimVerdict& verdict) {
  if (!signature.error.empty()) {
    verdict.result = DkimResult::kPermerror;
    verdict.problem = signature.error;
  } else if (signature.algorithm == "rsa-sha1") {
    verdict.result = DkimResult::kPolicy;  // RFC 8301 3.1
    verdict.problem = "rsa-sha1 is not taken: SHA-1 is broken (RFC 8301)";
  } else if (signature.algorithm != "rsa-sha256" && signature.algorithm != "ed25519-sha256") {
    verdict.result = DkimResult::kPermerror;
    verdict.problem = "unknown algorithm in a=";
  }
}

// The body against bh=: kNone where it fits.
void judge_body(const MailSignature& signature, MessageHashes& hashes, DkimVerdict& verdict) {
  const BodyHash& body = hashes.body(signature);
  if (signature.length && *signature.length > body.bytes) {
    verdict.result = DkimResult::kPermerror;  // RFC 6376 3.5, l=
    verdict.problem = "l= is larger than the body";
    return;
  }
  verdict.body_length_limited = signature.length && *signature.length < body.bytes;
  const std::string_view digest(reinterpret_cast<const char*>(body.digest.data()), body.digest.size());
  if (digest == signature.body_hash) return;
  verdict.result = DkimResult::kFail;
  verdict.problem = "the body was changed after signing: its hash differs";
}

// t= and x= are the signer's wishes; a verifier may hold to them (RFC 6376 3.5), and does: as its policy.
void judge_times(const MailSignature& signature, Timestamp now, Duration skew, DkimVerdict& verdict) {
  if (signature.expires_at && now > *signature.expires_at + skew) {
    verdict.result = DkimResult::kPolicy;
    verdict.problem = "the signature has expired (x=)";
  } else if (signature.signed_at && *signature.signed_at > now + skew) {
    verdict.result = DkimResult::kPolicy;
    verdict.problem = "the signature is from the future (t=)";
  }
}

}  // namespace

std::string_view to_string(DkimResult result) {
  switch (result) {
    case DkimResult::kNone: return "none";
    case DkimResult::kPass: return "pass";
    case DkimResult::kFail: return "fail";
    case DkimResult::kPolicy: return "policy";
    case DkimResult::kNeutral: return "neutral";
    case DkimResult::kTemperror: return "temperror";
    case DkimResult::kPermerror: return "permerror";
  }
  return "none";
}

std::vector<DkimVerdict> verify_dkim(Resolver& resolver, const Message& message, Timestamp now,
                                     const DkimOptions& options) {
  std::vector<MailSignature> signatures;
  for (const HeaderField& field : message.fields)
    if (signatures.size() < options.max_signatures && lower_ascii(field.name) == "dkim-signature")
      signatures.push_back(parse_mail_signature(field, SignatureKind::kDkim));
  if (signatures.empty()) return {};

  std::vector<DkimVerdict> verdicts;
  std::vector<DnsQuestion> questions;
  std::vector<std::size_t> asked;  // which signature each question is for
  for (std::size_t i = 0; i < signatures.size(); ++i) {
    verdicts.push_back(describe(signatures[i]));
    judge_alone(signatures[i], verdicts[i]);
    if (verdicts[i].result != DkimResult::kNone) continue;
    questions.push_back({dkim_key_name(signatures[i]), DnsType::kTxt});
    asked.push_back(i);
  }
  if (questions.empty()) return verdicts;

  const std::vector<DnsReply> replies = resolver.lookup(questions);
  MessageHashes hashes(message);
  for (std::size_t k = 0; k < asked.size(); ++k) {
    const MailSignature& signature = signatures[asked[k]];
    DkimVerdict& verdict = verdicts[asked[k]];
    judge_body(signature, hashes, verdict);
    // A changed body is certain, whatever the DNS says; the key is still told.
    const bool settled = verdict.result != DkimResult::kNone;
    const KeyVerdict key = verify_with_keys(signature, replies[k], hashes.header(signature), options);
    verdict.key_bits = key.bits;
    verdict.testing = key.testing;
    if (settled) continue;
    verdict.result = key.result;
    verdict.problem = key.problem;
    if (key.result == DkimResult::kPass) judge_times(signature, now, options.clock_skew, verdict);
  }
  return verdicts;
}

}  // namespace rw

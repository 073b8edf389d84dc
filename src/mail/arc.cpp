// Verification of an ARC chain: structure, the newest message signature, every seal (RFC 8617 5.2).
#include "mail/arc.h"

#include <algorithm>
#include <array>

#include "mail/dkim_signature.h"
#include "mail/dkim_tags.h"

namespace rw {
namespace {

// One instance: exactly one field of each kind.
struct ArcInstance {
  const HeaderField* results = nullptr;
  MailSignature message, seal;
  bool whole() const { return results != nullptr && message.field != nullptr && seal.field != nullptr; }
};

// "i=1; lists.example.org; …" (RFC 8617 4.1.1): 0 where the instance does not come first.
unsigned results_instance(std::string_view body) {
  const std::size_t end = body.find(';');
  if (end == std::string_view::npos) return 0;
  const std::string first = without_white_space(body.substr(0, end));
  if (!first.starts_with("i=")) return 0;
  const auto number = parse_decimal_tag(std::string_view(first).substr(2), 2);
  return number && *number >= 1 && *number <= kMaxArcInstance ? static_cast<unsigned>(*number) : 0;
}

class Chain {
 public:
  Chain(Resolver& resolver, const Message& message, const DkimOptions& options)
      : resolver_(resolver), options_(options), hashes_(message) {
    collect(message);
  }

  ArcVerdict verify();

 private:
  void collect(const Message& message);
  void collect_signature(const HeaderField& field, SignatureKind kind);
  void fail(std::string problem) {
    if (problem_.empty()) problem_ = std::move(problem);
  }
  void check_structure();
  void ask_keys(unsigned from, unsigned to);  // of these instances
  std::string problem_with_key(const MailSignature& signature, const Sha256Digest& digest) const;
  std::string message_problem(unsigned instance);  // "" when its signature holds
  std::string message_problem(const MailSignature& signature);
  std::string seal_problem(unsigned instance) const;
  void describe(ArcVerdict& verdict) const;

  Resolver& resolver_;
  const DkimOptions& options_;
  MessageHashes hashes_;
  std::unordered_map<std::string, DnsReply> keys_;
  std::array<ArcInstance, kMaxArcInstance + 1> sets_;  // by instance; the first is not used
  unsigned newest_ = 0;
  std::string problem_;
};

void Chain::collect_signature(const HeaderField& field, SignatureKind kind) {
  MailSignature signature = parse_mail_signature(field, kind);
  const std::string_view what = kind == SignatureKind::kArcSeal ? "ARC-Seal" : "ARC-Message-Signature";
  if (signature.instance == 0) return fail(std::string(what) + ": " + signature.error);
  const unsigned i = signature.instance;
  newest_ = std::max(newest_, i);
  MailSignature& place = kind == SignatureKind::kArcSeal ? sets_[i].seal : sets_[i].message;
  if (place.field != nullptr) return fail(std::string(what) + " of instance " + std::to_string(i) + " more than once");
  if (!signature.error.empty()) fail(std::string(what) + " of instance " + std::to_string(i) + ": " + signature.error);
  place = std::move(signature);
}

void Chain::collect(const Message& message) {
  for (const HeaderField& field : message.fields) {
    if (field.name.size() < 8 || (field.name[0] | 0x20) != 'a') continue;
    const std::string name = lower_ascii(field.name);
    if (name == "arc-seal") {
      collect_signature(field, SignatureKind::kArcSeal);
    } else if (name == "arc-message-signature") {
      collect_signature(field, SignatureKind::kArcMessage);
    } else if (name == "arc-authentication-results") {
      const unsigned i = results_instance(field.body);
      if (i == 0) {
        fail("ARC-Authentication-Results does not begin with its instance");
        continue;
      }
      newest_ = std::max(newest_, i);
      if (sets_[i].results != nullptr)
        fail("ARC-Authentication-Results of instance " + std::to_string(i) + " more than once");
      sets_[i].results = &field;
    }
  }
}

// RFC 8617 5.2 steps 2 and 3.
void Chain::check_structure() {
  for (unsigned i = 1; i <= newest_; ++i) {
    if (!sets_[i].whole()) return fail("the set of instance " + std::to_string(i) + " is not whole");
    const std::string& status = sets_[i].seal.chain_status;
    if (status == "fail") return fail("the handler of instance " + std::to_string(i) + " found the chain broken");
    if (status != (i == 1 ? "none" : "pass"))
      return fail("the seal of instance " + std::to_string(i) + " says cv=" + status);
  }
}

// Most handlers use one key for everything: each name is asked for once.
void Chain::ask_keys(unsigned from, unsigned to) {
  std::vector<DnsQuestion> questions;
  for (unsigned i = from; i <= to; ++i)
    for (const MailSignature* one : {&sets_[i].message, &sets_[i].seal})
      if (keys_.try_emplace(dkim_key_name(*one)).second) questions.push_back({dkim_key_name(*one), DnsType::kTxt});
  std::vector<DnsReply> replies = resolver_.lookup(questions);
  for (std::size_t k = 0; k < questions.size(); ++k) keys_[questions[k].name] = std::move(replies[k]);
}

std::string Chain::problem_with_key(const MailSignature& signature, const Sha256Digest& digest) const {
  return verify_with_keys(signature, keys_.at(dkim_key_name(signature)), digest, options_).problem;
}

std::string Chain::message_problem(const MailSignature& signature) {
  if (signature.algorithm != "rsa-sha256" && signature.algorithm != "ed25519-sha256") return "a= is not taken";
  const BodyHash& body = hashes_.body(signature);
  if (signature.length && *signature.length > body.bytes) return "l= is larger than the body";
  const std::string_view digest(reinterpret_cast<const char*>(body.digest.data()), body.digest.size());
  if (digest != signature.body_hash) return "the body was changed";
  return problem_with_key(signature, hashes_.header(signature));
}

// Without c= RFC 6376 means simple/simple. The drafts before RFC 8617 meant relaxed/relaxed, and so do handlers that
// grew with them, and the public suite: a signature that holds in either form was made by its signer.
std::string Chain::message_problem(unsigned instance) {
  const MailSignature& signature = sets_[instance].message;
  const std::string problem = message_problem(signature);
  if (problem.empty() || signature.canonicalisation_told) return problem;
  MailSignature relaxed = signature;
  relaxed.relaxed_header = relaxed.relaxed_body = true;
  return message_problem(relaxed).empty() ? "" : problem;
}

// RFC 8617 5.1.1: all sets up to this one, in order, relaxed; the seal itself last and without its b=.
std::string Chain::seal_problem(unsigned instance) const {
  const MailSignature& seal = sets_[instance].seal;
  if (seal.algorithm != "rsa-sha256" && seal.algorithm != "ed25519-sha256") return "a= is not taken";
  std::string out;
  for (unsigned i = 1; i <= instance; ++i) {
    append_canonical_field(out, *sets_[i].results, true);
    append_canonical_field(out, *sets_[i].message.field, true);
    if (i < instance) append_canonical_field(out, *sets_[i].seal.field, true);
  }
  append_signature_field(out, *seal.field, true);
  return problem_with_key(seal, sha256(out));
}

void Chain::describe(ArcVerdict& verdict) const {
  for (unsigned i = 1; i <= newest_; ++i) {
    const ArcInstance& set = sets_[i];
    if (set.results == nullptr && set.message.field == nullptr && set.seal.field == nullptr) continue;
    verdict.sets.push_back({i, set.seal.domain, set.seal.selector, set.results ? unfolded(set.results->body) : ""});
  }
}

ArcVerdict Chain::verify() {
  ArcVerdict verdict;
  verdict.result = ArcResult::kFail;
  describe(verdict);
  check_structure();
  if (!problem_.empty()) {
    verdict.problem = problem_;
    return verdict;
  }
  ask_keys(newest_, newest_);  // the others only when this one holds: anybody can write fifty sets
  if (const auto problem = message_problem(newest_); !problem.empty()) {
    verdict.problem = "message signature of instance " + std::to_string(newest_) + ": " + problem;
    return verdict;
  }
  for (unsigned i = newest_; i >= 1; --i) {
    if (const auto problem = seal_problem(i); !problem.empty()) {
      verdict.problem = "seal of instance " + std::to_string(i) + ": " + problem;
      return verdict;
    }
    if (i == newest_) ask_keys(1, newest_ - 1);
  }
  verdict.result = ArcResult::kPass;
  // Step 5: how far back the message is still what it was.
  for (unsigned i = newest_ - 1; i >= 1 && verdict.oldest_pass == 0; --i)
    if (!message_problem(i).empty()) verdict.oldest_pass = i + 1;
  return verdict;
}

}  // namespace

std::string_view to_string(ArcResult result) {
  switch (result) {
    case ArcResult::kNone: return "none";
    case ArcResult::kPass: return "pass";
    case ArcResult::kFail: return "fail";
  }
  return "none";
}

ArcVerdict verify_arc(Resolver& resolver, const Message& message, [[maybe_unused]] Timestamp now,
                      const DkimOptions& options) {
  const bool any = std::any_of(message.fields.begin(), message.fields.end(), [](const HeaderField& field) {
    const std::string name = lower_ascii(field.name.substr(0, 32));
    return name == "arc-seal" || name == "arc-message-signature" || name == "arc-authentication-results";
  });
  if (!any) return {};
  return Chain(resolver, message, options).verify();
}

}  // namespace rw

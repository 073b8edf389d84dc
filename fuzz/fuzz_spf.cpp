// SPF: no record, identity or helo may crash, hang or ask without bound; an error lies inside of the record.
// seeds: fuzz/seeds/spf/*
#include <cstdint>
#include <cstdlib>
#include <string>

#include "mail/spf.h"
#include "mail/spf_macro.h"

namespace {

// Answers every question from the input: the record under test for TXT, itself as MX and PTR, an address that is near.
class Echo : public rw::Resolver {
 public:
  Echo(std::string record, rw::Ip client, std::uint8_t mood)
      : record_(std::move(record)), client_(client), mood_(mood) {}
  rw::DnsReply lookup(std::string_view name, rw::DnsType type) override {
    if (++asked > 200) std::abort();  // 1 + 10 * 11 is what the limits allow
    if (name.size() > 4 * 253) std::abort();
    rw::DnsReply reply;
    reply.state = (mood_ >> (asked % 4) & 1) != 0 ? rw::DnsState::kPresent : rw::DnsState::kAbsent;
    if (asked == 1) reply.state = rw::DnsState::kPresent;
    if (mood_ >= 0xF0 && asked == 9) reply.state = rw::DnsState::kFailed;
    if (reply.state != rw::DnsState::kPresent) return reply;
    rw::DnsRecord record;
    record.text = record_;
    record.name = std::string(name);
    record.address = type == rw::DnsType::kAaaa ? client_ : rw::Ip::v4(client_.v4_bits() ^ 0x100);
    reply.records.assign(type == rw::DnsType::kMx ? 3 : 1, record);
    return reply;
  }
  std::vector<rw::DnsReply> lookup(std::span<const rw::DnsQuestion> questions) override {
    std::vector<rw::DnsReply> replies;
    for (const rw::DnsQuestion& question : questions) replies.push_back(lookup(question.name, question.type));
    return replies;
  }
  std::string description() const override { return "fuzz"; }
  unsigned asked = 0;

 private:
  std::string record_;
  rw::Ip client_;
  std::uint8_t mood_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::uint8_t mood = data[0], split = data[1];
  const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::string record = "v=spf1 " + std::string(text.substr(std::min<std::size_t>(split, text.size())));
  for (const std::string_view any : {std::string_view(record), text}) {
    const rw::SpfRecord parsed = rw::parse_spf(any);
    if (parsed.error_offset > any.size()) std::abort();
  }
  rw::SpfRequest request;
  request.client = (mood & 1) != 0 ? rw::Ip::v4(0xC0000201) : rw::Ip{0x20010DB800000000ULL, 1};
  request.helo = std::string(text.substr(0, split));
  request.mail_from = request.helo + "@example.org";
  Echo resolver(record, request.client, mood);
  const rw::SpfVerdict verdict = rw::check_spf(resolver, request);
  for (const char c : verdict.explanation)
    if (c < 0x20 || c > 0x7E) std::abort();
  return 0;
}

// DKIM and ARC: no message and no key record may crash, hang or pass without a key. The input is key records, one a
// line, up to an empty line, and the message behind it.
// seeds: tests/mail/*.eml fuzz/seeds/dkim/*
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "mail/arc.h"
#include "mail/dkim.h"
#include "message/message.h"

namespace {

// Every name has the records of the input.
class EveryName : public rw::Resolver {
 public:
  explicit EveryName(std::string_view records) {
    while (!records.empty()) {
      const std::size_t end = std::min(records.find('\n'), records.size());
      rw::DnsRecord record;
      record.text = records.substr(0, end);
      record.strings = {record.text};
      reply_.records.push_back(record);
      records.remove_prefix(std::min(end + 1, records.size()));
    }
    reply_.state = reply_.records.empty() ? rw::DnsState::kAbsent : rw::DnsState::kPresent;
  }
  rw::DnsReply lookup(std::string_view, rw::DnsType) override { return reply_; }
  std::vector<rw::DnsReply> lookup(std::span<const rw::DnsQuestion> questions) override {
    return std::vector<rw::DnsReply>(questions.size(), reply_);
  }
  std::string description() const override { return "the input"; }

 private:
  rw::DnsReply reply_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t end = input.find("\n\n");
  const std::string_view records = end == std::string_view::npos ? "" : input.substr(0, end);
  const std::string_view bytes = end == std::string_view::npos ? input : input.substr(end + 2);
  EveryName resolver(records);
  const rw::Message message = rw::parse_message(bytes);
  const rw::Timestamp now = rw::Timestamp::from_seconds(1'700'000'000);
  for (const rw::DkimVerdict& verdict : rw::verify_dkim(resolver, message, now)) {
    if (verdict.result == rw::DkimResult::kPass && (records.empty() || verdict.key_bits == 0)) std::abort();
    if ((verdict.result == rw::DkimResult::kPass) != verdict.problem.empty()) std::abort();
  }
  const rw::ArcVerdict arc = rw::verify_arc(resolver, message, now);
  if (arc.result == rw::ArcResult::kPass && records.empty()) std::abort();
  (void)rw::parse_dkim_key(input);
  return 0;
}

// DMARC: records and domains from outside; no walk is longer than its bound, a usable record has a policy.
// seeds: fuzz/seeds/dmarc/*
#include <cstdint>
#include <cstdlib>
#include <string>

#include "mail/dmarc.h"

namespace {

// Gives the records of the input, one a line, to the questions in turn.
class Echo : public rw::Resolver {
 public:
  explicit Echo(std::string_view records) : records_(records) {}
  rw::DnsReply lookup(std::string_view name, rw::DnsType) override {
    if (name.size() > 70'000) std::abort();
    rw::DnsReply reply;
    const std::size_t end = std::min(records_.find('\n'), records_.size());
    const std::string_view line = records_.substr(0, end);
    records_.remove_prefix(end == records_.size() ? end : end + 1);
    if (line == "fail") return reply;
    reply.state = line.empty() ? rw::DnsState::kAbsent : rw::DnsState::kPresent;
    rw::DnsRecord record;
    record.text = std::string(line);
    if (!line.empty()) reply.records.push_back(record);
    return reply;
  }
  std::vector<rw::DnsReply> lookup(std::span<const rw::DnsQuestion> questions) override {
    std::vector<rw::DnsReply> replies;
    for (const rw::DnsQuestion& question : questions) replies.push_back(lookup(question.name, question.type));
    return replies;
  }
  std::string description() const override { return "fuzz"; }

 private:
  std::string_view records_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view author = text.substr(0, end);
  const std::string_view records = text.substr(std::min(text.size(), end + 1));
  for (const auto standard : {rw::DmarcStandard::kRfc7489, rw::DmarcStandard::kRfc9989}) {
    const rw::DmarcRecord record = rw::parse_dmarc(records, standard);
    if (record.error.empty() != record.p.has_value()) std::abort();
    Echo resolver(records);
    const rw::DmarcDiscovery found = rw::discover_dmarc(resolver, author, standard);
    if (found.asked.size() > rw::kMaxTreeWalk + 1) std::abort();
    if ((found.state == rw::DnsState::kPresent) && !found.record) std::abort();
    Echo again(records);
    rw::DmarcRequest request;
    request.from_domain = std::string(author);
    request.spf.result = rw::SpfResult::kPass;
    request.spf.domain = std::string(author.substr(author.size() / 3));
    request.dkim.resize(1);
    request.dkim[0].result = rw::DkimResult::kPass;
    request.dkim[0].domain = std::string(author.substr(author.size() / 2));
    (void)rw::evaluate_dmarc(again, request, standard);
  }
  return 0;
}

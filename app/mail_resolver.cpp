// The resolver of a mail command's line.
#include "mail_resolver.h"

namespace rw {
namespace flags {
extern constinit const Flag kResolver{
    .name = "resolver",
    .value = "ADDRESS[@PORT]",
    .doc = "ask this DNS server in place of those of /etc/resolv.conf; 'root' asks the authorities from the root",
    .repeatable = true};
extern constinit const Flag kZone{
    .name = "zone",
    .value = "FILE",
    .doc =
        "take all DNS answers from this zone file (RFC 1035), to try a change before it is published; names outside "
        "of the given zones cannot be answered",
    .repeatable = true};
extern constinit const Flag kTimeout{
    .name = "timeout", .value = "DURATION", .doc = "give a DNS question up after this time", .preset = "5s"};
extern constinit const Flag kNoValidation{.name = "no-dnssec",
                                          .doc = "do not validate DNSSEC, for a DNS server that strips signatures"};
}  // namespace flags

namespace {
constexpr Duration kLongestTimeout = Duration::seconds(300);  // longer is a typing error
}

Result<std::shared_ptr<Resolver>> make_resolver(const Arguments& args) {
  const std::vector<std::string>& files = args.all(flags::kZone);
  if (!files.empty()) {
    if (args.has(flags::kResolver)) return Failure(ErrorCode::kUsage, "'--zone' and '--resolver' exclude each other");
    auto zone = std::make_shared<ZoneResolver>();
    for (const std::string& file : files) RW_TRY(zone->read(file));
    return std::shared_ptr<Resolver>(std::move(zone));
  }
  UnboundOptions options;
  options.forwarders = args.all(flags::kResolver);
  if (options.forwarders == std::vector<std::string>{"root"}) {
    options.forwarders.clear();
    options.recursive = true;
  }
  options.validate = !args.has(flags::kNoValidation);
  RW_ASSIGN(options.timeout, args.duration(flags::kTimeout));
  if (options.timeout.us <= 0 || options.timeout > kLongestTimeout)
    return Failure(ErrorCode::kUsage, "'--timeout' must be over 0 and at most 5 min");
  RW_ASSIGN(auto unbound, make_unbound_resolver(options));
  return std::shared_ptr<Resolver>(make_caching_resolver(std::move(unbound)));
}

}  // namespace rw

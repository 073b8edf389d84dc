// Authenticated Received Chain (RFC 8617), verified: what earlier handlers of a message said of it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "mail/dkim.h"
#include "message/message.h"
#include "resolver/resolver.h"

namespace rw {

enum class ArcResult : std::uint8_t { kNone, kPass, kFail };
std::string_view to_string(ArcResult result);

struct ArcSet {
  unsigned instance = 0;
  std::string domain;  // of the seal
  std::string selector;
  std::string authentication_results;  // what this handler recorded, unfolded
};
struct ArcVerdict {
  ArcResult result = ArcResult::kNone;
  unsigned oldest_pass = 0;  // RFC 8617 5.2, 0: all
  std::vector<ArcSet> sets;  // by instance, as far as they could be read
  std::string problem;       // why it failed
};
ArcVerdict verify_arc(Resolver& resolver, const Message& message, Timestamp now, const DkimOptions& options = {});

}  // namespace rw

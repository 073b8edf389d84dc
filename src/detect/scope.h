// Whom a detector's questions are about: the organisation, each watched subject, or everybody where neither is
// configured; and how findings name their ends.
//
// What a watched space does is told for its prefixes and never for one address of it where it says something about
// persons (VPN, Tor, proxies): a range is not a person.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "detect/detector.h"
#include "store/query.h"

namespace rw {

struct Scope {
  const Subject* subject = nullptr;  // set: this watched space
  bool ours = false;                 // set: the organisation; neither: everybody
};

// The columns that hold a table's two ends and its time.
struct Ends {
  std::string_view client = "src";
  std::string_view server = "dst";
  std::string_view time = "start_time";
};

// The organisation first (where it has prefixes), then the subjects in their order; or everybody, alone.
std::vector<Scope> scopes_of(const DetectContext& context);

// Rows with either end in the scope.
ExprPtr scope_condition(const DetectContext& context, const Scope& scope, const Ends& ends = {});
// Rows whose `address` lies in the scope.
ExprPtr scope_address(const DetectContext& context, const Scope& scope, std::string_view address,
                      std::string_view time = "start_time");

// Two keys, "client" and "server": both ends, or for a watched space its prefix (whichever end lies in it) and "".
std::vector<Named> aggregate_keys(const Scope& scope, const Ends& ends = {});
// The same as entities of a finding.
std::vector<Entity> aggregate_entities(const Scope& scope, const std::string& client, const std::string& server);
// What the flows of such a finding are in the words of `rangewatch flows`.
std::string aggregate_filter(const Scope& scope, const std::string& client, const std::string& server);

// Entities of a finding that names addresses in every scope; `client_watched`: the client is the watched end.
std::vector<Entity> pair_entities(const Scope& scope, const std::string& client, const std::string& server,
                                  bool client_watched);

bool is_ours(const Organisation& organisation, const std::string& address);
// Inside any network: private, link-local, loopback, shared and unique local addresses.
bool is_internal(Ip ip);
// Where the organisation says what is its own, that; else the address ranges of private networks.
bool is_inside(const Organisation& organisation, const std::string& address);
// The ranges of is_internal.
const std::vector<Prefix>& internal_prefixes();

}  // namespace rw

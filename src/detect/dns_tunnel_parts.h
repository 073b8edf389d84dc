// Names of columns by which the answers about DNS tunnels are told apart: how many there are depends on the data.
#pragma once

#include <string_view>

namespace rw::dns_tunnel {

inline constexpr const char* kQueries = "queries";
inline constexpr const char* kNames = "names";
inline constexpr const char* kNameBytes = "name_bytes";
inline constexpr std::string_view kUniqueNameBytes = "unique_name_bytes";  // the window table
inline constexpr std::string_view kLowestName = "lowest_name";             // samples of names
inline constexpr std::string_view kDomainWindows = "domain_windows";       // baselines of clients

}  // namespace rw::dns_tunnel
